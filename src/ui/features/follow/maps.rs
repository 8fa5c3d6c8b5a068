//! Pictures of what a line comes from: pixels, and the cells under them. No canvas here.

use chalkgrad_engine::protocol::explanation::{Cell, CellInfo, Map};

use crate::ui::charts::palette::{ColourScale, ink_on};

/// Number of pixels of the picture that a side should have at least.
const SIDE: usize = 220;
const MOST_ZOOM: usize = 24;
/// More outlines would hide the picture.
const MOST_OUTLINES: usize = 24;
/// Number of pixels that no side falls below.
const LEAST_SIDE: usize = 24;

/// Colours of a map.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Paint {
    Scale(ColourScale),
    /// Ink on paper, from 0 to this number: a digit.
    Ink {
        limit: f32,
        is_dark: bool,
    },
}

impl Paint {
    fn colour(&self, value: f32) -> [u8; 3] {
        match *self {
            Self::Scale(scale) => scale.colour(value),
            Self::Ink { limit, is_dark } => {
                let (paper, ink) = if is_dark {
                    ([40.0, 50.0, 55.0], [238.0, 240.0, 232.0])
                } else {
                    ([255.0, 253.0, 248.0], [32.0, 40.0, 44.0])
                };
                let share = if limit > 0.0 { (value / limit).clamp(0.0, 1.0) } else { 0.0 };
                let share = if share.is_nan() { 0.0 } else { share };
                [0, 1, 2].map(|channel| (paper[channel] + (ink[channel] - paper[channel]) * share) as u8)
            }
        }
    }
}

/// A picture: red, green, blue and alpha, row by row.
#[derive(Clone, PartialEq, Debug)]
pub struct Pixels {
    pub rgba: Vec<u8>,
    pub width: usize,
    pub height: usize,
}

/// Returns width and height of a cell in pixels, so that a picture is large enough for outlines, and a single row high enough
/// to be clicked.
pub fn zoom(map: &Map) -> [usize; 2] {
    let (rows, columns) = (map.rows.max(1) as usize, map.columns.max(1) as usize);
    let side = SIDE.div_ceil(rows.max(columns)).clamp(1, MOST_ZOOM);
    let least = |count: usize| side.max(LEAST_SIDE.div_ceil(count));
    [least(columns), least(rows)]
}

/// Returns the rows and columns of the cells of the largest terms, which are outlined. Terms that are 0 are not.
pub fn outlined(map: &Map) -> Vec<(u32, u32)> {
    let mut marks: Vec<&(u32, u32, f32)> = map.marks.iter().filter(|mark| mark.2 != 0.0).collect();
    marks.sort_by(|one, other| other.2.abs().total_cmp(&one.2.abs()));
    marks.into_iter().take(MOST_OUTLINES).map(|mark| (mark.0, mark.1)).collect()
}

/// Draws a map, its marked cells outlined.
pub fn pixels(map: &Map, paint: &Paint) -> Pixels {
    let [wide, high] = zoom(map);
    let (width, height) = (map.columns as usize * wide, map.rows as usize * high);
    let columns = map.columns as usize;
    let mut is_marked = vec![false; map.rows as usize * columns];
    for (row, column) in outlined(map) {
        if let Some(mark) = is_marked.get_mut(row as usize * columns + column as usize) {
            *mark = true;
        }
    }
    let outline = if wide.min(high) >= 12 { 2 } else { 1 };
    let mut rgba = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let at = y / high * columns + x / wide;
            let colour = paint.colour(map.values.get(at).copied().unwrap_or_default());
            let is_edge = |at: usize, side: usize| at % side < outline || side - 1 - at % side < outline;
            // A cell too small for an outline would be hidden by it.
            let is_outline = wide.min(high) > 2
                && (is_edge(x, wide) || is_edge(y, high))
                && is_marked.get(at).copied().unwrap_or(false);
            let [red, green, blue] = if is_outline { ink_on(colour) } else { colour };
            rgba.extend([red, green, blue, 255]);
        }
    }
    Pixels { rgba, width, height }
}

/// Returns the cell at a row and a column of a map.
pub fn cell(map: &Map, row: u32, column: u32) -> Cell {
    let index = map.first.cell.index + row * map.strides[0] + column * map.strides[1];
    Cell { index, ..map.first.cell.clone() }
}

/// Returns the cell with its value. Rows and columns are added to the axes of the place along which the map lies.
pub fn cell_info(map: &Map, row: u32, column: u32) -> CellInfo {
    let mut place = map.first.place.clone();
    let axes = place.len();
    match axes {
        0 => {}
        1 => place[0] += row * map.columns + column,
        // Rows and columns come first in images and kernels.
        _ => {
            place[0] += row;
            place[1] += column;
        }
    }
    let value = map.values.get((row * map.columns + column) as usize).copied().unwrap_or_default();
    CellInfo { cell: cell(map, row, column), place, example: map.first.example, value }
}

/// Returns the value of the term at a place, if the place is marked.
pub fn term(map: &Map, row: u32, column: u32) -> Option<f32> {
    map.marks.iter().find(|mark| (mark.0, mark.1) == (row, column)).map(|mark| mark.2)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::ui::charts::palette::Mapping;

    #[test]
    fn a_place_of_a_map_is_a_cell() {
        let map = &fixture::gradient().maps[0];
        let info = cell_info(map, 1, 2);
        assert_eq!((info.cell.tensor.as_str(), info.cell.index), ("batch.input", 30 + 28 + 2));
        assert_eq!((info.place, info.example, info.value), (vec![4, 6, 0], Some(2), 0.25));
        assert_eq!((term(map, 1, 2), term(map, 0, 0)), (Some(-0.01), None));
    }

    #[test]
    fn marked_cells_are_outlined_and_others_are_not() {
        let map = &fixture::gradient().maps[0];
        let scale = ColourScale { limit: 1.0, mapping: Mapping::Linear, is_dark: false, has_caps: false };
        let picture = pixels(map, &Paint::Scale(scale));
        let [zoom, high] = zoom(map);
        assert_eq!(zoom, high);
        assert_eq!((picture.width, picture.height, picture.rgba.len()), (3 * zoom, 2 * zoom, 6 * zoom * zoom * 4));
        let at = |x: usize, y: usize| &picture.rgba[(y * picture.width + x) * 4..][..3];
        assert_eq!(at(0, 0), scale.colour(0.0), "not marked");
        assert_eq!(at(zoom, 0), ink_on(scale.colour(0.5)), "outline");
        assert_eq!(at(zoom + zoom / 2, zoom / 2), scale.colour(0.5), "inside");
    }

    #[test]
    fn only_the_largest_terms_are_outlined() {
        let marks = (0..100).map(|at| (at / 10, at % 10, if at < 50 { 0.0 } else { at as f32 })).collect();
        let map = Map { rows: 10, columns: 10, marks, ..Map::default() };
        let outlined = outlined(&map);
        assert_eq!((outlined.len(), outlined[0]), (MOST_OUTLINES, (9, 9)));
    }

    #[test]
    fn a_single_row_is_high_enough_to_be_clicked() {
        let map = Map { rows: 1, columns: 110, values: vec![0.0; 110], ..Map::default() };
        assert_eq!(zoom(&map), [2, 24]);
        let picture = pixels(&map, &Paint::Ink { limit: 1.0, is_dark: false });
        assert_eq!((picture.width, picture.height), (220, 24));
    }

    #[test]
    fn a_map_of_nothing_is_no_picture() {
        let map = Map::default();
        let picture = pixels(&map, &Paint::Ink { limit: 1.0, is_dark: true });
        assert_eq!((picture.width, picture.height), (0, 0));
    }
}
