//! Saving and restoring the whole experiment, and the pretrained weights that predict until the first training, edit or
//! API call.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::{Change, Client, report};
use chalkgrad_engine::checkpoint::{Checkpoint, Course};
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::{Answer, BackendInfo, Bulk, Command, ErrorReport, Event, ModelSummary};

/// The page's part of the experiment, beside the engine's.
#[derive(Default)]
pub(super) struct Keeping {
    course: RefCell<Course>,
    backend: RefCell<BackendInfo>,
    show: Cell<Show>,
}

/// State of the pretrained weights.
#[derive(Clone, Copy, PartialEq, Default)]
enum Show {
    /// They are not loaded yet, and nothing has begun.
    #[default]
    Possible,
    On,
    /// Training, an edit or an API call has begun.
    Over,
}

impl Keeping {
    /// Notes what an event tells.
    pub fn saw(&self, event: &Event, arrays: &[Bulk]) {
        match (event, arrays) {
            (Event::Batch(batch), [Bulk::F32(losses)]) => {
                self.course.borrow_mut().add_batches(batch.step, losses, batch.epoch_accuracy);
            }
            (Event::Epoch(epoch), _) => self.course.borrow_mut().add_epoch(epoch.clone()),
            _ => {}
        }
    }

    /// Notes what a command that succeeded changed.
    pub fn answered(&self, command: &Command, answer: &Answer) {
        match (command, answer) {
            (Command::SetModel { .. } | Command::Reset, _) => drop(self.course.take()),
            (_, Answer::Backend(backend)) => drop(self.backend.replace(backend.clone())),
            (_, Answer::Engine(engine)) => drop(self.backend.replace(engine.backend.clone())),
            _ => {}
        }
    }
}

impl Client {
    /// Calls `then` with all that a file holds, as of one step. Training goes on.
    pub fn save(&self, then: Box<dyn FnOnce(Result<Checkpoint, ErrorReport>)>) {
        let setup: Rc<RefCell<(Option<ModelSpec>, Option<TrainingConfig>)>> = Rc::default();
        let (model, training) = (setup.clone(), setup.clone());
        // Requests both at once, so that nothing comes in between.
        let keep_model = move |outcome| {
            if let Ok((Answer::Model(spec), _)) = outcome {
                model.borrow_mut().0 = Some(spec);
            }
        };
        let keep_training = move |outcome| {
            if let Ok((Answer::Training(config), _)) = outcome {
                training.borrow_mut().1 = Some(config);
            }
        };
        self.ask(Command::GetModel, Vec::new(), Box::new(keep_model));
        self.ask(Command::GetTraining, Vec::new(), Box::new(keep_training));
        let client = self.clone();
        let done = move |outcome: super::Outcome| {
            let checkpoint = outcome.and_then(|_| {
                let (model, training) = setup.take();
                client.checkpoint(model, training).ok_or_else(|| {
                    report("worker-restarted", "The engine was restarted while it was asked. Save once more.")
                })
            });
            then(checkpoint);
        };
        self.ask(Command::Snapshot, Vec::new(), Box::new(done));
    }

    /// Returns the last snapshot as a checkpoint.
    fn checkpoint(&self, model: Option<ModelSpec>, training: Option<TrainingConfig>) -> Option<Checkpoint> {
        let (snapshot, arrays) = self.inner.recovery.borrow().snapshot()?;
        let keeping = &self.inner.keeping;
        let mut course = keeping.course.borrow().clone();
        course.truncate(snapshot.step);
        let BackendInfo { backend, workers, .. } = keeping.backend.borrow().clone();
        let (model, training) = (model?, training?);
        Some(Checkpoint { model, training, snapshot, arrays, course, backend, workers, test_accuracy: None })
    }

    /// Goes to where a checkpoint was saved. A run ends. If it cannot be had, everything stays as it is.
    pub fn open(&self, checkpoint: Checkpoint, then: Box<dyn FnOnce(Result<ModelSummary, ErrorReport>)>) {
        let Checkpoint { model, training, snapshot, arrays, mut course, .. } = checkpoint;
        let arrays: Vec<Bulk> = arrays.into_iter().map(Bulk::F32).collect();
        let kept = arrays.clone();
        let command = Command::Open { model: model.clone(), training: training.clone(), snapshot: snapshot.clone() };
        let client = self.clone();
        let done = move |outcome: super::Outcome| match outcome {
            Ok((Answer::Summary(summary), _)) => {
                let inner = &client.inner;
                inner.recovery.borrow_mut().opened(&model, &training, &snapshot, kept);
                course.truncate(snapshot.step);
                inner.keeping.course.replace(course.clone());
                inner.changes.call(&Change::Model(model, summary.clone()));
                inner.changes.call(&Change::Training(training));
                inner
                    .changes
                    .call(&Change::Opened { course: Rc::new(course), batch_in_epoch: snapshot.batch_in_epoch });
                then(Ok(summary));
            }
            Ok(_) => then(Err(report("bad-message", "The engine answered with something else."))),
            Err(error) => then(Err(error)),
        };
        self.ask(command, arrays, Box::new(done));
    }

    /// Lets pretrained weights serve predictions, if nothing has begun yet.
    pub fn show_pretrained(&self, checkpoint: Checkpoint) {
        let show = &self.inner.keeping.show;
        if show.get() != Show::Possible {
            return;
        }
        show.set(Show::On);
        let Checkpoint { snapshot, arrays, test_accuracy, .. } = checkpoint;
        let client = self.clone();
        let done = move |outcome: super::Outcome| {
            let keeping = &client.inner.keeping;
            match outcome {
                Ok(_) if keeping.show.get() == Show::On => {
                    client.inner.changes.call(&Change::Pretrained(Some(test_accuracy.unwrap_or_default())));
                }
                Ok(_) => {}
                Err(_) => keeping.show.set(Show::Over),
            }
        };
        let command = Command::ShowPretrained { names: snapshot.names };
        self.ask(command, arrays.into_iter().map(Bulk::F32).collect(), Box::new(done));
    }

    /// Ends the use of pretrained weights; from here on the weights come from the seed.
    pub fn leave_pretrained(&self) {
        if self.inner.keeping.show.get() == Show::On {
            self.forget_pretrained();
            self.ask(Command::Reset, Vec::new(), Box::new(drop));
        }
        self.inner.keeping.show.set(Show::Over);
    }

    /// Forgets the pretrained weights, because the engine that showed them is gone.
    pub(super) fn forget_pretrained(&self) {
        if self.inner.keeping.show.replace(Show::Over) == Show::On {
            self.inner.changes.call(&Change::Pretrained(None));
        }
    }
}

/// Returns true if a command ends the use of pretrained weights.
pub(super) fn begins(command: &Command) -> bool {
    matches!(
        command,
        Command::Train { .. }
            | Command::SetModel { .. }
            | Command::SetTensor { .. }
            | Command::SetBackend { .. }
            | Command::Open { .. }
            | Command::Reset
    )
}
