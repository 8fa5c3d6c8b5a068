//! Softmax and cross-entropy with integer labels in one op: the loss of classification, from logits.
//!
//! `loss[n] = log(sum_c exp(logits[n,c])) - logits[n,labels[n]]`. One op is exact even if the softmax rounds to 0 or 1,
//! and its gradient is simply `softmax(logits) - one_hot(labels)`.

mod cases;

use std::sync::Arc;

pub use cases::cases;

use super::softmax::gpu_functions;
use super::softmax::{log_sum_exp, row_of, softmax_row};
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::op::as_i32;
use crate::ir::{CpuCall, ExplainCall, Explanation, Expr, Graph, NodeId, Op, Part, Place, VjpCall};
use crate::tensor::HostTensor;
use crate::tensor::{DType, TensorType};

/// Logits `[N,C]` and labels `i32[N]` to losses `[N]`. A label outside `0..C` gives NaN, which stops training.
#[derive(Clone, Debug)]
pub struct SoftmaxCrossEntropy;

/// Logits, labels and the gradient `[N]` of the losses to the gradient `[N,C]` of the logits.
#[derive(Clone, Debug)]
pub struct SoftmaxCrossEntropyGradient;

/// Appends the loss of each sample, `[N]`.
///
/// # Errors
/// If logits are not `[N,C]` or labels not `i32[N]`.
pub fn softmax_cross_entropy(graph: &mut Graph, logits: NodeId, labels: NodeId) -> Result<NodeId> {
    graph.apply(Arc::new(SoftmaxCrossEntropy), &[logits, labels])
}

fn check(name: &str, inputs: &[&TensorType]) -> Result<()> {
    match inputs {
        [logits, labels, rest @ ..]
            if logits.shape.rank() == 2
                && logits.dtype == DType::F32
                && *labels == &TensorType::i32([logits.shape[0]])
                && rest.iter().all(|gradient| *gradient == &TensorType::f32([logits.shape[0]])) =>
        {
            Ok(())
        }
        _ => Err(GraphError::LogitsAndLabels { op: name.to_owned(), got: inputs.iter().collect() }.into()),
    }
}

impl Op for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "softmax_cross_entropy"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        check(self.name(), inputs)?;
        Ok(TensorType::f32([inputs[0].shape[0]]))
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let operands = [call.inputs[0], call.inputs[1], call.gradient];
        Ok(vec![Some(graph.apply(Arc::new(SoftmaxCrossEntropyGradient), &operands)?), None])
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        4 * inputs[0].shape.len() as u64
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let source = gpu_functions(call.input_types[0].shape.last().max(1)) + include_str!("gpu.wgsl");
        vec![Pass::elements(call, source)]
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let classes = call.inputs.first()?.shape().last();
        let label = usize::try_from(*call.inputs.get(1)?.i32s().get(call.at)?).ok().filter(|label| *label < classes)?;
        let (of, row) = (Place::input(0, call.at * classes + label), row_of(0, call.at * classes, classes));
        Some(Explanation::expression(-Expr::input(0).log(), vec![Part::Softmax { of, row }]))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let classes = call.input_types[0].shape.last().max(1);
        let rows = call.inputs[0].chunks_exact(classes);
        for ((row, &label), loss) in rows.zip(as_i32(call.inputs[1])).zip(call.output.iter_mut()) {
            *loss = match row.get(label as usize) {
                Some(logit) => log_sum_exp(row) - logit,
                None => f32::NAN,
            };
        }
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let classes = inputs[0].shape().last().max(1);
        let rows = inputs[0].words().chunks_exact(classes).zip(inputs[1].i32s());
        let losses = rows.map(|(row, &label)| {
            let sum: f64 = row.iter().map(|&value| f64::from(value).exp()).sum();
            row.get(label as usize).map_or(f32::NAN, |&logit| (sum.ln() - f64::from(logit)) as f32)
        });
        HostTensor::f32(output.shape.clone(), losses.collect())
    }
}

impl Op for SoftmaxCrossEntropyGradient {
    fn name(&self) -> &'static str {
        "softmax_cross_entropy_gradient"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        check(self.name(), inputs)?;
        Ok(inputs[0].clone())
    }

    fn vjp(&self, _graph: &mut Graph, _call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Err(super::no_second_derivative(self.name()))
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        5 * inputs[0].shape.len() as u64
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let classes = call.output_type.shape.last().max(1);
        let source = gpu_functions(classes) + include_str!("gpu_gradient.wgsl");
        vec![Pass::rows(call, call.output_type.shape.len() / classes, source)]
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let classes = call.output.shape().last();
        let (example, class) = (call.at / classes, call.at % classes);
        let (of, row) = (Place::input(0, call.at), row_of(0, call.at, classes));
        let [label, gradient] = [1, 2].map(|input| Part::Number(Place::input(input, example)));
        let target = Expr::input(1).equal(class as f32);
        let expression = (Expr::input(0) - target) * Expr::input(2);
        Some(Explanation::expression(expression, vec![Part::Softmax { of, row }, label, gradient]))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let classes = call.output_type.shape.last().max(1);
        let rows = call.inputs[0].chunks_exact(classes).zip(call.output.chunks_exact_mut(classes));
        for (((row, output), &label), gradient) in rows.zip(as_i32(call.inputs[1])).zip(call.inputs[2]) {
            softmax_row(row, output);
            match output.get_mut(label as usize) {
                Some(probability) => *probability -= 1.0,
                None => output.fill(f32::NAN),
            }
            output.iter_mut().for_each(|value| *value *= gradient);
        }
    }
}
