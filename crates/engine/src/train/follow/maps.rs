//! Pictures of the tensors from which a number comes: two axes of each, round the factor of the largest term.

use super::operands::{Operand, Operands};
use crate::ir::explain::{self, number};
use crate::ir::{Part, Place, Product};
use crate::protocol::explanation::Map;
use crate::tensor::{index, place};

/// Pictures with more numbers are not made.
const MAX_CELLS: usize = 1 << 14;
const MAX_MARKS: usize = 1 << 12;

/// Makes the pictures of an explanation: one for each tensor among the factors of its sums and maxima.
pub(super) fn maps(operands: &Operands, explained: &explain::Explanation) -> Vec<Map> {
    let mut maps = Vec::new();
    let mut seen: Vec<Option<usize>> = Vec::new();
    for part in &explained.parts {
        let products: Vec<Product> = match part {
            Part::Number(_) => continue,
            Part::Sum(products) => products.clone(),
            Part::Max(places) | Part::SumOfExponentials(places) | Part::Softmax { row: places, .. } => {
                places.iter().map(|place| Product::new([*place])).collect()
            }
        };
        let value =
            |product: &Product| product.value(&|place| number(&operands.operand(place).tensor, place.at)) as f32;
        let sized: Vec<(f32, &Product)> = products.iter().map(|product| (value(product), product)).collect();
        let Some((_, largest)) = sized.iter().max_by(|one, other| one.0.abs().total_cmp(&other.0.abs())) else {
            continue;
        };
        for place in &largest.factors {
            if seen.contains(&place.input) {
                continue;
            }
            seen.push(place.input);
            let terms = sized.iter().flat_map(|(value, product)| {
                product.factors.iter().filter(|other| other.input == place.input).map(|other| (other.at, *value))
            });
            maps.extend(picture(operands.operand(*place), *place, terms));
        }
    }
    maps
}

/// Makes the picture round a number, with the terms whose factors lie on it.
fn picture(operand: &Operand, cell: Place, terms: impl Iterator<Item = (usize, f32)>) -> Option<Map> {
    let (shape, width) = (operand.shape(), operand.width().max(1));
    let (offset, own) = (cell.at / width * width, place(&shape, cell.at % width));
    let strides: Vec<usize> = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect();
    let is_short = width <= MAX_CELLS;
    let (axes, rows, columns) = match shape.len() {
        0 => return None,
        1 => ([None, Some(0)], 1, shape[0]),
        // A long matrix is shown by the row alone.
        2 if !is_short => ([None, Some(1)], 1, shape[1]),
        _ => ([Some(0), Some(1)], shape[0], shape[1]),
    };
    if rows * columns <= 1 || rows * columns > MAX_CELLS {
        return None;
    }
    let mut corner = own;
    for axis in axes.iter().flatten() {
        corner[*axis] = 0;
    }
    let first = offset + index(&shape, &corner);
    let [down, right] = axes.map(|axis| axis.map_or(0, |axis| strides[axis]));
    let at = |row: usize, column: usize| first + row * down + column * right;
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    let values = cells.map(|(row, column)| number(&operand.tensor, at(row, column))).collect();
    let mark = |(index, value): (usize, f32)| {
        let from = index.checked_sub(first).filter(|_| index < offset + width)?;
        let row = from.checked_div(down).unwrap_or(0);
        let rest = from - row * down;
        let column = rest.checked_div(right).unwrap_or(0);
        let is_on_it = row < rows && column < columns && at(row, column) == index;
        (is_on_it && value != 0.0).then_some((row as u32, column as u32, value))
    };
    Some(Map {
        first: operand.info(first),
        rows: rows as u32,
        columns: columns as u32,
        strides: [down as u32, right as u32],
        values,
        marks: terms.filter_map(mark).take(MAX_MARKS).collect(),
    })
}
