//! A text that the network looks at: one of the test part, or a user's own, which is split into words while it is typed.

use chalkgrad_engine::data::Token;
use chalkgrad_engine::protocol::Split;
use chalkgrad_engine::protocol::requests::{Examples, Tokenize};
use chalkgrad_engine::protocol::responses::{ExampleBatch, ExampleData, Tokenized};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::ui::features::input::store::Source;
use crate::ui::state::State;
use crate::ui::stores::messages::NoticeKind;

/// A text as the network gets it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Sentence {
    pub tokens: Vec<Token>,
    /// The ids that the network gets, `[sequenceLength]`.
    pub ids: Vec<i32>,
}

/// The text in the field, and how it is split.
pub struct SentenceStore {
    text: RwSignal<String>,
    sentence: RwSignal<Sentence>,
    is_asking: StoredValue<bool>,
    is_stale: StoredValue<bool>,
}

impl Default for SentenceStore {
    fn default() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            sentence: RwSignal::new(Sentence::default()),
            is_asking: StoredValue::new(false),
            is_stale: StoredValue::new(false),
        }
    }
}

impl SentenceStore {
    /// The text in the field.
    pub fn text(&self) -> ReadSignal<String> {
        self.text.read_only()
    }

    /// The text as it was split last.
    pub fn sentence(&self) -> ReadSignal<Sentence> {
        self.sentence.read_only()
    }

    pub fn forget(&self) {
        self.text.set(String::new());
        self.sentence.set(Sentence::default());
    }
}

impl State {
    /// Makes a text what the network looks at.
    pub fn show_text(&self, text: String, source: Source) {
        self.input.set_source(source);
        self.input.sentence.text.set(text);
        self.split_soon();
    }

    /// Asks the engine to split the text: one question at a time, and the last change is never left out.
    pub fn split_soon(&self) {
        let (state, store) = (*self, &self.input.sentence);
        if store.is_asking.get_value() {
            return store.is_stale.set_value(true);
        }
        store.is_asking.set_value(true);
        store.is_stale.set_value(false);
        let response = self.client().request(Tokenize { text: store.text.get_untracked() });
        spawn_local(async move {
            let response = response.await;
            let store = &state.input.sentence;
            store.is_asking.set_value(false);
            if !untrack(|| state.has_texts()) {
                return;
            }
            match response {
                Ok(Tokenized { tokens, ids }) => store.sentence.set(Sentence { tokens, ids }),
                Err(report) => state.notify(NoticeKind::Error, report),
            }
            if store.is_stale.get_value() {
                state.split_soon();
            }
        });
    }

    /// Makes a text of the test part what the network looks at.
    pub fn show_test_text(&self, index: u32) {
        let (state, response) = (*self, self.client().request(Examples { split: Split::Test, indices: vec![index] }));
        spawn_local(async move {
            match response.await.map(ExampleBatch::into_examples) {
                Ok(examples) => {
                    // Another data set may have come meanwhile.
                    if let Some(ExampleData { text: Some(text), class, .. }) = examples.into_iter().next() {
                        state.show_text(text, Source::Test { index, label: class.unwrap_or_default() as u8 });
                    }
                }
                Err(report) => state.notify(NoticeKind::Error, report),
            }
        });
    }
}
