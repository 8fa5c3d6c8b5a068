//! Rules that end a run before its epochs are over.

use crate::model::spec::TrainingConfig;
use crate::protocol::{EpochReport, StopRule};

/// State of the stop rules of a configuration during a run. It starts from scratch with every run, as Keras's callbacks do
/// with every `fit`.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct EarlyStopping {
    lowest_val_loss: Option<f32>,
    /// Epochs since the lowest loss.
    worse_epochs: u32,
}

impl EarlyStopping {
    /// Counts an epoch, and returns the rule that ends the run with it.
    ///
    /// The target is for the accuracy on the validation images or, where none are held back, the training images. The
    /// patience is Keras's `EarlyStopping(monitor="val_loss")`.
    pub fn epoch(&mut self, config: &TrainingConfig, report: &EpochReport) -> Option<StopRule> {
        if let Some(loss) = report.val_loss {
            if self.lowest_val_loss.is_none_or(|lowest| loss < lowest) {
                (self.lowest_val_loss, self.worse_epochs) = (Some(loss), 0);
            } else {
                self.worse_epochs += 1;
            }
        }
        let accuracy = f64::from(report.val_accuracy.unwrap_or(report.accuracy));
        // Accuracies are shares of a count in single precision, targets are typed in decimals.
        if config.target_accuracy.is_some_and(|target| accuracy >= target - 1e-7) {
            return Some(StopRule::TargetAccuracy);
        }
        let is_out_of_patience = config.patience.is_some_and(|patience| self.worse_epochs >= patience);
        is_out_of_patience.then_some(StopRule::Patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(accuracy: f32, validation: Option<(f32, f32)>) -> EpochReport {
        EpochReport {
            accuracy,
            val_loss: validation.map(|(loss, _)| loss),
            val_accuracy: validation.map(|(_, accuracy)| accuracy),
            ..EpochReport::default()
        }
    }

    fn run(config: &TrainingConfig, epochs: &[EpochReport]) -> Vec<Option<StopRule>> {
        let mut early_stopping = EarlyStopping::default();
        epochs.iter().map(|report| early_stopping.epoch(config, report)).collect()
    }

    #[test]
    fn without_rules_nothing_stops() {
        let config = TrainingConfig::default();
        assert_eq!(run(&config, &[epoch(1.0, Some((1.0, 1.0))), epoch(1.0, Some((2.0, 1.0)))]), [None, None]);
    }

    #[test]
    fn the_target_is_for_validation_where_there_is_one() {
        let config = TrainingConfig { target_accuracy: Some(0.9), ..TrainingConfig::default() };
        let stopped = Some(StopRule::TargetAccuracy);
        assert_eq!(run(&config, &[epoch(0.89, None), epoch(0.9, None)]), [None, stopped]);
        let validated = [epoch(0.95, Some((0.3, 0.85))), epoch(0.8, Some((0.3, 0.91)))];
        assert_eq!(run(&config, &validated), [None, stopped]);
    }

    #[test]
    fn patience_counts_epochs_in_a_row() {
        let config = TrainingConfig { patience: Some(2), ..TrainingConfig::default() };
        let losses = [0.5, 0.6, 0.4, 0.4, 0.45];
        let epochs = losses.map(|loss| epoch(0.5, Some((loss, 0.5))));
        assert_eq!(run(&config, &epochs), [None, None, None, None, Some(StopRule::Patience)]);
        let is_no_number = [f32::NAN, f32::NAN, f32::NAN].map(|loss| epoch(0.5, Some((loss, 0.5))));
        assert_eq!(run(&config, &is_no_number)[1..], [None, Some(StopRule::Patience)]);
        assert_eq!(run(&config, &[epoch(0.5, None), epoch(0.4, None), epoch(0.3, None)]), [None, None, None]);
    }
}
