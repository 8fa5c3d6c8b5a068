//! The phase of an engine: a run belongs to the phase that it is in.

use super::run::Run;
use crate::protocol::RunState;

/// See the [module](self).
pub(super) enum Phase {
    /// No run is under way. The state is [`RunState::Idle`] or the outcome of the last run.
    Idle(RunState),
    Training(Run),
    Paused(Run),
    /// The images for the next step have not arrived.
    Waiting(Run),
    /// The device is gone, and the engine cannot be used any more.
    Dead,
}

impl Phase {
    /// Returns the run that is under way.
    pub fn run(&mut self) -> Option<&mut Run> {
        match self {
            Self::Training(run) | Self::Paused(run) | Self::Waiting(run) => Some(run),
            Self::Idle(_) | Self::Dead => None,
        }
    }

    pub fn has_run(&self) -> bool {
        matches!(self, Self::Training(_) | Self::Paused(_) | Self::Waiting(_))
    }

    pub fn is_training(&self) -> bool {
        matches!(self, Self::Training(_))
    }

    pub fn is_paused(&self) -> bool {
        matches!(self, Self::Paused(_))
    }

    pub fn is_dead(&self) -> bool {
        matches!(self, Self::Dead)
    }

    /// Pauses the run. Returns true if it was not paused before.
    pub fn pause(&mut self, now_ms: f64) -> bool {
        self.change(|phase| match phase {
            Self::Training(mut run) | Self::Waiting(mut run) => {
                run.halt(now_ms);
                (Self::Paused(run), true)
            }
            other => (other, false),
        })
    }

    /// Starts a run; within the paused one, if there is one.
    pub fn start(&mut self, run: Run) {
        self.change(|phase| match phase {
            Self::Paused(outer) => (Self::Training(run.within(outer)), ()),
            _ => (Self::Training(run), ()),
        });
    }

    /// Ends an inner run and goes back to the paused one. `None` if the run is no inner one.
    pub fn end_inner(&mut self) -> Option<Run> {
        self.change(|phase| match phase {
            Self::Training(mut run) | Self::Paused(mut run) | Self::Waiting(mut run) => match run.take_outer() {
                Some(outer) => (Self::Paused(outer), Some(run)),
                None => (Self::Paused(run), None),
            },
            other => (other, None),
        })
    }

    /// Resumes a paused run. Returns true if there was one.
    pub fn resume(&mut self, now_ms: f64) -> bool {
        self.change(|phase| match phase {
            Self::Paused(mut run) => {
                run.mark(now_ms);
                (Self::Training(run), true)
            }
            other => (other, false),
        })
    }

    /// Lets a run wait for images.
    pub fn wait(&mut self, now_ms: f64) {
        self.change(|phase| match phase {
            Self::Training(mut run) => {
                run.halt(now_ms);
                (Self::Waiting(run), ())
            }
            other => (other, ()),
        });
    }

    /// Lets a run that waits for images go on. Returns true if there was one.
    pub fn stop_waiting(&mut self, now_ms: f64) -> bool {
        self.change(|phase| match phase {
            Self::Waiting(mut run) => {
                run.mark(now_ms);
                (Self::Training(run), true)
            }
            other => (other, false),
        })
    }

    /// Takes the run out, and remembers its outcome.
    pub fn end(&mut self, outcome: RunState) -> Option<Run> {
        self.change(|phase| match phase {
            Self::Training(run) | Self::Paused(run) | Self::Waiting(run) => (Self::Idle(outcome), Some(run)),
            other => (other, None),
        })
    }

    /// Returns the state as the page knows it. `evaluates`: an evaluation has been requested.
    pub fn state(&mut self, evaluates: bool) -> Option<RunState> {
        match self {
            Self::Training(_) => Some(RunState::Training),
            Self::Paused(_) => Some(RunState::Paused),
            Self::Waiting(_) => Some(RunState::Waiting),
            Self::Idle(outcome) if evaluates => {
                // After the evaluation, the outcome of an earlier run is no longer shown.
                *outcome = RunState::Idle;
                Some(RunState::Evaluating)
            }
            Self::Idle(outcome) => Some(*outcome),
            Self::Dead => None,
        }
    }

    fn change<T>(&mut self, change: impl FnOnce(Self) -> (Self, T)) -> T {
        let (phase, result) = change(std::mem::replace(self, Self::Dead));
        *self = phase;
        result
    }
}
