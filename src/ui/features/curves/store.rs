//! Settings of the curves' view. They stay when another tab is opened.

use std::ops::Range;

use leptos::prelude::*;

use crate::ui::charts::axis::Unit;

/// Settings of the charts. Positions are those on the horizontal axis.
#[derive(Clone, Copy)]
pub struct CurvesView {
    pub(super) unit: RwSignal<Unit>,
    /// The axis of the loss is logarithmic; `None`: as fits the values.
    pub(super) is_log: RwSignal<Option<bool>>,
    /// Visible part of the axis; `None`: all of it.
    pub(super) zoom: RwSignal<Option<Range<f64>>>,
    /// Cross-hair of all charts.
    pub(super) cursor: RwSignal<Option<f64>>,
    /// Part that is being selected: where it begins, and where the pointer is.
    pub(super) brush: RwSignal<Option<Range<f64>>>,
}

impl Default for CurvesView {
    fn default() -> Self {
        Self {
            unit: RwSignal::new(Unit::default()),
            is_log: RwSignal::new(None),
            zoom: RwSignal::new(None),
            cursor: RwSignal::new(None),
            brush: RwSignal::new(None),
        }
    }
}

impl CurvesView {
    /// Changes the unit of the axis. Positions in the old unit are meaningless then.
    pub fn set_unit(&self, unit: Unit) {
        self.unit.set(unit);
        self.zoom.set(None);
        self.cursor.set(None);
    }

    /// Shows all of the axis.
    pub fn reset_zoom(&self) {
        self.zoom.set(None);
    }

    /// Zooms to the selected part, unless it is too narrow to be meant.
    pub fn end_brush(&self, visible: &Range<f64>) {
        const LEAST_SHARE: f64 = 0.02;
        let Some(Range { start, end }) = self.brush.get_untracked() else { return };
        self.brush.set(None);
        let (start, end) = (start.min(end), start.max(end));
        if end - start > (visible.end - visible.start) * LEAST_SHARE {
            self.zoom.set(Some(start..end));
        }
    }

    /// Zooms to the later half of what is visible.
    pub fn zoom_in(&self, visible: &Range<f64>) {
        self.zoom.set(Some((visible.start + visible.end) / 2.0..visible.end));
    }
}
