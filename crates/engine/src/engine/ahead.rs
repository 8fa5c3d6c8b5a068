//! Kernels that a GPU compiles while nothing else is asked of it: after every edit, one after the other, with progress.

use super::{Engine, is_device_fault};
use crate::protocol::Event;

impl Engine {
    /// Whether it is time for the next kernel.
    pub(super) fn may_prepare(&self) -> bool {
        !self.compiles
            && !self.midway
            && !self.may_train()
            && !self.may_evaluate()
            && !self.has_deferred_work()
            && self.session.wants_preparation()
    }

    pub(super) fn prepare(&mut self) {
        match self.session.prepare() {
            Ok(Some((ready, total))) => {
                self.compiles = true;
                self.event(Event::Kernels { ready: ready as u32, total: total as u32 });
            }
            Err(error) if is_device_fault(&error) => self.die(error),
            // Whatever it is, it is told when training meets it.
            Ok(None) | Err(_) => {}
        }
    }
}
