//! Content whose code the browser downloads when it is first opened.
//!
//! `wasm_split` marks where the build cuts the program (`xtask/src/split.rs`): what only a marked function reaches goes
//! into a file of its own, and calling the function downloads that file first. It is one file, `opened`: every further one makes
//! the whole larger.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
pub use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::element::{Element, button, el};
use super::place;
use crate::ui::live::Live;

/// What a marked function makes.
pub type Part = Result<Element, SplitLoaderError>;

type Loading = Pin<Box<dyn Future<Output = Part>>>;

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Loading,
    Ready,
    Failed,
}

/// An outline until the content is there; a message with a button that tries again where its code does not come.
pub fn later(load: impl Fn() -> Loading + 'static) -> Element {
    start("part-loading", Rc::new(load))
}

/// As [`later`], without an outline: for what is small, or is no part of the page's layout.
pub fn later_unseen(load: impl Fn() -> Loading + 'static) -> Element {
    start("", Rc::new(load))
}

fn start(outline: &'static str, load: Rc<dyn Fn() -> Loading>) -> Element {
    let phase = Rc::new(Live::new(Phase::Loading));
    let made: Rc<RefCell<Option<Element>>> = Rc::default();
    let (shown, drawn, kept) = (phase.clone(), phase.clone(), made.clone());
    let again = move || {
        phase.set(Phase::Loading);
        // Whoever has closed it meanwhile wants no content.
        let (phase, made, loading) = (Rc::downgrade(&phase), Rc::downgrade(&made), load());
        spawn_local(async move {
            let part = loading.await;
            let (Some(phase), Some(made)) = (phase.upgrade(), made.upgrade()) else { return };
            phase.set(match part {
                Ok(element) => {
                    made.replace(Some(element));
                    Phase::Ready
                }
                Err(_) => Phase::Failed,
            });
        });
    };
    again();
    let again = Rc::new(again);
    place().switch(
        move || (drawn.get() as u8).to_string(),
        move |_| {
            let again = again.clone();
            Some(match kept.take() {
                Some(element) => element,
                None if shown.with_untracked(|phase| *phase == Phase::Failed) => el("div")
                    .class("part-missing")
                    .attr("role", "alert")
                    .child(el("p").tr("part_missing"))
                    .child(button("button", move || again()).tr("retry")),
                None => el("div").class(outline).attr("role", "status").attr("aria-busy", "true").label("part_loading"),
            })
        },
    )
}
