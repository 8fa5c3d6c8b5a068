//! Rows of a table by integer index, as in an embedding.

use std::sync::Arc;

use super::case_values::{integers, uniform};
use crate::error::{GraphError, Result};
use crate::ir::gpu::{Buffer, Element, Form, GpuCall, Pass, constants};
use crate::ir::op::{Case, as_i32};
use crate::ir::{CpuCall, ExplainCall, Explanation, Expr, Graph, NodeId, Op, Part, Place, VjpCall};
use crate::tensor::{DType, Shape, TensorType};

/// A table `[V,...]` and indices `i32[I]` (any shape `I`) to the rows `[I,...]`. An index outside `0..V` gives NaN.
#[derive(Clone, Debug)]
pub struct Gather;

/// Indices `i32[I]` and gradients `[I,...]` of the gathered rows to the gradient `[rows,...]` of the table.
#[derive(Clone, Debug)]
pub struct GatherGradient {
    pub rows: usize,
}

/// The indices that a GPU sorts at first, each by looking at all of them.
const FIRST_RUN: usize = 64;

/// Appends a [`Gather`].
///
/// # Errors
/// If the table has no axis, or the indices are not integers.
pub fn gather(graph: &mut Graph, table: NodeId, indices: NodeId) -> Result<NodeId> {
    graph.apply(Arc::new(Gather), &[table, indices])
}

fn joined(first: &[usize], second: &[usize]) -> Shape {
    [first, second].concat().into()
}

impl Op for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        match inputs {
            [table, indices] if table.dtype == DType::F32 && table.shape.rank() > 0 && indices.dtype == DType::I32 => {
                Ok(TensorType::f32(joined(indices.shape.dims(), &table.shape.dims()[1..])))
            }
            _ => Err(GraphError::GatherInputs { op: self.name().to_owned(), got: inputs.iter().collect() }.into()),
        }
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let rows = graph.tensor_type(call.inputs[0]).shape[0];
        let gradient = graph.apply(Arc::new(GatherGradient { rows }), &[call.inputs[1], call.gradient])?;
        Ok(vec![Some(gradient), None])
    }

    fn flops(&self, _inputs: &[&TensorType], _output: &TensorType) -> u64 {
        0
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let width: usize = call.input_types[0].shape.dims()[1..].iter().product();
        let sizes = constants(&[("WIDTH", width), ("TABLE_ROWS", call.input_types[0].shape[0])]);
        vec![Pass::elements(call, sizes + include_str!("gather/gpu.wgsl"))]
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let [table, indices] = call.inputs else { return None };
        let width: usize = table.shape().dims()[1..].iter().product::<usize>().max(1);
        let (at, column) = (call.at / width, call.at % width);
        let row = usize::try_from(*indices.i32s().get(at)?).ok()?;
        let places = [Place::input(0, row * width + column), Place::input(1, at)];
        Some(Explanation::of_numbers(Expr::input(0), places))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let width: usize = call.input_types[0].shape.dims()[1..].iter().product();
        if width == 0 {
            return;
        }
        let table = call.inputs[0];
        for (&index, output) in as_i32(call.inputs[1]).iter().zip(call.output.chunks_exact_mut(width)) {
            match table.chunks_exact(width).nth(index as usize) {
                Some(row) => output.copy_from_slice(row),
                None => output.fill(f32::NAN),
            }
        }
    }
}

impl Op for GatherGradient {
    fn name(&self) -> &'static str {
        "gather_gradient"
    }

    fn attributes(&self) -> String {
        format!("rows={}", self.rows)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        match inputs {
            [indices, gradient]
                if indices.dtype == DType::I32
                    && gradient.dtype == DType::F32
                    && gradient.shape.dims().starts_with(indices.shape.dims()) =>
            {
                Ok(TensorType::f32(joined(&[self.rows], &gradient.shape.dims()[indices.shape.rank()..])))
            }
            _ => {
                Err(GraphError::GatherGradientInputs { op: self.name().to_owned(), got: inputs.iter().collect() }
                    .into())
            }
        }
    }

    fn vjp(&self, _graph: &mut Graph, _call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Err(super::no_second_derivative(self.name()))
    }

    /// Sorts the indices first, by merging, so that each row of the table finds its own without looking at all others.
    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let width: usize = call.output_type.shape.dims()[1..].iter().product();
        let count = call.input_types[0].shape.len();
        let sizes = |run: usize| constants(&[("WIDTH", width), ("INDICES", count), ("RUN", run)]);
        let order = |number: usize| Buffer::Scratch { number: number % 2, size_words: count };
        let indices = (Buffer::Input(0), Element::I32);
        let sorting = |source: &str, run: usize, reads, writes| Pass {
            source: sizes(run) + source,
            form: Form::Rows { count },
            reads,
            writes,
            integers: true,
        };
        let mut passes = vec![sorting(include_str!("gather/gpu_runs.wgsl"), FIRST_RUN, vec![indices], order(0))];
        let mut run = FIRST_RUN;
        while run < count {
            let reads = vec![indices, (order(passes.len() - 1), Element::I32)];
            passes.push(sorting(include_str!("gather/gpu_merge.wgsl"), run, reads, order(passes.len())));
            run *= 2;
        }
        passes.push(Pass {
            reads: vec![indices, (order(passes.len() - 1), Element::I32), (Buffer::Input(1), Element::F32)],
            ..Pass::elements(call, sizes(run) + include_str!("gather/gpu_gradient.wgsl"))
        });
        passes
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let indices = call.inputs.first()?.i32s();
        let width: usize = call.output.shape().dims()[1..].iter().product::<usize>().max(1);
        let (row, column) = (call.at / width, call.at % width);
        let own = indices.iter().enumerate().filter(|(_, index)| usize::try_from(**index) == Ok(row));
        let places = own.map(|(at, _)| Place::input(1, at * width + column));
        Some(Explanation::expression(Expr::input(0), vec![Part::sum_of(places)]))
    }

    /// Sums in the order of the indices, so that a run replays bit for bit.
    fn cpu(&self, call: &mut CpuCall<'_>) {
        call.output.fill(0.0);
        let width: usize = call.output_type.shape.dims()[1..].iter().product();
        if width == 0 {
            return;
        }
        for (&index, gradient) in as_i32(call.inputs[0]).iter().zip(call.inputs[1].chunks_exact(width)) {
            if let Some(row) = call.output.chunks_exact_mut(width).nth(index as usize) {
                for (total, value) in row.iter_mut().zip(gradient) {
                    *total += value;
                }
            }
        }
    }
}

pub fn cases() -> Vec<Case> {
    let case = |table: &[usize], indices: &[usize]| Case {
        label: format!("{indices:?} of {table:?}"),
        op: Arc::new(Gather),
        inputs: vec![uniform(table, -1.0, 1.0, 1), integers(indices, table[0] as u32, 2)],
        differentiable: vec![true, false],
        tolerance: 0.0,
    };
    let gradient = |rows: usize, indices: &[usize], width: usize| Case {
        label: format!("gradient of {indices:?} of {rows} rows of {width}"),
        op: Arc::new(GatherGradient { rows }),
        // Some of the indices lie outside.
        inputs: vec![integers(indices, rows as u32 + 2, 3), uniform([indices, &[width]].concat(), -1.0, 1.0, 4)],
        differentiable: vec![false, false],
        tolerance: 0.0,
    };
    vec![
        case(&[5, 3], &[2, 4]),
        case(&[4], &[7]),
        case(&[3, 2, 2], &[1]),
        // One run, whole runs, and runs without a partner of their length.
        gradient(5, &[3, 7], 3),
        gradient(40, &[4, 64], 2),
        gradient(9, &[3, 111], 5),
        gradient(300, &[1], 4),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::interpret::run_cpu_kernel;
    use crate::tensor::HostTensor;

    #[test]
    fn an_index_out_of_range_shows_as_nan() {
        let indices = HostTensor::i32([3], &[1, -1, 2]).unwrap();
        let table = HostTensor::f32([2, 1], vec![5.0, 6.0]).unwrap();
        let rows = run_cpu_kernel(&Gather, &[&table, &indices], &TensorType::f32([3, 1]));
        assert!(rows.words()[0] == 6.0 && rows.words()[1].is_nan() && rows.words()[2].is_nan());
    }

    #[test]
    fn rows_taken_twice_add_their_gradients() {
        let indices = HostTensor::i32([3], &[1, 0, 1]).unwrap();
        let gradient = HostTensor::f32([3, 1], vec![1.0, 10.0, 100.0]).unwrap();
        let table = run_cpu_kernel(&GatherGradient { rows: 3 }, &[&indices, &gradient], &TensorType::f32([3, 1]));
        assert_eq!(table.words(), [10.0, 101.0, 0.0]);
    }
}
