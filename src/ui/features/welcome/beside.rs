//! The place of a card beside an element.

/// Edges of a box in the window, in pixels: left, top, right, bottom.
pub type Edges = [f64; 4];

/// Space between the element, the card and the edges of the window, in pixels.
const MARGIN_PX: f64 = 12.0;

/// Returns left and top of a card of this size: right of the target, left of it, below it or above it, where there is room
/// first; else over its lower end. No edge of the window cuts the card as long as it fits into it.
pub fn beside(target: Edges, card: [f64; 2], window: [f64; 2]) -> [f64; 2] {
    let ([left, top, right, bottom], [width, height]) = (target, card);
    let limits = [window[0] - width - MARGIN_PX, window[1] - height - MARGIN_PX];
    let is_free = |[x, y]: &[f64; 2]| *x >= MARGIN_PX && *x <= limits[0] && *y >= MARGIN_PX && *y <= limits[1];
    let inside = |value: f64, axis: usize| value.min(limits[axis]).max(MARGIN_PX);
    let places = [
        [right + MARGIN_PX, inside(top, 1)],
        [left - width - MARGIN_PX, inside(top, 1)],
        [inside(left, 0), bottom + MARGIN_PX],
        [inside(left, 0), top - height - MARGIN_PX],
    ];
    places.into_iter().find(is_free).unwrap_or([inside(left, 0), inside(bottom - height - MARGIN_PX, 1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: [f64; 2] = [300.0, 150.0];

    #[test]
    fn the_card_stands_where_there_is_room() {
        let window = [1280.0, 800.0];
        assert_eq!(beside([10.0, 100.0, 240.0, 700.0], CARD, window), [252.0, 100.0], "right");
        assert_eq!(beside([900.0, 100.0, 1270.0, 700.0], CARD, window), [588.0, 100.0], "left");
        assert_eq!(beside([10.0, 60.0, 1270.0, 260.0], CARD, window), [12.0, 272.0], "below");
        assert_eq!(beside([10.0, 500.0, 1270.0, 790.0], CARD, window), [12.0, 338.0], "above");
    }

    #[test]
    fn no_edge_of_the_window_cuts_the_card() {
        for window in [[1280.0, 800.0], [390.0, 844.0], [324.0, 480.0]] {
            for target in
                [[0.0, -900.0, 320.0, 3000.0], [300.0, 790.0, 320.0, 830.0], [0.0; 4], [-50.0, 5.0, 2000.0, 2000.0]]
            {
                let [left, top] = beside(target, CARD, window);
                let fits = left >= 12.0 && left + 300.0 <= window[0] - 12.0 && top >= 12.0 && top + 150.0 <= window[1];
                assert!(fits, "{target:?} in {window:?}: {left}, {top}");
            }
        }
    }
}
