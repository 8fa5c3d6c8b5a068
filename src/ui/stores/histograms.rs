//! Histograms of weights and gradients over time.

use leptos::prelude::*;

use crate::ui::charts::bins::{Snapshot, Track};

/// See the [module](self).
#[derive(Default)]
pub struct Histograms {
    tracks: RwSignal<Vec<Track>>,
}

impl Histograms {
    /// The histograms over time, one track for each tensor.
    pub fn tracks(&self) -> ReadSignal<Vec<Track>> {
        self.tracks.read_only()
    }

    /// Adds snapshots of the named tensors.
    pub fn add(&self, snapshots: impl IntoIterator<Item = (String, Snapshot)>) {
        self.tracks.update(|tracks| {
            for (name, snapshot) in snapshots {
                match tracks.iter_mut().find(|track| track.name == name) {
                    Some(track) => track.add(snapshot),
                    None => tracks.push(Track { name, snapshots: vec![snapshot] }),
                }
            }
        });
    }

    pub fn clear(&self) {
        self.tracks.set(Vec::new());
    }
}
