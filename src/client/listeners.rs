//! Registered listeners.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

type Handler<T> = Rc<dyn Fn(&T)>;

/// Handlers and the numbers by which they are removed.
type Numbered<T> = Vec<(u32, Handler<T>)>;

/// Handlers of one kind of event, called in the order in which they came.
pub(super) struct Listeners<T> {
    handlers: Rc<RefCell<Numbered<T>>>,
    next_id: Cell<u32>,
}

impl<T> Default for Listeners<T> {
    fn default() -> Self {
        Self { handlers: Rc::default(), next_id: Cell::new(0) }
    }
}

impl<T: 'static> Listeners<T> {
    pub fn add(&self, handler: impl Fn(&T) + 'static) -> Subscription {
        let id = self.next_id.replace(self.next_id.get().wrapping_add(1));
        self.handlers.borrow_mut().push((id, Rc::new(handler)));
        let handlers = Rc::downgrade(&self.handlers);
        Subscription {
            cancel: Some(Box::new(move || {
                if let Some(handlers) = handlers.upgrade() {
                    // Taken out before it is dropped: what it holds may itself unsubscribe.
                    let position = handlers.borrow().iter().position(|(other, _)| *other == id);
                    let removed = position.map(|position| handlers.borrow_mut().remove(position));
                    drop(removed);
                }
            })),
        }
    }

    /// Calls every handler; a handler may subscribe and unsubscribe.
    pub fn call(&self, value: &T) {
        let handlers: Numbered<T> = self.handlers.borrow().clone();
        for (id, handler) in handlers {
            if self.handlers.borrow().iter().any(|(other, _)| *other == id) {
                handler(value);
            }
        }
    }
}

/// Keeps a handler subscribed; dropping it unsubscribes.
#[must_use = "dropping a subscription ends it"]
pub struct Subscription {
    cancel: Option<Box<dyn FnOnce()>>,
}

impl Subscription {
    /// Keeps the subscription for as long as the page lives.
    pub fn forever(mut self) {
        self.cancel = None;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(cancel) = self.cancel.take() {
            cancel();
        }
    }
}
