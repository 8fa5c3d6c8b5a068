//! Values that views follow.

use std::cell::RefCell;

use leptos::reactive::signal::ArcTrigger;
use leptos::reactive::traits::{Notify, Track};

/// A value, and those who want to know when it changes.
///
/// Reactive value, like Leptos's signals but compiled to less code: only a cell depends on the value's type. A write
/// does not run the views at once; they run when the current task is over.
pub struct Live<T> {
    value: RefCell<T>,
    changed: ArcTrigger,
}

impl<T> Live<T> {
    pub fn new(value: T) -> Self {
        Self { value: RefCell::new(value), changed: ArcTrigger::new() }
    }

    /// Runs the surrounding view again when the value changes.
    pub fn track(&self) {
        self.changed.track();
    }

    /// Reads the value, which the surrounding view then follows. `read` must not write it.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.track();
        read(&self.value.borrow())
    }

    /// Reads like [`Self::with`], without tracking.
    pub fn with_untracked<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.value.borrow())
    }

    /// Changes the value. `change` must not read it by another way.
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.value.borrow_mut());
        self.changed.notify();
        result
    }

    pub fn set(&self, value: T) {
        let old = self.value.replace(value);
        drop(old);
        self.changed.notify();
    }
}

impl<T: Clone> Live<T> {
    pub fn get(&self) -> T {
        self.track();
        self.value.borrow().clone()
    }

    pub fn get_untracked(&self) -> T {
        self.value.borrow().clone()
    }
}
