//! Contents of a chart: lines of the present run and of earlier ones, limits, and the values under the cross-hair.

use std::ops::Range;

use leptos::prelude::*;

use crate::ui::charts::axis::{Axis, Earlier, Scale, Unit, accuracy_axis, loss_axis};
use crate::ui::charts::export::{Body, Figure};
use crate::ui::charts::figure::{Caption, Legend};
use crate::ui::charts::plot::{Line, Palette, Plot, RUN_COLOURS, run_colour, shapes};
use crate::ui::charts::series::Sample;
use crate::ui::charts::shapes::Frame;
use crate::ui::features::curves::charted_history::{ChartedHistory, Quantity};
use crate::ui::features::runs::records::{RunRecord, Runs};
use crate::ui::format;
use crate::ui::state::State;
use crate::ui::text::{t, t_with};
use chalkgrad_engine::model::training::trained_samples;

/// A value under the cross-hair.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    /// Class of its sign.
    pub class: String,
    pub name: String,
    pub value: String,
}

/// Everything that a chart is made of.
struct Content<'a> {
    charted: &'a ChartedHistory,
    runs: &'a Runs,
    scale: Scale,
    unit: Unit,
    limits: Range<f64>,
}

/// Reads what the charts show.
fn with_content<R>(state: State, read: impl FnOnce(&Content<'_>) -> R) -> R {
    let view = state.curves;
    let unit = view.unit.get();
    let (epoch_steps, images_per_second) = state.run.batch().with(|batch| match batch {
        Some(batch) => (Some(batch.batches_per_epoch).filter(|steps| *steps > 0), Some(batch.images_per_second)),
        None => (None, None),
    });
    let batch_size = state.engine.training().with(|training| f64::from(training.batch_size.max(1)));
    let steps_per_second = images_per_second.map(|images| images / batch_size);
    state.charted().with(|charted| {
        state.runs.runs().with(|runs| {
            let scale = charted.scale(unit, epoch_steps, steps_per_second);
            let ends = runs.compared().map(|run| run_scale(run, unit).position(run.steps.into()));
            let end = ends.fold(scale.position(charted.steps().into()), f64::max);
            let end = if unit == Unit::Steps { end.max(10.0) } else { end };
            let all = 0.0..if end > 0.0 { end } else { 1.0 };
            let limits = view.zoom.get().filter(|zoom| zoom.start < all.end).unwrap_or(all);
            read(&Content { charted, runs, scale, unit, limits })
        })
    })
}

/// Returns the visible part of the horizontal axis.
pub fn visible(state: State) -> Range<f64> {
    with_content(state, |content| content.limits.clone())
}

/// Returns true if the axis of the loss is logarithmic.
pub fn is_log(state: State) -> bool {
    const COLUMNS: usize = 100;
    with_content(state, |content| axis(state, content, Quantity::Loss, COLUMNS).is_log)
}

/// Returns true if there is nothing to show.
pub fn is_empty(state: State) -> bool {
    state.charted().with(ChartedHistory::is_empty) && state.runs.runs().with(|runs| runs.compared().next().is_none())
}

/// Makes the plot of a quantity for a chart with about this number of columns of pixels.
pub fn plot(state: State, palette: &Palette, quantity: Quantity, columns: usize) -> Plot {
    let view = state.curves;
    with_content(state, |content| {
        let Content { charted, runs, scale, limits, .. } = content;
        let place = |samples: &[Sample]| -> Vec<(f64, f64)> {
            samples.iter().map(|sample| (scale.position(sample.step.into()), sample.value.into())).collect()
        };
        let line = |points, colour: &str| Line {
            points,
            colour: colour.to_owned(),
            width: 2.0,
            dashed_from: f64::INFINITY,
            has_dots: false,
            is_joined: true,
        };
        let mut lines: Vec<Line> = runs
            .compared()
            .map(|run| {
                let scale = run_scale(run, content.unit);
                let samples = run.series.training(quantity).iter();
                let points = samples.map(|sample| (scale.position(sample.step.into()), sample.value.into()));
                Line { width: 1.5, ..line(points.collect(), palette.of_run(run.number)) }
            })
            .collect();
        let steps = content.steps();
        let smooth = line(place(&charted.smooth(quantity, steps.clone(), columns)), &palette.train);
        let unsettled = charted.steps().saturating_sub(charted.reach());
        let dashed_from = if charted.reach() > 0 { scale.position(unsettled.into()) } else { f64::INFINITY };
        lines.push(Line { dashed_from, ..smooth });
        let means = line(place(&charted.epoch_means(quantity)), &palette.train);
        lines.push(Line { has_dots: true, is_joined: false, ..means });
        let validation = line(place(&charted.validation(quantity)), &palette.validation);
        lines.push(Line { has_dots: true, ..validation });
        let raw = charted
            .ranges(quantity, steps, columns)
            .into_iter()
            .map(|(step, range)| (scale.position(step.into()), f64::from(range.start)..f64::from(range.end)));
        let y_axis = axis(state, content, quantity, columns);
        let mark = |(step, epoch): (u32, u32)| {
            (scale.position(step.into()), t_with("epoch_mark", &[("epoch", &epoch.to_string())]))
        };
        Plot {
            x_limits: limits.clone(),
            is_percent: quantity == Quantity::Accuracy,
            x_name: t(unit_name(content.unit)),
            y_name: t(match (quantity, y_axis.is_log) {
                (Quantity::Loss, true) => "axis_log_loss",
                (Quantity::Loss, false) => "axis_loss",
                (Quantity::Accuracy, _) => "axis_accuracy",
            }),
            y_axis,
            marks: charted.epoch_ends().into_iter().map(mark).collect(),
            raw: raw.collect(),
            raw_colour: palette.train.clone(),
            lines,
            cursor: view.cursor.get(),
            brush: view.brush.get(),
        }
    })
}

impl Content<'_> {
    /// Returns the visible steps of the present run.
    fn steps(&self) -> Range<u32> {
        visible_steps(&self.scale, &self.limits)
    }
}

fn visible_steps(scale: &Scale, limits: &Range<f64>) -> Range<u32> {
    let [from, to] = [limits.start, limits.end].map(|position| scale.step(position).max(0.0));
    from.floor() as u32..(to.ceil() as u32).saturating_add(1)
}

/// Chooses the vertical axis from the visible values.
fn axis(state: State, content: &Content<'_>, quantity: Quantity, columns: usize) -> Axis {
    let Content { charted, runs, .. } = content;
    let values = |samples: &[Sample], steps: &Range<u32>| -> Vec<f32> {
        samples.iter().filter(|sample| steps.contains(&sample.step)).map(|sample| sample.value).collect()
    };
    let steps = content.steps();
    let mut own: Vec<f32> =
        charted.smooth(quantity, steps.clone(), columns).into_iter().map(|sample| sample.value).collect();
    own.extend(values(&charted.validation(quantity), &steps));
    own.extend(values(&charted.epoch_means(quantity), &steps));
    let earlier = runs.compared().map(|run| {
        let samples = run.series.training(quantity);
        let steps = visible_steps(&run_scale(run, content.unit), &content.limits);
        let start = run.start().unwrap_or_default();
        Earlier { start, values: values(samples, &steps) }
    });
    match quantity {
        Quantity::Loss => loss_axis(&own, &earlier.collect::<Vec<_>>(), state.curves.is_log.get()),
        Quantity::Accuracy => accuracy_axis(own.into_iter().chain(earlier.flat_map(|run| run.values))),
    }
}

/// Places the steps of an earlier run on the axis.
fn run_scale(run: &RunRecord, unit: Unit) -> Scale {
    match unit {
        Unit::Steps => Scale::steps(),
        Unit::Epochs => {
            let images = trained_samples(&run.training, run.training.train_samples as usize) as f64;
            let batches = (images / f64::from(run.training.batch_size.max(1))).ceil().max(1.0);
            Scale::new([], Some(1.0 / batches))
        }
        Unit::Seconds => Scale::new([], Some(run.seconds / f64::from(run.steps.max(1)))),
    }
}

pub fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Steps => "axis_steps",
        Unit::Epochs => "axis_epochs",
        Unit::Seconds => "axis_seconds",
    }
}

/// Returns the name of a run: its own, or its number.
pub fn run_name(run: &RunRecord) -> String {
    let number = t_with("run_number", &[("number", &run.number.to_string())]);
    if run.name.is_empty() { number } else { format!("{number} ({})", run.name) }
}

fn value_text(quantity: Quantity, value: f32) -> String {
    match quantity {
        Quantity::Loss => format::loss(value),
        Quantity::Accuracy => format::percent(value, 1),
    }
}

/// Returns the position of the cross-hair, and the values of all curves there; without one, those of the last step.
pub fn readings(state: State, quantity: Quantity) -> (String, Vec<Reading>) {
    let cursor = state.curves.cursor.get();
    with_content(state, |content| {
        let Content { charted, runs, scale, unit, .. } = content;
        let step = cursor.map_or(charted.steps(), |position| scale.step(position).round().max(1.0) as u32);
        let step = step.min(charted.steps());
        let reading = |class: &str, name, value: f32| Reading {
            class: format!("legend-line {class}"),
            name,
            value: value_text(quantity, value),
        };
        let mut all = Vec::new();
        if let Some((value, smooth)) = charted.at(quantity, step) {
            all.push(reading(
                "legend-train",
                t(if charted.reach() > 0 { "training_smoothed" } else { "training_images" }),
                smooth,
            ));
            if charted.reach() > 0 && value.is_finite() {
                all.push(reading("legend-raw", t("this_batch"), value));
            }
        }
        let last = |samples: Vec<Sample>| samples.into_iter().rfind(|sample| sample.step <= step);
        if let Some(mean) = last(charted.epoch_means(quantity)) {
            all.push(reading("legend-mean", t("epoch_mean"), mean.value));
        }
        if let Some(validated) = last(charted.validation(quantity)) {
            all.push(reading("legend-validation", t("validation_images"), validated.value));
        }
        for run in runs.compared() {
            let scale = run_scale(run, *unit);
            let position = cursor.unwrap_or_else(|| scale.position(run.steps.into()));
            let step = scale.step(position).round().max(1.0) as u32;
            let samples = run.series.training(quantity);
            let nearest = samples.iter().min_by_key(|sample| sample.step.abs_diff(step));
            if let Some(sample) = nearest.filter(|_| step <= run.steps) {
                all.push(reading(&format!("run-colour-{}", run_colour(run.number)), run_name(run), sample.value));
            }
        }
        let position = match cursor {
            Some(_) if step > 0 => t_with("chart_step", &[("step", &format::count(step as usize))]),
            _ => String::new(),
        };
        (position, all)
    })
}

/// Describes a chart in a sentence.
pub fn summary(charted: &ChartedHistory, quantity: Quantity) -> String {
    if charted.is_empty() {
        return t("no_curve_yet");
    }
    let smooth =
        |step| charted.at(quantity, step).map_or_else(|| "–".to_owned(), |(_, smooth)| value_text(quantity, smooth));
    let name = t(if quantity == Quantity::Loss { "loss" } else { "accuracy" });
    let (steps, first, last) = (format::count(charted.steps() as usize), smooth(1), smooth(charted.steps()));
    let text = t_with("chart_summary", &[("name", &name), ("steps", &steps), ("first", &first), ("last", &last)]);
    match charted.validation(quantity).last() {
        Some(sample) => {
            let value = value_text(quantity, sample.value);
            format!("{text} {}", t_with("chart_validation", &[("value", &value)]))
        }
        None => text,
    }
}

/// Reads the colours of the charts from the style sheet.
pub fn read_palette() -> Option<Palette> {
    let style = window().get_computed_style(&document().document_element()?).ok().flatten()?;
    let colour = |name: &str| style.get_property_value(name).ok().map(|value| value.trim().to_owned());
    Some(Palette {
        text: colour("--ink-soft")?,
        grid: colour("--line")?,
        train: colour("--series-train")?,
        validation: colour("--series-validation")?,
        ground: colour("--surface")?,
        runs: (1..=RUN_COLOURS).filter_map(|number| colour(&format!("--run-{number}"))).collect(),
    })
}

/// Makes the picture of both charts for a file.
pub fn exported(state: State) -> Option<Figure> {
    const SIZE: [f64; 2] = [560.0, 340.0];
    const GAP: f64 = 20.0;
    let palette = read_palette()?;
    if is_empty(state) {
        return None;
    }
    let [width, height] = SIZE;
    let mut all = Vec::new();
    for (quantity, left) in [(Quantity::Loss, 0.0), (Quantity::Accuracy, width + GAP)] {
        let mut plot = plot(state, &palette, quantity, width as usize);
        (plot.cursor, plot.brush) = (None, None);
        all.extend(shapes(&plot, &palette, Frame { left, top: 0.0, width, height }));
    }
    let mut names = vec![(palette.train.clone(), t("training_legend"))];
    if state.charted().with(|charted| !charted.validation(Quantity::Loss).is_empty()) {
        names.push((palette.validation.clone(), t("validation_images")));
    }
    state.runs.runs().with(|runs| {
        names.extend(runs.compared().map(|run| (palette.of_run(run.number).to_owned(), run_name(run))));
    });
    Some(Figure {
        name: "chalkgrad-curves".to_owned(),
        caption: Caption {
            title: t("curves_title"),
            legend: Legend::Names(names),
            configuration: state.configuration_line(),
            is_dark: state.screen.is_dark().get(),
        },
        body: Body::Shapes { shapes: all, size: [2.0 * width + GAP, height] },
    })
}
