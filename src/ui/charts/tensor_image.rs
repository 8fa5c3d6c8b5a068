//! A tensor as images side by side: which value stands where. No canvas here.

/// Kind of a tensor, which decides the layout of its axes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// `[KH,KW,Cin,Cout]`, `[in,out]`, or one value per channel.
    Weights,
    /// `[N,H,W,C]` or `[N,units]`; of images, the first of the batch is shown.
    Activations,
}

/// Meaning of a tile and of its rows and columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// All kernels of a convolution, by input channel, with the output filters of each in a row.
    Kernels { filters: usize },
    /// The kernels of one filter, a tile for each input channel.
    Filter(usize),
    /// Inputs by units.
    Matrix,
    /// The weights of units, each as an image with the shape of what was flattened.
    Templates,
    /// The weights of one unit, a tile for each channel of what was flattened.
    Unit(usize),
    /// Channels of an output.
    Maps,
    /// Outputs of units all over a plane.
    Surfaces,
    /// One axis, folded into rows.
    Vector,
}

/// One number of a tensor by the names of its axes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cell {
    Kernel { filter: usize, channel: usize, row: usize, column: usize },
    Weight { input: usize, unit: usize },
    Template { unit: usize, channel: usize, row: usize, column: usize },
    Map { channel: usize, row: usize, column: usize },
    Surface { unit: usize, row: usize, column: usize },
    Number(usize),
}

/// The most rows and tiles that are shown at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    pub tiles: usize,
    pub rows: usize,
}

impl Default for Limits {
    /// More than this can hardly be told apart.
    fn default() -> Self {
        Self { tiles: 256, rows: 256 }
    }
}

impl Limits {
    const STEP: usize = 4;

    /// Returns the next larger limits.
    pub fn more(self) -> Self {
        Self { tiles: self.tiles * Self::STEP, rows: self.rows * Self::STEP }
    }
}

/// Part of a tensor that is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rest {
    pub shown: usize,
    pub total: usize,
    /// Rows of a matrix, else tiles.
    pub is_rows: bool,
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
    /// Position of the first number.
    offset: usize,
    /// Numbers in all: the last row of a vector may be shorter.
    length: usize,
    /// Tiles and rows in the tensor, shown or not.
    total: [usize; 2],
    pub meaning: Meaning,
    /// The tensor has one axis, folded into rows.
    pub is_vector: bool,
    /// The tile that is shown alone.
    alone: Option<usize>,
}

impl Tiles {
    pub fn new(shape: &[usize], role: Role) -> Self {
        Self::within(shape, role, Limits::default())
    }

    /// Lays out a tensor, at most as much of it as the limits allow.
    pub fn within(shape: &[usize], role: Role, limits: Limits) -> Self {
        let length = match (shape, role) {
            ([_, one_image @ ..], Role::Activations) => one_image.iter().product(),
            _ => shape.iter().product(),
        };
        let (meaning, size, count, strides) = match (shape, role) {
            (&[height, width, inputs, filters], Role::Weights) => {
                let tiles = inputs * filters;
                (Meaning::Kernels { filters }, [height, width], tiles, [width * tiles, tiles, 1])
            }
            (&[_, height, width, channels], Role::Activations) => {
                (Meaning::Maps, [height, width], channels, [width * channels, channels, 1])
            }
            (&[rows, columns], Role::Weights) => (Meaning::Matrix, [rows, columns], 1, [columns, 1, 0]),
            _ => {
                let (height, width) = fold(length);
                (Meaning::Vector, [height, width], 1, [width, 1, 0])
            }
        };
        Self::laid_out(meaning, size, count, strides, 0, length, limits)
    }

    /// Lays out the kernels of one filter, given a kernel's shape `[KH,KW,Cin,Cout]`.
    pub fn filter([height, width, inputs, filters]: [usize; 4], filter: usize, limits: Limits) -> Self {
        let row = width * inputs * filters;
        let strides = [row, inputs * filters, filters];
        let length = height * row;
        Self::laid_out(Meaning::Filter(filter), [height, width], inputs, strides, filter, length, limits)
    }

    /// Lays out the weights of a dense layer with this number of units as images of the shape `[H,W,C]` that was
    /// flattened: of all units if there is one channel, or of one unit.
    pub fn templates([height, width, channels]: [usize; 3], units: usize, unit: Option<usize>, limits: Limits) -> Self {
        let strides = [width * channels * units, channels * units];
        let length = height * width * channels * units;
        let [row, column] = strides;
        match unit {
            None => {
                let strides = [row, column, 1];
                Self::laid_out(Meaning::Templates, [height, width], units, strides, 0, length, limits)
            }
            Some(unit) => {
                let strides = [row, column, units];
                Self::laid_out(Meaning::Unit(unit), [height, width], channels, strides, unit, length, limits)
            }
        }
    }

    /// Lays out the outputs `[side*side, units]` of units all over a plane, a tile for each unit.
    pub fn surfaces(shape: &[usize], limits: Limits) -> Self {
        let units: usize = shape.iter().skip(1).product();
        let side = shape.first().map_or(0, |places| places.isqrt());
        let strides = [side * units, units, 1];
        Self::laid_out(Meaning::Surfaces, [side, side], units, strides, 0, side * side * units, limits)
    }

    fn laid_out(
        meaning: Meaning,
        [rows, width]: [usize; 2],
        tiles: usize,
        strides: [usize; 3],
        offset: usize,
        length: usize,
        limits: Limits,
    ) -> Self {
        let height = if meaning == Meaning::Matrix { rows.min(limits.rows) } else { rows };
        let count = tiles.min(limits.tiles);
        // About as wide as high, in pixels.
        let columns = (1..count.max(1)).find(|columns| columns * columns * width >= count * height).unwrap_or(count);
        Self {
            count,
            columns: columns.max(1),
            height,
            width,
            strides,
            offset,
            length,
            total: [tiles, rows],
            meaning,
            is_vector: meaning == Meaning::Vector,
            alone: None,
        }
    }

    /// Returns the part that is shown; `None` if it is the whole tensor.
    pub fn rest(&self) -> Option<Rest> {
        let [tiles, rows] = self.total;
        match self.alone {
            Some(_) => None,
            None if self.height < rows => Some(Rest { shown: self.height, total: rows, is_rows: true }),
            None => (self.count < tiles).then_some(Rest { shown: self.count, total: tiles, is_rows: false }),
        }
    }

    /// Names the axes of a number.
    pub fn cell(&self, [tile, row, column, index]: [usize; 4]) -> Cell {
        match self.meaning {
            Meaning::Kernels { filters } => {
                Cell::Kernel { filter: tile % filters.max(1), channel: tile / filters.max(1), row, column }
            }
            Meaning::Filter(filter) => Cell::Kernel { filter, channel: tile, row, column },
            Meaning::Matrix => Cell::Weight { input: row, unit: column },
            Meaning::Templates => Cell::Template { unit: tile, channel: 0, row, column },
            Meaning::Unit(unit) => Cell::Template { unit, channel: tile, row, column },
            Meaning::Maps => Cell::Map { channel: tile, row, column },
            Meaning::Surfaces => Cell::Surface { unit: tile, row, column },
            Meaning::Vector => Cell::Number(index),
        }
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
        let index = self.offset + row * row_stride + column * column_stride + tile * tile_stride;
        (is_inside && index < self.length).then_some([tile, row, column, index])
    }
}

/// Folds a vector into rows: height and width.
fn fold(length: usize) -> (usize, usize) {
    const MAX_ROW: usize = 16;
    if length <= MAX_ROW {
        return (1, length);
    }
    // About three times as wide as high, without a rest where that can be.
    let least = ((length * 3) as f32).sqrt() as usize;
    let width = (least..2 * least).find(|width| length.is_multiple_of(*width)).unwrap_or(least);
    (length.div_ceil(width), width)
}

/// Returns the shape `[H,W,C]` that a layer's input had before it was flattened, if it was: `types` and `outputs` are
/// those of the layers before it. Layers that keep the shape may stand in between.
pub fn flattened_shape(types: &[&str], outputs: &[&[usize]], network_input: &[usize]) -> Option<[usize; 3]> {
    const KEEP_SHAPE: [&str; 3] = ["Dropout", "Activation", "BatchNormalization"];
    let at = types.iter().rposition(|name| !KEEP_SHAPE.contains(name)).filter(|at| types[*at] == "Flatten")?;
    let before = if at == 0 { Some(network_input) } else { outputs.get(at - 1).copied() };
    before?.try_into().ok()
}

/// Computes the Euclidean norm of each filter or unit, the last axis of a weight, and sorts by it, the largest first.
pub fn by_norm(values: &[f32], count: usize) -> Vec<(usize, f32)> {
    let mut squares = vec![0.0f64; count.max(1)];
    for (at, value) in values.iter().enumerate() {
        squares[at % count.max(1)] += f64::from(*value) * f64::from(*value);
    }
    let mut norms: Vec<(usize, f32)> =
        squares.into_iter().enumerate().map(|(at, square)| (at, square.sqrt() as f32)).collect();
    norms.sort_by(|one, other| other.1.total_cmp(&one.1));
    norms
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
    fn units_over_the_plane_are_tiles() {
        let surfaces = Tiles::surfaces(&[400, 6], Limits::default());
        assert_eq!((surfaces.count, surfaces.height, surfaces.width), (6, 20, 20));
        let (x, y) = surfaces.position([4, 3, 2]);
        let place = surfaces.at(x, y).unwrap();
        assert_eq!(place, [4, 3, 2, (3 * 20 + 2) * 6 + 4]);
        assert_eq!(surfaces.cell(place), Cell::Surface { unit: 4, row: 3, column: 2 });
        assert_eq!(surfaces.first(2, 4).count, 6);
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

    #[test]
    fn a_filter_is_shown_by_input_channel() {
        // [KH,KW,Cin,Cout] = [3,3,4,8].
        let filter = Tiles::filter([3, 3, 4, 8], 5, Limits::default());
        assert_eq!((filter.count, filter.size()), (4, (7, 7)));
        let place = filter.at(4 + 2, 1).unwrap();
        assert_eq!(place, [1, 1, 2, ((3 + 2) * 4 + 1) * 8 + 5]);
        assert_eq!(filter.cell(place), Cell::Kernel { filter: 5, channel: 1, row: 1, column: 2 });
        // The same number in the picture of all kernels.
        let all = Tiles::new(&[3, 3, 4, 8], Role::Weights);
        let (x, y) = all.position([8 + 5, 1, 2]);
        let same = all.at(x, y).unwrap();
        assert_eq!((same[3], all.cell(same)), (place[3], filter.cell(place)));
    }

    #[test]
    fn dense_weights_on_a_flattened_image_are_images() {
        let all = Tiles::templates([28, 28, 1], 10, None, Limits::default());
        assert_eq!((all.count, all.height, all.width), (10, 28, 28));
        let (x, y) = all.position([3, 2, 1]);
        let place = all.at(x, y).unwrap();
        assert_eq!(place, [3, 2, 1, (2 * 28 + 1) * 10 + 3]);
        assert_eq!(all.cell(place), Cell::Template { unit: 3, channel: 0, row: 2, column: 1 });
        // Flatten keeps the order [H,W,C]: input 1 * 3 * 64 + 2 * 64 + 7 is row 1, column 2, channel 7.
        let unit = Tiles::templates([3, 3, 64], 16, Some(9), Limits::default());
        let (x, y) = unit.position([7, 1, 2]);
        assert_eq!((unit.count, unit.at(x, y).unwrap()[3]), (64, ((3 + 2) * 64 + 7) * 16 + 9));
    }

    #[test]
    fn a_cut_is_said_and_can_be_lifted() {
        let dense = Tiles::new(&[576, 64], Role::Weights);
        assert_eq!(dense.rest(), Some(Rest { shown: 256, total: 576, is_rows: true }));
        let limits = Limits::default().more();
        assert_eq!(Tiles::within(&[576, 64], Role::Weights, limits).rest(), None);
        let kernels = Tiles::new(&[3, 3, 32, 64], Role::Weights);
        assert_eq!(kernels.rest(), Some(Rest { shown: 256, total: 2048, is_rows: false }));
        assert_eq!(kernels.only(3).rest(), None);
        assert_eq!(Tiles::within(&[3, 3, 32, 64], Role::Weights, limits.more()).rest(), None);
        assert_eq!(Tiles::new(&[3, 3, 1, 32], Role::Weights).rest(), None);
    }

    #[test]
    fn what_was_flattened_is_found() {
        let outputs: [&[usize]; 3] = [&[26, 26, 8], &[5408], &[5408]];
        assert_eq!(flattened_shape(&["Conv2D", "Flatten"], &outputs[..2], &[28, 28, 1]), Some([26, 26, 8]));
        assert_eq!(flattened_shape(&["Conv2D", "Flatten", "Dropout"], &outputs, &[28, 28, 1]), Some([26, 26, 8]));
        assert_eq!(flattened_shape(&["Flatten"], &[&[784]], &[28, 28, 1]), Some([28, 28, 1]));
        assert_eq!(flattened_shape(&["Flatten", "Dense"], &[&[784], &[10]], &[28, 28, 1]), None);
        assert_eq!(flattened_shape(&[], &[], &[784]), None);
    }

    #[test]
    fn filters_are_sorted_by_norm() {
        assert_eq!(by_norm(&[3.0, 0.0, 1.0, 4.0, 0.0, -2.0], 3), [(0, 5.0), (2, 5f32.sqrt()), (1, 0.0)]);
    }
}
