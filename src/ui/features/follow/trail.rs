//! The lines that were followed, and the way back through what was looked at.

use std::sync::Arc;

use chalkgrad_engine::protocol::explanation::{Cell, Explanation};

/// Terms of each sum that a line lists at first.
pub const FEW_TERMS: u32 = 8;
/// The most terms that a line lists.
pub const MOST_TERMS: u32 = 2000;
/// The most trails that are kept to go back to.
const MOST_PAST: usize = 100;

/// A number that was followed, and what it comes from.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    pub explanation: Arc<Explanation>,
    /// Terms of each sum that were asked for.
    pub terms: u32,
}

impl Line {
    pub fn new(explanation: Explanation, terms: u32) -> Self {
        Self { explanation: Arc::new(explanation), terms }
    }

    pub fn cell(&self) -> &Cell {
        &self.explanation.cell.cell
    }
}

/// Position of a layer on the trail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mark {
    #[default]
    None,
    /// Some line is of this layer.
    Some,
    /// The line that is looked at is of it.
    Current,
}

/// See the [module](self).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Trail {
    lines: Vec<Line>,
    past: Vec<Vec<Line>>,
    future: Vec<Vec<Line>>,
}

impl Trail {
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Puts other lines in the place of all, without a way back: they are of another step.
    pub fn reset(&mut self, lines: Vec<Line>) {
        *self = Self { lines, ..Self::default() };
    }

    /// Cuts the trail below a line, and goes on with another one.
    pub fn follow(&mut self, at: usize, line: Line) {
        self.keep();
        self.lines.truncate(at + 1);
        self.lines.push(line);
    }

    /// Keeps the lines, so that [`Trail::back`] returns to them.
    pub fn keep(&mut self) {
        self.future.clear();
        self.past.push(self.lines.clone());
        if self.past.len() > MOST_PAST {
            self.past.remove(0);
        }
    }

    /// Adds a line to a way that is being followed, for which [`Trail::keep`] was called.
    pub fn extend(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Puts a line with more terms in the place of one.
    pub fn replace(&mut self, at: usize, line: Line) {
        if let Some(own) = self.lines.get_mut(at).filter(|own| own.cell() == line.cell()) {
            *own = line;
        }
    }

    pub fn can_go_back(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_go_forward(&self) -> bool {
        !self.future.is_empty()
    }

    /// Takes the last click back.
    pub fn back(&mut self) {
        if let Some(lines) = self.past.pop() {
            self.future.push(std::mem::replace(&mut self.lines, lines));
        }
    }

    /// Repeats the click that was taken back.
    pub fn forward(&mut self) {
        if let Some(lines) = self.future.pop() {
            self.past.push(std::mem::replace(&mut self.lines, lines));
        }
    }

    /// Returns the cell that was followed from a line.
    pub fn followed(&self, at: usize) -> Option<&Cell> {
        self.lines.get(at + 1).map(Line::cell)
    }

    /// Returns true if a cell is on the trail, so that to follow it again would go round in a circle.
    pub fn contains(&self, cell: &Cell) -> bool {
        self.lines.iter().any(|line| line.cell() == cell)
    }

    /// Returns the cells and the terms to ask for again in another step.
    pub fn cells(&self) -> Vec<(Cell, u32)> {
        self.lines.iter().map(|line| (line.cell().clone(), line.terms)).collect()
    }

    /// Returns the mark of a layer while a line is looked at.
    pub fn mark(&self, current: usize, layer: &str) -> Mark {
        let is_of = |line: &Line| line.explanation.layer.as_deref() == Some(layer);
        match self.lines.get(current).is_some_and(is_of) {
            true => Mark::Current,
            false if self.lines.iter().any(is_of) => Mark::Some,
            false => Mark::None,
        }
    }

    /// Returns the mark of a tensor, such as the input, while a line is looked at.
    pub fn mark_of_tensor(&self, current: usize, tensor: &str) -> Mark {
        let is_of = |line: &Line| line.cell().tensor == tensor;
        match self.lines.get(current).is_some_and(is_of) {
            true => Mark::Current,
            false if self.lines.iter().any(is_of) => Mark::Some,
            false => Mark::None,
        }
    }
}

/// Returns the index of the number of the largest size; NaN counts as none.
pub fn largest(values: &[f32]) -> Option<u32> {
    let sizes = values.iter().map(|value| value.abs()).enumerate().filter(|(_, size)| !size.is_nan());
    sizes.max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0))).map(|(at, _)| at as u32)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn line(explanation: Explanation) -> Line {
        Line::new(explanation, FEW_TERMS)
    }

    fn tensors(trail: &Trail) -> Vec<&str> {
        trail.lines().iter().map(|line| line.cell().tensor.as_str()).collect()
    }

    fn trail() -> Trail {
        let mut trail = Trail::default();
        trail.reset(vec![line(fixture::update())]);
        trail.follow(0, line(fixture::gradient()));
        trail.follow(1, line(fixture::pixel()));
        trail
    }

    #[test]
    fn a_click_cuts_the_trail_below_its_line() {
        let mut trail = trail();
        assert_eq!(tensors(&trail), ["conv2d.kernel", "grad conv2d.kernel", "batch.input"]);
        assert_eq!(trail.followed(1), Some(&fixture::pixel().cell.cell));
        trail.follow(0, line(fixture::sum_before_activation()));
        assert_eq!(tensors(&trail), ["conv2d.kernel", "conv2d.add"]);
    }

    #[test]
    fn clicks_are_taken_back_and_repeated() {
        let mut trail = trail();
        trail.back();
        trail.back();
        assert_eq!(tensors(&trail), ["conv2d.kernel"]);
        assert!(!trail.can_go_back() && trail.can_go_forward());
        trail.forward();
        assert_eq!(tensors(&trail), ["conv2d.kernel", "grad conv2d.kernel"]);
        trail.follow(1, line(fixture::sum_before_activation()));
        assert!(!trail.can_go_forward(), "another way begins");
        trail.back();
        trail.back();
        trail.back();
        assert_eq!(tensors(&trail), ["conv2d.kernel"]);
    }

    #[test]
    fn a_way_is_taken_back_as_a_whole() {
        let mut trail = Trail::default();
        trail.reset(vec![line(fixture::update())]);
        trail.keep();
        trail.extend(line(fixture::gradient()));
        trail.extend(line(fixture::pixel()));
        assert!(trail.contains(&fixture::pixel().cell.cell));
        trail.back();
        assert_eq!(trail.lines().len(), 1);
    }

    #[test]
    fn more_terms_stay_in_their_line() {
        let mut trail = trail();
        trail.replace(1, Line::new(fixture::gradient(), 40));
        assert_eq!(trail.cells()[1].1, 40);
        trail.replace(1, Line::new(fixture::pixel(), 40));
        assert_eq!(tensors(&trail)[1], "grad conv2d.kernel", "an answer to another question");
    }

    #[test]
    fn layers_of_the_trail_are_marked() {
        let trail = trail();
        assert_eq!(trail.mark(1, "conv2d"), Mark::Current);
        assert_eq!(trail.mark(2, "conv2d"), Mark::Some);
        assert_eq!(trail.mark(2, "dense"), Mark::None);
        assert_eq!(trail.mark_of_tensor(2, "batch.input"), Mark::Current);
    }

    #[test]
    fn the_largest_number_is_found() {
        assert_eq!(largest(&[0.5, -2.0, f32::NAN, 2.0]), Some(1));
        assert_eq!(largest(&[]), None);
    }
}
