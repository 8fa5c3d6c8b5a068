//! A tensor as images side by side: which value stands where. No canvas here.

/// Kind of a tensor, which decides the layout of its axes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// `[KH,KW,Cin,Cout]`, `[in,out]`, or one value per channel.
    Weights,
    /// `[N,H,W,C]` or `[N,units]`; of images, the first of the batch is shown.
    Activations,
}

/// Tiles of equal size, one per kernel or channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tiles {
    pub count: usize,
    pub columns: usize,
    pub height: usize,
    pub width: usize,
    /// From one row, column and tile to the next in the tensor.
    strides: [usize; 3],
    /// Numbers in all: the last row of a vector may be shorter.
    length: usize,
    /// The tensor has one axis, folded into rows.
    pub is_vector: bool,
    /// The tile that is shown alone.
    alone: Option<usize>,
}

/// More than this can neither be seen nor drawn twice a second.
const MAX_TILES: usize = 256;
const MAX_ROWS: usize = 256;

impl Tiles {
    pub fn new(shape: &[usize], role: Role) -> Self {
        let (height, width, count, strides) = match (shape, role) {
            (&[height, width, inputs, outputs], Role::Weights) => {
                let tiles = inputs * outputs;
                (height, width, tiles, [width * tiles, tiles, 1])
            }
            (&[_, height, width, channels], Role::Activations) => {
                (height, width, channels, [width * channels, channels, 1])
            }
            (&[rows, columns], Role::Weights) => (rows.min(MAX_ROWS), columns, 1, [columns, 1, 0]),
            (&[_, units], Role::Activations) => fold(units),
            _ => fold(shape.iter().product()),
        };
        let length = match (shape, role) {
            ([_, one_image @ ..], Role::Activations) => one_image.iter().product(),
            _ => shape.iter().product(),
        };
        let is_vector = matches!((shape, role), ([_], _) | ([_, _], Role::Activations));
        let count = count.min(MAX_TILES);
        // About as wide as high, in pixels.
        let columns = (1..count.max(1)).find(|columns| columns * columns * width >= count * height).unwrap_or(count);
        Self { count, columns: columns.max(1), height, width, strides, length, is_vector, alone: None }
    }

    /// Keeps at most `rows * columns` tiles, in rows of `columns`.
    pub fn first(self, rows: usize, columns: usize) -> Self {
        Self { count: self.count.min(rows * columns), columns: columns.min(self.count).max(1), ..self }
    }

    /// Keeps only one tile.
    pub fn only(self, tile: usize) -> Self {
        Self { count: 1, columns: 1, alone: Some(tile), ..self }
    }

    /// Returns the position in the image of a tile's row and column: the inverse of [`Tiles::at`].
    pub fn position(&self, [tile, row, column]: [usize; 3]) -> (usize, usize) {
        let tile = if self.alone.is_some() { 0 } else { tile };
        (tile % self.columns * (self.width + 1) + column, tile / self.columns * (self.height + 1) + row)
    }

    /// Returns width and height of the image with all tiles, one pixel between them.
    pub fn size(&self) -> (usize, usize) {
        (self.columns * (self.width + 1) - 1, self.count.div_ceil(self.columns) * (self.height + 1) - 1)
    }

    /// Returns the position in the tensor of a pixel of the image with all tiles: tile, row, column and index; `None`
    /// between tiles.
    pub fn at(&self, x: usize, y: usize) -> Option<[usize; 4]> {
        let (column, row) = (x % (self.width + 1), y % (self.height + 1));
        let tile = y / (self.height + 1) * self.columns + x / (self.width + 1);
        let is_inside = column < self.width && row < self.height && tile < self.count;
        let [row_stride, column_stride, tile_stride] = self.strides;
        let tile = self.alone.unwrap_or(tile);
        let index = row * row_stride + column * column_stride + tile * tile_stride;
        (is_inside && index < self.length).then_some([tile, row, column, index])
    }
}

/// Folds a vector into rows: height, width, one tile, strides.
fn fold(length: usize) -> (usize, usize, usize, [usize; 3]) {
    const MAX_ROW: usize = 16;
    if length <= MAX_ROW {
        return (1, length, 1, [length, 1, 0]);
    }
    // About three times as wide as high, without a rest where that can be.
    let least = ((length * 3) as f32).sqrt() as usize;
    let width = (least..2 * least).find(|width| length.is_multiple_of(*width)).unwrap_or(least);
    (length.div_ceil(width), width, 1, [width, 1, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_and_channels_are_tiles() {
        let kernel = Tiles::new(&[3, 3, 1, 32], Role::Weights);
        assert_eq!((kernel.count, kernel.columns), (32, 6));
        // Row 1, column 2 of the second kernel.
        assert_eq!(kernel.at(4 + 2, 1), Some([1, 1, 2, (3 + 2) * 32 + 1]));
        assert_eq!(kernel.at(3, 0), None, "between tiles");
        let output = Tiles::new(&[32, 26, 26, 4], Role::Activations);
        assert_eq!((output.count, output.columns, output.size()), (4, 2, (53, 53)));
        assert_eq!(output.at(0, 27), Some([2, 0, 0, 2]));
    }

    #[test]
    fn matrices_and_vectors_are_one_tile() {
        let dense = Tiles::new(&[576, 64], Role::Weights);
        assert_eq!((dense.count, dense.height, dense.width), (1, 256, 64));
        assert_eq!(dense.at(5, 2), Some([0, 2, 5, 2 * 64 + 5]));
        assert_eq!(Tiles::new(&[10], Role::Weights).size(), (10, 1));
        let folded = Tiles::new(&[1, 50], Role::Activations);
        assert_eq!((folded.size(), folded.is_vector), ((12, 5), true));
        assert_eq!((folded.at(1, 4), folded.at(2, 4)), (Some([0, 4, 1, 49]), None));
    }

    #[test]
    fn a_tile_can_be_alone_and_a_few_in_a_row() {
        let all = Tiles::new(&[1, 5, 5, 40], Role::Activations);
        let one = all.only(7);
        assert_eq!((one.size(), one.at(4, 2)), ((5, 5), Some([7, 2, 4, (2 * 5 + 4) * 40 + 7])));
        assert_eq!(one.position([7, 2, 4]), (4, 2));
        let few = all.first(2, 4);
        assert_eq!((few.count, few.size()), (8, (23, 11)));
        let (x, y) = all.position([9, 1, 2]);
        assert_eq!(all.at(x, y), Some([9, 1, 2, (5 + 2) * 40 + 9]));
    }
}
