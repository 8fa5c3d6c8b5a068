//! Ops that only move values: transpose, concat, slice, pad. They take any element type.
//!
//! The gradient of each is another of them.

mod cases;

use std::sync::Arc;

use smallvec::SmallVec;

pub use cases::cases;

use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass, index_function, reads};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, Place, VjpCall};
use crate::tensor::DType;
use crate::tensor::{Shape, TensorType, index, place};

type Extents = SmallVec<[usize; 4]>;

/// Axis `i` of the result is axis `permutation[i]` of the input.
#[derive(Clone, Debug)]
pub struct Transpose {
    pub permutation: Extents,
}

/// Concatenation along an axis.
#[derive(Clone, Debug)]
pub struct Concat {
    pub axis: usize,
}

/// Part from `start` (included) to `end` (excluded) along each axis.
#[derive(Clone, Debug)]
pub struct Slice {
    pub start: Extents,
    pub end: Extents,
}

/// Zeros before and after the tensor along each axis.
#[derive(Clone, Debug)]
pub struct Pad {
    pub before: Extents,
    pub after: Extents,
}

/// The order along an axis turned round.
#[derive(Clone, Debug)]
pub struct Reverse {
    pub axis: usize,
}

/// Appends a [`Reverse`].
///
/// # Errors
/// If the input has no such axis.
pub fn reverse(graph: &mut Graph, x: NodeId, axis: usize) -> Result<NodeId> {
    graph.apply(Arc::new(Reverse { axis }), &[x])
}

/// Appends a [`Transpose`].
///
/// # Errors
/// If `permutation` is not a permutation of the input's axes.
pub fn transpose(graph: &mut Graph, x: NodeId, permutation: &[usize]) -> Result<NodeId> {
    graph.apply(Arc::new(Transpose { permutation: permutation.into() }), &[x])
}

/// Appends a [`Concat`].
///
/// # Errors
/// If the inputs differ along other axes than `axis`, or there are none.
pub fn concat(graph: &mut Graph, parts: &[NodeId], axis: usize) -> Result<NodeId> {
    graph.apply(Arc::new(Concat { axis }), parts)
}

/// Appends a [`Slice`].
///
/// # Errors
/// If the bounds do not lie in the input.
pub fn slice(graph: &mut Graph, x: NodeId, start: &[usize], end: &[usize]) -> Result<NodeId> {
    graph.apply(Arc::new(Slice { start: start.into(), end: end.into() }), &[x])
}

/// Appends a [`Pad`].
///
/// # Errors
/// If there is not one number per axis.
pub fn pad(graph: &mut Graph, x: NodeId, before: &[usize], after: &[usize]) -> Result<NodeId> {
    graph.apply(Arc::new(Pad { before: before.into(), after: after.into() }), &[x])
}

/// Layout of an array's elements in a slice of words.
struct View<'a> {
    offset: usize,
    strides: &'a [usize],
}

/// Copies an array of extents `dims` from one layout to another.
fn copy(dims: &[usize], from: &[f32], from_view: View<'_>, to: &mut [f32], to_view: View<'_>) {
    let (Some((&length, outer)), Some((&from_step, from_outer)), Some((&to_step, to_outer))) =
        (dims.split_last(), from_view.strides.split_last(), to_view.strides.split_last())
    else {
        to[to_view.offset] = from[from_view.offset];
        return;
    };
    if dims.contains(&0) {
        return;
    }
    let mut position: Extents = SmallVec::from_elem(0, outer.len());
    let (mut source, mut target) = (from_view.offset, to_view.offset);
    loop {
        if from_step == 1 && to_step == 1 {
            to[target..target + length].copy_from_slice(&from[source..source + length]);
        } else {
            for index in 0..length {
                to[target + index * to_step] = from[source + index * from_step];
            }
        }
        // Advance to the next row like an odometer.
        let mut axis = outer.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            position[axis] += 1;
            source += from_outer[axis];
            target += to_outer[axis];
            if position[axis] < outer[axis] {
                break;
            }
            source -= from_outer[axis] * outer[axis];
            target -= to_outer[axis] * outer[axis];
            position[axis] = 0;
        }
    }
}

fn offset(strides: &[usize], start: &[usize]) -> usize {
    strides.iter().zip(start).map(|(stride, start)| stride * start).sum()
}

/// Makes a pass that reads each element at the offset given by strides.
fn moved(call: &GpuCall<'_>, dims: &[usize], strides: &[usize], offset: usize) -> Pass {
    let axes: Vec<(usize, usize)> = dims.iter().copied().zip(strides.iter().copied()).collect();
    let element = format!("fn element(i: u32) -> {} {{ return x0[from_index(i)]; }}\n", scalar(call));
    Pass::elements(call, index_function("from_index", &axes, offset) + &element)
}

fn scalar(call: &GpuCall<'_>) -> &'static str {
    match call.output_type.dtype {
        DType::F32 => "f32",
        DType::I32 => "i32",
    }
}

fn one_input<'a>(name: &str, inputs: &[&'a TensorType]) -> Result<&'a TensorType> {
    match inputs {
        [x] => Ok(x),
        _ => Err(GraphError::WrongInputCount { op: name.to_owned(), expected: 1, got: inputs.len() }.into()),
    }
}

impl Op for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn attributes(&self) -> String {
        format!("permutation={:?}", &self.permutation[..])
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        let x = one_input(self.name(), inputs)?;
        let rank = x.shape.rank();
        if self.permutation.len() != rank || (0..rank).any(|axis| !self.permutation.contains(&axis)) {
            let axes = self.permutation.iter().collect();
            return Err(
                GraphError::WrongPermutation { op: self.name().to_owned(), axes, got: x.shape.to_string() }.into()
            );
        }
        let dims: Vec<usize> = self.permutation.iter().map(|&axis| x.shape[axis]).collect();
        Ok(TensorType { shape: dims.into(), dtype: x.dtype })
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let mut inverse = self.permutation.clone();
        for (position, &axis) in self.permutation.iter().enumerate() {
            inverse[axis] = position;
        }
        Ok(vec![Some(transpose(graph, call.gradient, &inverse)?)])
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let own = call.input_types[0].shape.strides();
        let strides: Extents = self.permutation.iter().map(|&axis| own[axis]).collect();
        vec![moved(call, call.output_type.shape.dims(), &strides, 0)]
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let shape = call.inputs.first()?.shape();
        let mut own = vec![0; shape.rank()];
        for (at, axis) in place(call.output.shape().dims(), call.at).into_iter().zip(&self.permutation) {
            own[*axis] = at;
        }
        Some(Explanation::copy(Place::input(0, index(shape.dims(), &own))))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let shape = &call.output_type.shape;
        let own = call.input_types[0].shape.strides();
        let strides: Extents = self.permutation.iter().map(|&axis| own[axis]).collect();
        let from = View { offset: 0, strides: &strides };
        copy(shape.dims(), call.inputs[0], from, call.output, View { offset: 0, strides: &shape.strides() });
    }
}

impl Op for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn attributes(&self) -> String {
        format!("axis={}", self.axis)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        let agree = |first: &TensorType| {
            self.axis < first.shape.rank()
                && inputs.iter().all(|input| {
                    input.dtype == first.dtype
                        && input.shape.rank() == first.shape.rank()
                        && (0..first.shape.rank())
                            .all(|axis| axis == self.axis || input.shape[axis] == first.shape[axis])
                })
        };
        match inputs.first() {
            Some(first) if agree(first) => {
                let mut dims = first.shape.dims().to_vec();
                dims[self.axis] = inputs.iter().map(|input| input.shape[self.axis]).sum();
                Ok(TensorType { shape: dims.into(), dtype: first.dtype })
            }
            _ => Err(GraphError::Concatenation {
                op: self.name().to_owned(),
                axis: self.axis,
                got: inputs.iter().collect(),
            }
            .into()),
        }
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let mut first = 0;
        let mut gradients = Vec::with_capacity(call.inputs.len());
        for &input in call.inputs {
            let mut end: Extents = graph.tensor_type(input).shape.dims().into();
            let mut start: Extents = SmallVec::from_elem(0, end.len());
            start[self.axis] = first;
            end[self.axis] += first;
            first = end[self.axis];
            gradients.push(Some(slice(graph, call.gradient, &start, &end)?));
        }
        Ok(gradients)
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let inner: usize = call.output_type.shape.dims()[self.axis + 1..].iter().product();
        let row = call.output_type.shape[self.axis] * inner;
        let mut first = 0;
        let mut passes = Vec::new();
        for (input, read) in call.input_types.iter().zip(reads(call)) {
            let length = input.shape[self.axis] * inner;
            if !input.shape.is_empty() {
                let to = index_function("to", &[(input.shape.len() / length, row), (length, 1)], first);
                let source = to + "fn row(i: u32) { store(to(i), x0[i]); }\n";
                passes.push(Pass { reads: vec![read], ..Pass::rows(call, input.shape.len(), source) });
            }
            first += length;
        }
        passes
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let mut own = place(call.output.shape().dims(), call.at);
        for (input, tensor) in call.inputs.iter().enumerate() {
            let extent = tensor.shape()[self.axis];
            if own[self.axis] < extent {
                return Some(Explanation::copy(Place::input(input, index(tensor.shape().dims(), &own))));
            }
            own[self.axis] -= extent;
        }
        None
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let inner: usize = call.output_type.shape.dims()[self.axis + 1..].iter().product();
        let row = call.output_type.shape[self.axis] * inner;
        let mut first = 0;
        for (input, input_type) in call.inputs.iter().zip(call.input_types) {
            let length = input_type.shape[self.axis] * inner;
            if length > 0 {
                for (source, target) in input.chunks_exact(length).zip(call.output.chunks_exact_mut(row)) {
                    target[first..first + length].copy_from_slice(source);
                }
            }
            first += length;
        }
    }
}

impl Op for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn attributes(&self) -> String {
        format!("start={:?}, end={:?}", &self.start[..], &self.end[..])
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        let x = one_input(self.name(), inputs)?;
        let rank = x.shape.rank();
        let fits = self.start.len() == rank
            && self.end.len() == rank
            && (0..rank).all(|axis| self.start[axis] <= self.end[axis] && self.end[axis] <= x.shape[axis]);
        if !fits {
            let [start, end] = [&self.start, &self.end].map(|place| Shape::from(&place[..]).to_string());
            return Err(
                GraphError::RangeOutside { op: self.name().to_owned(), start, end, got: x.shape.to_string() }.into()
            );
        }
        let dims: Vec<usize> = self.end.iter().zip(&self.start).map(|(end, start)| end - start).collect();
        Ok(TensorType { shape: dims.into(), dtype: x.dtype })
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let shape = &graph.tensor_type(call.inputs[0]).shape;
        let after: Extents = shape.dims().iter().zip(&self.end).map(|(extent, end)| extent - end).collect();
        Ok(vec![Some(pad(graph, call.gradient, &self.start, &after)?)])
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let strides = call.input_types[0].shape.strides();
        vec![moved(call, call.output_type.shape.dims(), &strides, offset(&strides, &self.start))]
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let own = place(call.output.shape().dims(), call.at);
        let own: Vec<usize> = own.iter().zip(&self.start).map(|(at, start)| at + start).collect();
        Some(Explanation::copy(Place::input(0, index(call.inputs.first()?.shape().dims(), &own))))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let strides = call.input_types[0].shape.strides();
        let from = View { offset: offset(&strides, &self.start), strides: &strides };
        let shape = &call.output_type.shape;
        copy(shape.dims(), call.inputs[0], from, call.output, View { offset: 0, strides: &shape.strides() });
    }
}

impl Op for Reverse {
    fn name(&self) -> &'static str {
        "reverse"
    }

    fn attributes(&self) -> String {
        format!("axis={}", self.axis)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        let x = one_input(self.name(), inputs)?;
        if self.axis >= x.shape.rank() {
            let axes = self.axis + 1;
            return Err(
                GraphError::WrongAxisCount { op: self.name().to_owned(), axes, got: x.shape.to_string() }.into()
            );
        }
        Ok(x.clone())
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Ok(vec![Some(reverse(graph, call.gradient, self.axis)?)])
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let shape = &call.output_type.shape;
        let extent = shape[self.axis];
        let inner: usize = shape.dims()[self.axis + 1..].iter().product();
        let source = format!(
            "fn element(i: u32) -> {} {{\n    let at = i / {inner}u % {extent}u;\n    \
             return x0[i + {}u * {inner}u - 2u * at * {inner}u];\n}}\n",
            scalar(call),
            extent - 1
        );
        vec![Pass::elements(call, source)]
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let dims = call.output.shape().dims();
        let mut own = place(dims, call.at);
        own[self.axis] = dims[self.axis] - 1 - own[self.axis];
        Some(Explanation::copy(Place::input(0, index(dims, &own))))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let shape = &call.output_type.shape;
        let inner: usize = shape.dims()[self.axis + 1..].iter().product();
        let length = shape[self.axis] * inner;
        if length == 0 {
            return;
        }
        for (source, target) in call.inputs[0].chunks_exact(length).zip(call.output.chunks_exact_mut(length)) {
            for (source, target) in source.chunks_exact(inner).rev().zip(target.chunks_exact_mut(inner)) {
                target.copy_from_slice(source);
            }
        }
    }
}

impl Op for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn attributes(&self) -> String {
        format!("before={:?}, after={:?}", &self.before[..], &self.after[..])
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        let x = one_input(self.name(), inputs)?;
        if self.before.len() != x.shape.rank() || self.after.len() != x.shape.rank() {
            let axes = self.before.len();
            return Err(
                GraphError::WrongAxisCount { op: self.name().to_owned(), axes, got: x.shape.to_string() }.into()
            );
        }
        let around = self.before.iter().zip(&self.after).map(|(before, after)| before + after);
        let dims: Vec<usize> = x.shape.dims().iter().zip(around).map(|(extent, around)| extent + around).collect();
        Ok(TensorType { shape: dims.into(), dtype: x.dtype })
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let shape = &graph.tensor_type(call.inputs[0]).shape;
        let end: Extents = shape.dims().iter().zip(&self.before).map(|(extent, before)| extent + before).collect();
        Ok(vec![Some(slice(graph, call.gradient, &self.before, &end)?)])
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let input = &call.input_types[0].shape;
        let strides = call.output_type.shape.strides();
        let axes: Vec<(usize, usize)> = input.dims().iter().copied().zip(strides.iter().copied()).collect();
        let zero = format!("fn element(i: u32) -> {0} {{ return {0}(0); }}\n", scalar(call));
        let zeros = Pass { reads: Vec::new(), ..Pass::elements(call, zero) };
        let to = index_function("to", &axes, offset(&strides, &self.before));
        let values = Pass::rows(call, input.len(), to + "fn row(i: u32) { store(to(i), x0[i]); }\n");
        vec![zeros, values]
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let dims = call.inputs.first()?.shape().dims();
        let own = place(call.output.shape().dims(), call.at);
        let own: Option<Vec<usize>> = own
            .iter()
            .zip(&self.before)
            .zip(dims)
            .map(|((at, before), extent)| at.checked_sub(*before).filter(|at| at < extent))
            .collect();
        Some(match own {
            Some(own) => Explanation::copy(Place::input(0, index(dims, &own))),
            None => Explanation::constant(0.0),
        })
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        call.output.fill(0.0);
        let shape = &call.input_types[0].shape;
        let strides = call.output_type.shape.strides();
        let to = View { offset: offset(&strides, &self.before), strides: &strides };
        copy(shape.dims(), call.inputs[0], View { offset: 0, strides: &shape.strides() }, call.output, to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::interpret::run_cpu_kernel;
    use crate::tensor::HostTensor;

    fn run(op: &dyn Op, inputs: &[&HostTensor]) -> HostTensor {
        let types: Vec<&TensorType> = inputs.iter().map(|input| input.tensor_type()).collect();
        run_cpu_kernel(op, inputs, &op.infer(&types).unwrap())
    }

    fn counting(shape: &[usize]) -> HostTensor {
        HostTensor::f32(shape, (0..shape.iter().product()).map(|value| value as f32).collect()).unwrap()
    }

    /// Compares with numpy's `transpose`, `concatenate`, slicing and `pad`, computed by hand.
    #[test]
    fn values_land_where_they_belong() {
        let x = counting(&[2, 3]);
        let transposed = run(&Transpose { permutation: [1, 0][..].into() }, &[&x]);
        assert_eq!(transposed.words(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        let joined = run(&Concat { axis: 1 }, &[&x, &counting(&[2, 1])]);
        assert_eq!(joined.words(), [0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 5.0, 1.0]);
        let part = run(&Slice { start: [0, 1][..].into(), end: [2, 2][..].into() }, &[&x]);
        assert_eq!(part.words(), [1.0, 4.0]);
        let padded = run(&Pad { before: [1, 0][..].into(), after: [0, 1][..].into() }, &[&x]);
        assert_eq!(padded.words(), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 5.0, 0.0]);
        let turned = run(&Transpose { permutation: [2, 0, 1][..].into() }, &[&counting(&[2, 2, 2])]);
        assert_eq!(turned.words(), [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 7.0]);
    }

    #[test]
    fn a_slice_outside_the_tensor_is_an_error() {
        let op = Slice { start: [0][..].into(), end: [5][..].into() };
        let error = op.infer(&[&TensorType::f32([4])]).unwrap_err();
        assert_eq!(error.code, "shape-mismatch");
    }
}
