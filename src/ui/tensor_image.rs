//! A tensor as images side by side: which value stands where. No canvas here.

/// What a tensor is, and so how its axes are laid out.
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
            (&[rows, columns], _) => (rows.min(MAX_ROWS), columns, 1, [columns, 1, 0]),
            _ => (1, shape.iter().product(), 1, [0, 1, 0]),
        };
        let count = count.min(MAX_TILES);
        // About as wide as high, in pixels.
        let columns = (1..count.max(1)).find(|columns| columns * columns * width >= count * height).unwrap_or(count);
        Self { count, columns: columns.max(1), height, width, strides }
    }

    /// Of the image with all tiles, a pixel between them: width and height.
    pub fn size(&self) -> (usize, usize) {
        (self.columns * (self.width + 1) - 1, self.count.div_ceil(self.columns) * (self.height + 1) - 1)
    }

    /// The place in the tensor of a pixel of the image with all tiles: tile, row, column and index; `None` between tiles.
    pub fn at(&self, x: usize, y: usize) -> Option<[usize; 4]> {
        let (column, row) = (x % (self.width + 1), y % (self.height + 1));
        let tile = y / (self.height + 1) * self.columns + x / (self.width + 1);
        let is_inside = column < self.width && row < self.height && tile < self.count;
        let [row_stride, column_stride, tile_stride] = self.strides;
        is_inside.then(|| [tile, row, column, row * row_stride + column * column_stride + tile * tile_stride])
    }
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
    }
}
