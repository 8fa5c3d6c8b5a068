//! The check of one gradient by finite differences: the loss of the last step's batch with a weight a little larger and a little
//! smaller, everything else as it was in that step.

use super::Session;
use super::graphs::{self, gradient_name};
use super::plans::{LoadedPlan, PlanKey};
use super::record_graphs::BEFORE;
use crate::backend::RunStatus;
use crate::error::{Result, SessionError};
use crate::protocol::GradientCheck;
use crate::tensor::HostTensor;

/// The change of the weight, a power of two, so that most weights take it without rounding. A larger one would bend the line
/// between both losses, with a smaller one their difference would drown in rounding.
const CHANGE: f32 = 1.0 / 128.0;

/// The rounding of a loss that is a sum of `f32`s, as a multiple of the distance to the next number.
const ROUNDING: f64 = 4.0;

/// A check that is under way.
pub(super) struct Check {
    parameter: String,
    index: usize,
    /// The weights before the step.
    weights: HostTensor,
    /// The sums of the losses over the shards, with the larger weight and with the smaller one.
    losses: [f64; 2],
    /// Runs that are done: all shards with the larger weight, then all with the smaller one.
    done: usize,
    running: Option<LoadedPlan>,
}

impl Check {
    /// Returns the weight with which a run goes.
    fn weight(&self, is_larger: bool) -> f32 {
        let before = self.weights.words().get(self.index).copied().unwrap_or_default();
        if is_larger { before + CHANGE } else { before - CHANGE }
    }
}

impl Session {
    /// Computes both losses until `has_time` says no; true once [`Session::gradient_check`] can return the result. Call it again
    /// otherwise, when woken if the backend works by itself.
    ///
    /// # Errors
    /// `no-value-yet` if the last step has not been recorded; `unknown-tensor` if there is no such number of a trained weight;
    /// `too-large` if memory does not suffice; those of the backend.
    pub fn prepare_gradient_check(
        &mut self,
        parameter: &str,
        index: usize,
        has_time: &mut dyn FnMut() -> bool,
    ) -> Result<bool> {
        if !self.has_record() {
            return Err(SessionError::NotRecorded.into());
        }
        let names = [format!("{BEFORE}{parameter}"), gradient_name(parameter)];
        let is_other = self.check.as_ref().is_none_or(|check| check.parameter != parameter || check.index != index);
        if is_other {
            self.end_gradient_check();
            if !self.compute_record(has_time)? || !self.fetch_last_step(&names)? {
                return Ok(false);
            }
            let is_there = self
                .model
                .parameters()
                .any(|(name, weight)| name == parameter && index < weight.shape.iter().product::<usize>());
            if !is_there {
                return Err(SessionError::UnknownTensor { name: parameter.to_owned() }.into());
            }
            let weights = self.last_step(&names[..1])?.remove(0);
            let parameter = parameter.to_owned();
            self.check = Some(Check { parameter, index, weights, losses: [0.0; 2], done: 0, running: None });
        }
        let result = self.run_check(has_time);
        match result {
            Ok(false) => return Ok(false),
            Ok(true) => {}
            Err(error) => {
                self.end_gradient_check();
                return Err(error);
            }
        }
        // The gradient itself, whose plan has been used.
        Ok(self.compute_record(has_time)? && self.fetch_last_step(&names[1..])?)
    }

    /// Runs what is left of the check; the weights are then as they were.
    fn run_check(&mut self, has_time: &mut dyn FnMut() -> bool) -> Result<bool> {
        let Self { model, executor, feeder, check: Some(check), .. } = self else { return Ok(true) };
        let Some(shards) = executor.retained.record.as_ref().map(|record| record.shards()) else { return Ok(true) };
        while check.done < 2 * shards {
            let (shard, is_larger) = (check.done % shards, check.done < shards);
            let loaded = match check.running.take() {
                Some(loaded) => loaded,
                None => {
                    let Some(record) = &mut executor.retained.record else { return Ok(true) };
                    record.forget_tensors();
                    let task = record.task(shard);
                    let mut weights = check.weights.clone();
                    if let Some(word) = weights.words_mut().get_mut(check.index) {
                        *word = check.weight(is_larger);
                    }
                    executor.backend.write_state(&format!("{BEFORE}{}", check.parameter), &weights);
                    task.begin(PlanKey::Record, model, executor, &feeder.dataset)?
                }
            };
            if executor.backend.run(loaded.handle, has_time)? == RunStatus::Unfinished {
                check.running = Some(loaded);
                return Ok(false);
            }
            check.losses[usize::from(!is_larger)] += f64::from(executor.read_scalar(&loaded, graphs::LOSS)?);
            check.done += 1;
            if check.done == 2 * shards {
                executor.backend.write_state(&format!("{BEFORE}{}", check.parameter), &check.weights);
            }
        }
        Ok(true)
    }

    /// Gives up a check that is under way.
    pub(super) fn end_gradient_check(&mut self) {
        let Some(check) = self.check.take() else { return };
        if let Some(loaded) = check.running {
            self.executor.backend.cancel(loaded.handle);
        }
        if self.executor.retained.record.is_some() {
            self.executor.backend.write_state(&format!("{BEFORE}{}", check.parameter), &check.weights);
        }
    }

    /// Returns the result of the check, after [`Session::prepare_gradient_check`].
    ///
    /// # Errors
    /// `no-value-yet` if there is none; those of the backend.
    pub fn gradient_check(&mut self) -> Result<GradientCheck> {
        let check = self.check.take().ok_or(SessionError::NotRecorded)?;
        let gradient = self.last_step(&[gradient_name(&check.parameter)])?.remove(0);
        let [larger, smaller] = [true, false].map(|is_larger| f64::from(check.weight(is_larger)));
        let change = larger - smaller;
        let ulp = f64::from(f32::EPSILON) * check.losses[0].abs().max(check.losses[1].abs());
        Ok(GradientCheck {
            analytic: gradient.words().get(check.index).copied().unwrap_or(f32::NAN),
            numeric: ((check.losses[0] - check.losses[1]) / change) as f32,
            weights: [larger as f32, smaller as f32],
            losses: check.losses.map(|loss| loss as f32),
            rounding: (ROUNDING * ulp / change) as f32,
        })
    }
}
