//! Integers as unit vectors.

use std::sync::Arc;

use super::case_values::integers;
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass, constants};
use crate::ir::op::{Case, as_i32};
use crate::ir::{CpuCall, ExplainCall, Explanation, Expr, Graph, NodeId, Op, Place, VjpCall};
use crate::tensor::{DType, TensorType};

/// `i32[I]` to unit vectors `[I,classes]`; all zeros for an integer outside `0..classes`, as in Keras.
#[derive(Clone, Debug)]
pub struct OneHot {
    pub classes: usize,
}

/// Appends a [`OneHot`].
///
/// # Errors
/// If the input is not an integer tensor.
pub fn one_hot(graph: &mut Graph, labels: NodeId, classes: usize) -> Result<NodeId> {
    graph.apply(Arc::new(OneHot { classes }), &[labels])
}

impl Op for OneHot {
    fn name(&self) -> &'static str {
        "one_hot"
    }

    fn attributes(&self) -> String {
        format!("classes={}", self.classes)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        match inputs {
            [labels] if labels.dtype == DType::I32 => {
                Ok(TensorType::f32([labels.shape.dims(), &[self.classes]].concat()))
            }
            _ => Err(GraphError::NotOneI32 { op: self.name().to_owned(), got: inputs.iter().collect() }.into()),
        }
    }

    fn vjp(&self, _graph: &mut Graph, _call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Ok(vec![None])
    }

    fn flops(&self, _inputs: &[&TensorType], _output: &TensorType) -> u64 {
        0
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let element = "fn element(i: u32) -> f32 { return select(0.0, 1.0, x0[i / C] == i32(i % C)); }\n";
        vec![Pass::elements(call, constants(&[("C", self.classes)]) + element)]
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let classes = self.classes.max(1);
        let is_class = Expr::input(0).equal((call.at % classes) as f32);
        Some(Explanation::of_numbers(is_class, [Place::input(0, call.at / classes)]))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        call.output.fill(0.0);
        if self.classes == 0 {
            return;
        }
        for (&label, row) in as_i32(call.inputs[0]).iter().zip(call.output.chunks_exact_mut(self.classes)) {
            if let Some(value) = row.get_mut(label as usize) {
                *value = 1.0;
            }
        }
    }
}

pub fn cases() -> Vec<Case> {
    let case = |shape: &[usize], classes: usize| Case {
        label: format!("{shape:?}, {classes} classes"),
        op: Arc::new(OneHot { classes }),
        inputs: vec![integers(shape, classes as u32, 1)],
        differentiable: vec![false],
        tolerance: 0.0,
    };
    vec![case(&[2, 3], 5), case(&[7], 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::interpret::run_cpu_kernel;
    use crate::tensor::HostTensor;

    #[test]
    fn an_integer_out_of_range_gives_zeros() {
        let labels = HostTensor::i32([3], &[1, -1, 2]).unwrap();
        let vectors = run_cpu_kernel(&OneHot { classes: 2 }, &[&labels], &TensorType::f32([3, 2]));
        assert_eq!(vectors.words(), [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
