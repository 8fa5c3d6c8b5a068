//! Max and average pooling of images `[N,H,W,C]` to `[N,OH,OW,C]`, with any window, stride and padding. Elements of a
//! window outside the image count neither for its maximum nor for its mean, as in Keras.

mod cases;
mod cpu;
mod gpu;
mod gradient;

use std::sync::Arc;

pub use cases::cases;
pub use gradient::Pool2dGradient;

use super::window::{Padding, image_extents, inputs};
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::{CpuCall, ExplainCall, Explanation, Expr, Graph, NodeId, Op, Part, Place, VjpCall};
use crate::simd::pool::PoolGeometry;
use crate::simd::reference;
use crate::tensor::HostTensor;
use crate::tensor::{Shape, TensorType, place};

/// Reduction of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// Maximum. The gradient goes to the first maximum in row-major order, as in TensorFlow on CPUs.
    Max,
    /// Mean.
    Average,
}

/// Movement of windows of `[height, width]` pixels over the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2d {
    pub kind: PoolKind,
    pub window: [usize; 2],
    pub strides: [usize; 2],
    pub padding: Padding,
}

impl Pool2d {
    /// Appends the pooling of `input`.
    ///
    /// # Errors
    /// If the shape does not fit.
    pub fn apply(self, graph: &mut Graph, input: NodeId) -> Result<NodeId> {
        graph.apply(Arc::new(self), &[input])
    }

    fn geometry(&self, op: &str, input: [usize; 4]) -> Result<PoolGeometry> {
        let [batch, height, width, channels] = input;
        if channels == 0 {
            return Err(GraphError::NoChannels { op: op.to_owned(), channels, filters: channels }.into());
        }
        let axis = |axis: usize, extent| self.padding.axis(op, extent, self.window[axis], self.strides[axis], 1);
        let (vertical, horizontal) = (axis(0, height)?, axis(1, width)?);
        Ok(PoolGeometry {
            batch,
            height,
            width,
            channels,
            window_height: self.window[0],
            window_width: self.window[1],
            out_height: vertical.outputs,
            out_width: horizontal.outputs,
            stride_height: self.strides[0],
            stride_width: self.strides[1],
            pad_top: vertical.pad_before,
            pad_left: horizontal.pad_before,
        })
    }

    fn forward_geometry(&self, types: &[&TensorType]) -> Result<PoolGeometry> {
        let [input] = inputs(self.name(), types)?;
        self.geometry(self.name(), image_extents(self.name(), input)?)
    }
}

fn attributes(pool: &Pool2d) -> String {
    let ([height, width], [down, right]) = (pool.window, pool.strides);
    format!("window=[{height},{width}], strides=[{down},{right}], padding={}", pool.padding)
}

fn output_shape(g: &PoolGeometry) -> Shape {
    [g.batch, g.out_height, g.out_width, g.channels].into()
}

/// Returns the indices of the pixels in the window of an output.
fn window_of(g: &PoolGeometry, output: usize) -> Vec<usize> {
    let &[image, row, column, channel] = &place(output_shape(g).dims(), output)[..] else { return Vec::new() };
    let along = |output: usize, stride: usize, window: usize, pad: usize, extent: usize| {
        (0..window).filter_map(move |offset| (output * stride + offset).checked_sub(pad).filter(|at| *at < extent))
    };
    let rows = along(row, g.stride_height, g.window_height, g.pad_top, g.height);
    let pixel = |row: usize, column: usize| ((image * g.height + row) * g.width + column) * g.channels + channel;
    let columns = || along(column, g.stride_width, g.window_width, g.pad_left, g.width);
    rows.flat_map(|row| columns().map(move |column| pixel(row, column))).collect()
}

impl Op for Pool2d {
    fn name(&self) -> &'static str {
        match self.kind {
            PoolKind::Max => "max_pool2d",
            PoolKind::Average => "average_pool2d",
        }
    }

    fn attributes(&self) -> String {
        attributes(self)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        Ok(TensorType::f32(output_shape(&self.forward_geometry(inputs)?)))
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let input = call.inputs[0];
        let input_shape = graph.tensor_type(input).shape.clone();
        let gradient = Arc::new(Pool2dGradient { pool: *self, input_shape });
        let id = match self.kind {
            PoolKind::Max => graph.apply(gradient, &[call.gradient, input])?,
            PoolKind::Average => graph.apply(gradient, &[call.gradient])?,
        };
        Ok(vec![Some(id)])
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> u64 {
        (self.window[0] * self.window[1]) as u64 * output.shape.len() as u64
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::forward(self, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let g = self.forward_geometry(&[call.inputs.first()?.tensor_type()]).ok()?;
        let pixels: Vec<Place> = window_of(&g, call.at).into_iter().map(|at| Place::input(0, at)).collect();
        let count = pixels.len() as f32;
        Some(match self.kind {
            PoolKind::Max => Explanation::expression(Expr::input(0), vec![Part::Max(pixels)]),
            PoolKind::Average => Explanation::expression(Expr::input(0) / count, vec![Part::sum_of(pixels)]),
        })
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::forward(self, call);
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let geometry = self.forward_geometry(&[inputs[0].tensor_type()]).ok()?;
        let values = match self.kind {
            PoolKind::Max => reference::max_pool(&geometry, inputs[0].words()),
            PoolKind::Average => reference::average_pool(&geometry, inputs[0].words()),
        };
        HostTensor::f32(output.shape.clone(), values)
    }
}
