//! The brightness of the paper behind the ink, place by place, so that a shadow on a photograph is no ink.
//!
//! The method is grey-scale closing and opening (Serra, Image Analysis and Mathematical Morphology, 1982): strokes narrower than
//! the window vanish, and slow changes and the edges of larger areas stay.

use std::collections::VecDeque;

/// Half of the window as a share of the picture's longer side. No stroke is wider than the window, a third of the side.
const REACH: usize = 6;

/// Returns the brightness of the ground at each pixel of a picture with `width` columns. The ground is brighter than the
/// ink where `is_bright`, and darker else.
pub fn ground(brightness: &[f32], width: usize, is_bright: bool) -> Vec<f32> {
    let height = brightness.len() / width.max(1);
    let reach = (width.max(height) / REACH).max(1);
    // The extremes of single noisy pixels are not the ground.
    let smooth = windowed(brightness, width, |line| means(line, 1));
    let filled = windowed(&smooth, width, |line| extremes(line, reach, beats(is_bright)));
    windowed(&filled, width, |line| {
        let extremes = extremes(&continued(line, reach), reach, beats(!is_bright));
        extremes[reach..reach + line.len()].to_vec()
    })
}

/// Returns whether a later value makes an earlier one irrelevant for the highest or the lowest of a window.
fn beats(is_highest: bool) -> impl Fn(f32, f32) -> bool {
    move |old, new| if is_highest { new >= old } else { new <= old }
}

/// Continues a line by `count` values on both sides, as steeply as it rises or falls over as many values at that end; else
/// the darkest corner of a shadow would count as brighter than it is.
fn continued(line: &[f32], count: usize) -> Vec<f32> {
    let (first, last) = (line.first().copied().unwrap_or_default(), line.last().copied().unwrap_or_default());
    let inner = count.min(line.len().saturating_sub(1));
    let slope = |end: f32, inside: Option<&f32>| inside.map_or(0.0, |inside| (end - inside) / inner.max(1) as f32);
    let before = slope(first, line.get(inner));
    let after = slope(last, line.len().checked_sub(1 + inner).and_then(|at| line.get(at)));
    let head = (1..=count).rev().map(|distance| first + before * distance as f32);
    let tail = (1..=count).map(|distance| last + after * distance as f32);
    head.chain(line.iter().copied()).chain(tail).collect()
}

/// Applies a filter of lines to all rows and then to all columns.
fn windowed(pixels: &[f32], width: usize, filter: impl Fn(&[f32]) -> Vec<f32>) -> Vec<f32> {
    let width = width.max(1);
    let mut filtered: Vec<f32> = pixels.chunks(width).flat_map(&filter).collect();
    for column in 0..width {
        let line: Vec<f32> = filtered.iter().skip(column).step_by(width).copied().collect();
        filtered.iter_mut().skip(column).step_by(width).zip(filter(&line)).for_each(|(old, new)| *old = new);
    }
    filtered
}

/// Returns the mean of each value and its neighbours up to `reach`.
fn means(line: &[f32], reach: usize) -> Vec<f32> {
    let mean = |at: usize| {
        let window = &line[at.saturating_sub(reach)..(at + reach + 1).min(line.len())];
        window.iter().sum::<f32>() / window.len() as f32
    };
    (0..line.len()).map(mean).collect()
}

/// Returns the extreme of each value and its neighbours up to `reach`; `beats(old, new)` tells whether a later value makes
/// an earlier one irrelevant. Takes a time that does not depend on `reach`.
fn extremes(line: &[f32], reach: usize, beats: impl Fn(f32, f32) -> bool) -> Vec<f32> {
    // Places whose values are not beaten by a later one, the best first.
    let mut best: VecDeque<usize> = VecDeque::new();
    let mut seen = 0;
    let extreme = |at: usize| {
        while seen < (at + reach + 1).min(line.len()) {
            while best.back().is_some_and(|last| beats(line[*last], line[seen])) {
                best.pop_back();
            }
            best.push_back(seen);
            seen += 1;
        }
        while best.front().is_some_and(|first| first + reach < at) {
            best.pop_front();
        }
        best.front().map_or(line[at], |first| line[*first])
    };
    (0..line.len()).map(extreme).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_are_those_of_every_window() {
        let line: Vec<f32> = (0..60).map(|at| ((at * 37) % 23) as f32).collect();
        for reach in [1, 4, 100] {
            let expected = (0..60usize).map(|at| {
                let window = &line[at.saturating_sub(reach)..(at + reach + 1).min(60)];
                window.iter().copied().fold(f32::MIN, f32::max)
            });
            assert_eq!(extremes(&line, reach, |old, new| new >= old), expected.collect::<Vec<_>>(), "{reach}");
        }
    }

    #[test]
    fn strokes_vanish_and_a_shadow_stays() {
        let shade = |column: usize| 1.0 - 0.5 * column as f32 / 59.0;
        let is_stroke = |at: usize| (25..31).contains(&(at % 60)) && (10..50).contains(&(at / 60));
        let picture: Vec<f32> = (0..3600).map(|at| if is_stroke(at) { 0.1 } else { shade(at % 60) }).collect();
        let largest = |ground: Vec<f32>| {
            let errors = ground.into_iter().enumerate().map(|(at, ground)| (ground - shade(at % 60)).abs());
            errors.fold(0.0, f32::max)
        };
        // Under a stroke the ground is that of its darker side, at most nine pixels away.
        let most = 9.0 * 0.5 / 59.0;
        assert!(largest(ground(&picture, 60, true)) < most);
        let negative: Vec<f32> = picture.iter().map(|value| 1.0 - value).collect();
        let ground: Vec<f32> = ground(&negative, 60, false).into_iter().map(|value| 1.0 - value).collect();
        assert!(largest(ground) < most);
    }
}
