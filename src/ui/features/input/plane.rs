//! The plane of a data set with two features: the answers of the network everywhere, live while it trains, under the examples.

use chalkgrad_engine::data::Target;
use chalkgrad_engine::protocol::MODEL_OUTPUT;
use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use leptos_use::use_element_size;

use crate::ui::charts::canvas::{draw, pixel_ratio};
use crate::ui::charts::palette::{ColourScale, Mapping, class_colour, limit};
use crate::ui::charts::plane::{PlaneChart, PlaneColours, Window, css};
use crate::ui::features::inspector::legend::ScaleBar;
use crate::ui::features::inspector::watch::Sight;
use crate::ui::features::inspector::watching::use_tensors_of;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};

/// Outputs over the plane, and the number of them for each place.
type Answers = (Vec<f32>, usize);

/// Plane with the answers of the network and examples of the training part.
#[component]
pub fn Plane() -> impl IntoView {
    let state = use_state();
    let (place, canvas) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let marks = state.plane.marks();
    let answers = RwSignal::new(Answers::default());
    use_tensors_of(Sight::Plane, vec![MODEL_OUTPUT.to_owned()], place, move |tensors| {
        let width = tensors[0].shape.iter().skip(1).product();
        answers.try_set((tensors[0].values.clone(), width));
    });
    let classes = Memo::new(move |_| state.classes());
    let scale = Memo::new(move |_| {
        let limit = match classes.get() {
            0 => marks.with(|marks| limit(&marks.iter().map(|mark| mark.target).collect::<Vec<_>>(), false)),
            _ => 1.0,
        };
        ColourScale { limit, mapping: Mapping::Linear, is_dark: state.screen.is_dark().get(), has_caps: false }
    });
    let colours = Memo::new(move |_| match classes.get() {
        0 => PlaneColours::Value(scale.get()),
        1 | 2 => PlaneColours::TwoClasses(scale.get()),
        _ => PlaneColours::Classes { is_dark: state.screen.is_dark().get() },
    });
    let width = use_element_size(place).width;
    let here = Memo::new(move |_| state.input.row().with(|row| row.as_ref()?.values.first_chunk::<2>().copied()));
    Effect::new(move |_| {
        let (size, colours, here) = (width.get(), colours.get(), here.get());
        let Some(canvas) = canvas.get() else { return };
        answers.with(|(answers, width)| {
            marks.with(|marks| {
                if size < 80.0 || marks.is_empty() {
                    return;
                }
                let window = Window::around(marks);
                let chart = PlaneChart { window, answers, width: *width, marks, here, colours, size };
                draw(&canvas, [size, size], pixel_ratio(&canvas), &chart.shapes(), None);
            });
        });
    });
    let legend = move || match state.task_target() {
        Target::Class { names } if names.len() > 2 => t("plane_many_classes"),
        Target::Class { .. } => {
            let [first, second] = [0, 1].map(|class| state.class_name(class));
            t_with("plane_classes", &[("first", &first), ("second", &second)])
        }
        Target::Values { names } => t_with("plane_values", &[("name", names.first().map_or("", String::as_str))]),
        Target::Input => String::new(),
    };
    view! {
        <figure class="plane">
            <div class="plane-place" node_ref=place>
                <canvas role="img" aria-label=move || t("plane") node_ref=canvas width="0" height="0"></canvas>
            </div>
            <Show when=move || { classes.get() > 2 } fallback=move || view! { <ScaleBar scale /> }>
                <ClassColours />
            </Show>
            <figcaption class="help">{legend}</figcaption>
        </figure>
    }
}

/// List of the classes with their colours.
#[component]
fn ClassColours() -> impl IntoView {
    let state = use_state();
    let class = move |class: usize| {
        let colour = move || css(class_colour(class, 1.0, state.screen.is_dark().get()));
        view! {
            <li>
                <span class="class-swatch" style:background-color=colour></span>
                {move || state.class_name(class)}
            </li>
        }
    };
    view! { <ul class="class-colours">{move || (0..state.classes()).map(class).collect_view()}</ul> }
}
