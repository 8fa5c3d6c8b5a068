//! One number of the last step, followed back to where it comes from: through the update, the gradients, the loss and the layers.
//!
//! The [record](super::step_record) of a step keeps the tensors that have names. To follow a number, the graph of one shard runs
//! once more with every node readable, and the ops [explain](crate::ir::Op::explain) how one number follows from others.

mod input;
mod maps;
mod operands;
mod update;

use std::ops::Range;

use super::Session;
use super::graphs::{INPUT, Program, RNG_KEY, TARGET};
use super::plans::{LoadedPlan, PlanKey};
use super::progress::Position;
use super::record_graphs::{BATCH_INPUT, BEFORE};
use super::replicas::Shard;
use super::step_record::{BATCH_INDICES, BATCH_TARGET};
use crate::backend::{PlanHandle, RunStatus, TensorRef};
use crate::error::{Result, SessionError};
use crate::ir::{ExplainCall, Expr, Graph, NodeId, NodeKind, Part, Place, Product, explain};
use crate::protocol::Cell;
use crate::protocol::explanation::{Explanation, Origin};
use crate::tensor::HostTensor;
use operands::{Operand, Operands};

/// The most terms that an explanation lists.
const MAX_TERMS: usize = 5000;

/// A graph whose numbers can be followed.
pub(super) struct Followed {
    source: Source,
    graph: Graph,
    /// For each node the rows of its first axis that one example has; 0 if it has none for each.
    rows: Vec<usize>,
    plan: Option<LoadedPlan>,
    is_computed: bool,
}

/// The source of the numbers that are followed.
#[derive(Clone, PartialEq, Eq)]
enum Source {
    /// A shard of the last step, with the positions of its examples in the batch.
    Shard { at: Position, shard: usize, range: Range<usize> },
    /// One input on its way through the network, with the weights as they are.
    Input,
}

/// The place of a number.
enum Target {
    Node {
        shard: usize,
        name: String,
        index: usize,
    },
    /// The sum over the shards.
    Merged,
    /// A state after the step, or a number on the way to it.
    Update,
    /// A number that follows from none of the step.
    Leaf(Origin),
}

impl Followed {
    /// Builds a graph by the number of its examples.
    fn new(source: Source, examples: usize, build: impl Fn(usize) -> Result<Program>) -> Result<Self> {
        let Program { graph, .. } = build(examples)?;
        // The extents that depend on the number of examples are those that another number changes.
        let Program { graph: larger, .. } = build(examples + 1)?;
        let extent =
            |graph: &Graph, id: NodeId| graph.tensor_type(id).shape.dims().first().copied().unwrap_or_default();
        let rows = graph.ids().map(|id| extent(&larger, id).saturating_sub(extent(&graph, id))).collect();
        Ok(Self { source, graph, rows, plan: None, is_computed: false })
    }

    /// Returns the plan that holds the numbers, or will.
    pub fn handle(&self) -> Option<PlanHandle> {
        self.plan.as_ref().map(|loaded| loaded.handle)
    }

    pub fn is_computed(&self) -> bool {
        self.is_computed
    }

    /// Returns the nodes that the explanation of a node reads: its operands, a softmax of them, and itself.
    fn read_by(&self, id: NodeId) -> Vec<NodeId> {
        let node = self.graph.node(id);
        let softmax = node.inputs.iter().find_map(|input| self.softmax_of(*input));
        node.inputs.iter().copied().chain(softmax).chain([id]).collect()
    }

    fn softmax_of(&self, input: NodeId) -> Option<NodeId> {
        let is_own = |id: &NodeId| {
            let node = self.graph.node(*id);
            matches!(&node.kind, NodeKind::Op(op) if op.name() == "softmax") && node.inputs.first() == Some(&input)
        };
        self.graph.ids().find(is_own)
    }

    fn tensor_ref(&self, id: NodeId) -> Option<TensorRef> {
        let node = self.graph.node(id);
        match node.kind {
            NodeKind::Constant(_) => None,
            NodeKind::State => Some((None, node.name.clone())),
            NodeKind::Input | NodeKind::Op(_) => Some((Some(self.handle()?), node.name.clone())),
        }
    }

    fn index_of(&self, name: &str) -> Option<NodeId> {
        self.graph.find(match name {
            BATCH_INPUT => INPUT,
            BATCH_TARGET => TARGET,
            name => name,
        })
    }
}

fn unknown(cell: &Cell) -> SessionError {
    SessionError::UnknownTensor { name: cell.tensor.clone() }
}

impl Session {
    /// Makes a number of the last step ready to be explained until `has_time` says no; true once [`Session::explain`] can, always on
    /// the CPU. Call it again otherwise, when woken if the backend works by itself.
    ///
    /// # Errors
    /// `no-value-yet` if the last step has not been recorded; `unknown-tensor`; `too-large` if memory does not suffice; those of the
    /// backend.
    pub fn prepare_explanation(&mut self, cell: &Cell, has_time: &mut dyn FnMut() -> bool) -> Result<bool> {
        if !self.has_record() {
            return Err(SessionError::NotRecorded.into());
        }
        if !self.compute_record(has_time)? {
            return Ok(false);
        }
        match self.locate(cell)? {
            Target::Node { shard, name, .. } => {
                if !self.compute_followed(shard, has_time)? {
                    return Ok(false);
                }
                let Some(followed) = &self.executor.retained.followed else { return Ok(false) };
                let node = followed.index_of(&name).ok_or_else(|| unknown(cell))?;
                let refs: Vec<TensorRef> =
                    followed.read_by(node).into_iter().filter_map(|id| followed.tensor_ref(id)).collect();
                self.executor.backend.fetch(&refs)
            }
            Target::Merged => Ok(true),
            Target::Update | Target::Leaf(_) => self.fetch_last_step(&self.update_reads(cell)),
        }
    }

    /// Explains a number of the last step. At most `terms` of each sum are listed.
    ///
    /// # Errors
    /// As [`Session::prepare_explanation`], which has to have returned true.
    pub fn explain(&self, cell: &Cell, terms: usize) -> Result<Explanation> {
        let terms = terms.min(MAX_TERMS);
        match self.locate(cell)? {
            Target::Node { name, index, .. } => {
                let followed = self.executor.retained.followed.as_ref().filter(|followed| followed.is_computed);
                self.explain_node(followed.ok_or(SessionError::NotRecorded)?, cell, (&name, index), terms)
            }
            Target::Merged => self.explain_merged(cell, terms),
            Target::Update => self.explain_update(cell, terms),
            Target::Leaf(origin) => {
                let tensor = self.leaf(&cell.tensor)?;
                let operand = Operand::whole(cell.tensor.clone(), tensor);
                let operands = Operands { operands: Vec::new(), own: operand };
                operands.leaf(cell.index as usize, origin).ok_or_else(|| unknown(cell).into())
            }
        }
    }

    /// Finds the place of a number.
    fn locate(&self, cell: &Cell) -> Result<Target> {
        let (Some(record), name) = (self.step_info(), &cell.tensor) else {
            return Err(SessionError::NotRecorded.into());
        };
        let shards = record.shards as usize;
        if let Some(shard) = cell.shard {
            let (shard, name) = (shard as usize, name.clone());
            return match shard < shards {
                true => Ok(Target::Node { shard, name, index: cell.index as usize }),
                false => Err(unknown(cell).into()),
            };
        }
        if self.model.state_shape(name).is_some() || name.starts_with(update::PREFIX) {
            return Ok(Target::Update);
        }
        if name.strip_prefix(BEFORE).is_some_and(|state| self.model.state_shape(state).is_some()) {
            return Ok(Target::Leaf(Origin::State));
        }
        if name == BATCH_INDICES {
            return Ok(Target::Leaf(Origin::Input));
        }
        if update::is_setting(name) {
            return Ok(Target::Leaf(Origin::Setting));
        }
        if self.model.is_summed_over_shards(name) {
            return Ok(match shards {
                1 => Target::Node { shard: 0, name: name.clone(), index: cell.index as usize },
                _ => Target::Merged,
            });
        }
        // A number of one of the examples.
        let examples = record.indices.len();
        let width = self.numbers_per_example(name).ok_or_else(|| unknown(cell))?;
        let (example, rest) = (cell.index as usize / width, cell.index as usize % width);
        let mut ranges = Shard::ranges(examples, shards).enumerate();
        let (shard, range) = ranges.find(|(_, range)| range.contains(&example)).ok_or_else(|| unknown(cell))?;
        Ok(Target::Node { shard, name: name.clone(), index: (example - range.start) * width + rest })
    }

    /// Runs the graph of a shard with every node readable, until `has_time` says no.
    fn compute_followed(&mut self, shard: usize, has_time: &mut dyn FnMut() -> bool) -> Result<bool> {
        let Self { model, executor, feeder, .. } = self;
        let record = executor.retained.record.as_ref().ok_or(SessionError::NotRecorded)?;
        let task = record.task(shard);
        let source = Source::Shard { at: task.at, shard, range: task.range.clone() };
        let mut followed = match executor.retained.followed.take() {
            Some(followed) if followed.source == source => followed,
            other => {
                executor.cancel_followed(other);
                Followed::new(source, task.range.len(), |examples| model.follow_graph(examples))?
            }
        };
        if !followed.is_computed {
            let loaded = match &followed.plan {
                Some(loaded) => loaded.clone(),
                None => {
                    let loaded = task.begin(PlanKey::Follow, model, executor, &feeder.dataset)?;
                    followed.plan.insert(loaded).clone()
                }
            };
            followed.is_computed = executor.backend.run(loaded.handle, has_time)? == RunStatus::Done;
        }
        Ok(executor.retained.followed.insert(followed).is_computed)
    }

    fn explain_node(
        &self,
        followed: &Followed,
        cell: &Cell,
        (name, index): (&str, usize),
        terms: usize,
    ) -> Result<Explanation> {
        let id = followed.index_of(name).ok_or_else(|| unknown(cell))?;
        let node = followed.graph.node(id);
        let own = self.operand(followed, id)?;
        if index >= own.tensor.words().len() {
            return Err(unknown(cell).into());
        }
        let op = match &node.kind {
            NodeKind::Op(op) => op,
            leaf => {
                let origin = match (leaf, &node.name[..]) {
                    (NodeKind::State, _) => Origin::State,
                    (NodeKind::Input, INPUT) => Origin::Input,
                    (NodeKind::Input, TARGET) => Origin::Target,
                    (NodeKind::Input, RNG_KEY) => Origin::Random,
                    _ => Origin::Constant,
                };
                let operands = Operands { operands: Vec::new(), own };
                return operands.leaf(index, origin).ok_or_else(|| unknown(cell).into());
            }
        };
        let reads = followed.read_by(id);
        let operands =
            reads[..reads.len() - 1].iter().map(|id| self.operand(followed, *id)).collect::<Result<Vec<_>>>()?;
        let inputs: Vec<&HostTensor> = operands.iter().take(node.inputs.len()).map(|operand| &operand.tensor).collect();
        let call = ExplainCall { inputs: &inputs, output: &own.tensor, at: index };
        let Some(explanation) = op.explain(&call) else { return Err(unknown(cell).into()) };
        let softmax = (operands.len() > node.inputs.len()).then_some(node.inputs.len());
        let explanation = explanation.without_softmax(&|of| Some(Place::input(softmax?, of.at)));
        let layer = node.layer.map(|layer| followed.graph.layer_name(layer).to_owned());
        let operands = Operands { operands, own };
        Ok(Explanation { layer, op: op.name().to_owned(), ..operands.explain(index, &explanation, terms) })
    }

    /// Reads a node of the shard that is followed.
    fn operand(&self, followed: &Followed, id: NodeId) -> Result<Operand> {
        let node = followed.graph.node(id);
        let backend = &self.executor.backend;
        let tensor = match &node.kind {
            NodeKind::Constant(value) => HostTensor::clone(value),
            NodeKind::State => {
                let words = backend.read_state(&node.name)?;
                HostTensor::from_words(node.tensor_type.clone(), words).ok_or(SessionError::NotRecorded)?
            }
            NodeKind::Input | NodeKind::Op(_) => {
                backend.read(followed.handle().ok_or(SessionError::NotRecorded)?, &node.name)?
            }
        };
        let name = match &node.name[..] {
            INPUT => BATCH_INPUT,
            TARGET => BATCH_TARGET,
            name => name,
        };
        let (shard, first) = match &followed.source {
            _ if matches!(node.kind, NodeKind::State) || name.is_empty() => {
                return Ok(Operand::whole(name.to_owned(), tensor));
            }
            Source::Shard { shard, range, .. } => (Some(*shard as u32), Some(range.start)),
            Source::Input => (None, None),
        };
        let rows = followed.rows[id.0 as usize];
        let examples = tensor.shape().dims().first().and_then(|extent| extent.checked_div(rows)).unwrap_or_default();
        Ok(Operand { name: name.to_owned(), shard, examples, first, tensor })
    }

    /// Explains a number that is the sum over the shards.
    fn explain_merged(&self, cell: &Cell, terms: usize) -> Result<Explanation> {
        let own = self.last_step(std::slice::from_ref(&cell.tensor))?.remove(0);
        let record = self.executor.retained.record.as_ref().ok_or(SessionError::NotRecorded)?;
        let index = cell.index as usize;
        let operands: Vec<Operand> = record
            .parts(&cell.tensor)
            .map(|(shard, part)| Operand {
                name: cell.tensor.clone(),
                shard: Some(shard as u32),
                examples: 0,
                first: None,
                tensor: part.clone(),
            })
            .collect();
        if index >= own.words().len() || operands.is_empty() {
            return Err(unknown(cell).into());
        }
        let product = |shard: usize| Product {
            coefficient: record.coefficient(&cell.tensor, shard),
            factors: [Place::input(shard, index)].into_iter().collect(),
        };
        let products = (0..operands.len()).map(product).collect();
        let explanation = explain::Explanation::expression(Expr::input(0), vec![Part::Sum(products)]);
        let operands = Operands { operands, own: Operand::whole(cell.tensor.clone(), own) };
        Ok(operands.explain(index, &explanation, terms))
    }
}
