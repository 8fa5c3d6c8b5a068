//! Metrics: numbers that tell people how good a model is. One file each.
//!
//! A metric is a function of sums over samples, so that batches and the shards of workers only have to be added up.

mod accuracy;
mod auc;
mod f1;
mod mean_absolute_error;
mod precision;
mod recall;

use serde::{Deserialize, Serialize};

use super::losses::TargetNode;
use crate::data::schema::Target;
use crate::error::{Result, SettingError, SettingRule};
use crate::ir::{Graph, NodeId};
use crate::model::settings::nearest;

/// A metric.
pub trait Metric: Sync {
    /// Returns the name in `metrics`, as Keras has it.
    fn name(&self) -> &'static str;

    /// Returns true if the metric tells something about this kind of target.
    fn takes(&self, target: &Target) -> bool;

    fn basis(&self) -> Basis;

    /// Appends the metric's sums over the samples of weight above 0, if its basis is [`Basis::Sums`].
    ///
    /// # Errors
    /// If the shapes do not fit.
    fn append(&self, graph: &mut Graph, batch: &Batch<'_>) -> Result<NodeId> {
        let _ = graph;
        Ok(batch.output)
    }

    /// Returns the metric from the sums of its basis, over `samples` samples.
    fn value(&self, sums: &Sums<'_>) -> f64;
}

/// The sums that a metric is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Basis {
    /// The confusion matrix.
    Confusion,
    /// Sums of its own, this many.
    Sums(usize),
}

/// A batch in a graph, for metrics with sums of their own.
pub struct Batch<'a> {
    /// `[N, output shape]`
    pub output: NodeId,
    pub target: TargetNode<'a>,
    /// `[N]`; 0 for padding.
    pub sample_weight: NodeId,
}

/// Sums over samples.
pub enum Sums<'a> {
    Confusion(&'a Confusion),
    Own { sums: &'a [f64], samples: f64 },
}

/// Numbers of samples by true and by predicted class.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Confusion {
    /// `[classes, outputs]`: a classifier may have more outputs than the data set has classes.
    counts: Vec<f64>,
    outputs: usize,
    /// Samples of each class, those without an answer included.
    support: Vec<f64>,
}

/// Precision, recall and F1 of one class.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct ClassScores {
    /// Samples of the class.
    pub support: f64,
    /// The share of right answers among those that name the class; 0 if none does.
    pub precision: f64,
    /// The share of the class's samples that are recognised; 0 without samples.
    pub recall: f64,
    /// The harmonic mean of both; 0 if both are 0.
    pub f1: f64,
}

/// Name of the accuracy, which is measured for all classes.
pub const ACCURACY: &str = "accuracy";

/// Every metric, in the order of menus. To add one, write its file under `metrics/` and add its line here.
pub static METRICS: &[&dyn Metric] = &[
    &accuracy::Accuracy,
    &mean_absolute_error::MeanAbsoluteError,
    &precision::Precision,
    &recall::Recall,
    &f1::F1,
    &auc::Auc,
];

/// Returns the metrics of these names; without names, the usual one for the target.
///
/// # Errors
/// `bad-setting` for a name that does not exist, naming the nearest, and for a metric of another kind of target.
pub fn chosen(names: Option<&[String]>, target: &Target) -> Result<Vec<&'static dyn Metric>> {
    let fitting = || METRICS.iter().copied().filter(|metric| metric.takes(target));
    let Some(names) = names else { return Ok(fitting().take(1).collect()) };
    let mut found: Vec<&'static dyn Metric> = Vec::new();
    for name in names {
        let metric = find(name)?;
        if !metric.takes(target) {
            let fitting = fitting().map(Metric::name).collect();
            return Err(SettingError::MetricNotForTarget { metric: name.clone(), fitting }.into());
        }
        if found.iter().all(|other| other.name() != metric.name()) {
            found.push(metric);
        }
    }
    Ok(found)
}

/// Finds a metric by its name.
///
/// # Errors
/// `bad-setting`, naming the nearest known one.
pub fn find(name: &str) -> Result<&'static dyn Metric> {
    let known = || METRICS.iter().map(|metric| metric.name());
    METRICS.iter().copied().find(|metric| metric.name() == name).ok_or_else(|| {
        let (setting, rule) = ("metrics".to_owned(), SettingRule::OneOf { words: known().collect() });
        let value = format!("\"{}\"", name.chars().take(64).collect::<String>());
        match nearest(name, known()) {
            Some(nearest) => SettingError::MisspeltChoice { setting, value, nearest: nearest.to_owned(), rule },
            None => SettingError::BadSetting { setting, value, rule },
        }
        .into()
    })
}

impl Confusion {
    /// Makes an empty matrix.
    pub fn new(classes: usize, outputs: usize) -> Self {
        Self { counts: vec![0.0; classes * outputs], outputs, support: vec![0.0; classes] }
    }

    /// Makes a matrix of its counts `[classes, outputs]` and supports `[classes]`, one after the other.
    pub fn from_sums(sums: &[f64], classes: usize, outputs: usize) -> Self {
        let (counts, support) = sums.split_at((classes * outputs).min(sums.len()));
        Self { counts: counts.to_vec(), outputs, support: support.to_vec() }
    }

    /// Counts a sample; `None` stands for no answer.
    pub fn count(&mut self, class: usize, predicted: Option<usize>) {
        let Some(support) = self.support.get_mut(class) else { return };
        *support += 1.0;
        if let Some(predicted) = predicted.filter(|predicted| *predicted < self.outputs) {
            self.counts[class * self.outputs + predicted] += 1.0;
        }
    }

    pub fn samples(&self) -> f64 {
        self.support.iter().sum()
    }

    /// Returns the number of right answers.
    pub fn correct(&self) -> f64 {
        (0..self.support.len()).map(|class| self.counts.get(class * self.outputs + class).unwrap_or(&0.0)).sum()
    }

    /// Returns the scores of each class, as scikit-learn's `precision_recall_fscore_support` does.
    pub fn class_scores(&self) -> Vec<ClassScores> {
        let share = |part: f64, all: f64| if all > 0.0 { part / all } else { 0.0 };
        let scores = |(class, support): (usize, &f64)| {
            let right = self.counts.get(class * self.outputs + class).copied().unwrap_or_default();
            let named: f64 = self.counts.iter().skip(class).step_by(self.outputs.max(1)).sum();
            let (precision, recall) = (share(right, named), share(right, *support));
            let f1 = share(2.0 * right, named + support);
            (named, ClassScores { support: *support, precision, recall, f1 })
        };
        self.support.iter().enumerate().map(|at| scores(at).1).collect()
    }

    /// Returns the mean over the classes that occur, as truth or as answer.
    fn macro_mean(&self, read: impl Fn(&ClassScores) -> f64) -> f64 {
        let scores = self.class_scores();
        let named =
            |class: usize| self.counts.iter().skip(class).step_by(self.outputs.max(1)).any(|count| *count > 0.0);
        let occurring: Vec<f64> = scores
            .iter()
            .enumerate()
            .filter(|(class, scores)| scores.support > 0.0 || named(*class))
            .map(|(_, scores)| read(scores))
            .collect();
        occurring.iter().sum::<f64>() / occurring.len().max(1) as f64
    }
}

/// Returns the confusion matrix of sums that are one.
fn confusion<'a>(sums: &'a Sums<'_>) -> Option<&'a Confusion> {
    match sums {
        Sums::Confusion(confusion) => Some(confusion),
        Sums::Own { .. } => None,
    }
}
