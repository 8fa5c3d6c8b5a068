//! Compiles GPU kernels in the background while nothing else is requested: after every edit, one by one, with progress.

use super::{Engine, is_device_fault};
use crate::protocol::Event;

impl Engine {
    /// Returns true if it is time for the next kernel.
    pub(super) fn may_precompile(&self) -> bool {
        !self.compiles
            && !self.session.is_midway()
            && !self.may_train()
            && !self.may_evaluate()
            && !self.has_deferred_work()
            && self.session.wants_precompile()
    }

    pub(super) fn precompile(&mut self) {
        match self.session.precompile() {
            Ok(Some((ready, total))) => {
                self.compiles = true;
                self.event(Event::Kernels { ready: ready as u32, total: total as u32 });
            }
            Err(error) if is_device_fault(&error) => self.die(error),
            // Training will meet the same fault and report it.
            Ok(None) | Err(_) => {}
        }
    }
}
