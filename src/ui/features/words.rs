//! The embedding of the words as a map, with the neighbours of a word.

mod panel;
mod readings;

pub use panel::Words;
