//! Lets one task after the other through, in the order in which they came.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use futures_channel::oneshot;

#[derive(Default)]
pub(super) struct Turnstile {
    busy: Cell<bool>,
    waiting: RefCell<VecDeque<oneshot::Sender<()>>>,
}

/// Dropping it lets the next one in.
pub(super) struct Turn<'a>(&'a Turnstile);

impl Turnstile {
    pub async fn enter(&self) -> Turn<'_> {
        if self.busy.replace(true) {
            let (sender, receiver) = oneshot::channel();
            self.waiting.borrow_mut().push_back(sender);
            // The sender is only ever dropped together with the turnstile.
            let _ = receiver.await;
        }
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Whoever has given up waiting is passed over.
        while let Some(next) = self.0.waiting.borrow_mut().pop_front() {
            if next.send(()).is_ok() {
                return;
            }
        }
        self.0.busy.set(false);
    }
}
