//! Task of a model: the inputs of a data set, and the target that a configuration compares the outputs with.

use super::builders::{dense, embedding, flatten, global_average_pooling1d};
use super::catalogue::{MAX_OUTPUTS, ResolvedLayer, Source, first_dense_on_image, no_layers, shape_text};
use super::spec::{LayerSpec, LossSpec, ModelSpec, TargetChoice, TrainingConfig};
use crate::data::schema::{FieldType, Schema, Target};
use crate::error::{Error, ModelError, Result};

/// See the [module](self).
#[derive(Clone, PartialEq, Debug)]
pub struct Task {
    /// The data set's name.
    pub dataset: String,
    /// Inputs, and the target that the configuration has chosen.
    pub schema: Schema,
    pub loss: LossSpec,
}

impl Task {
    /// Makes the task that a configuration sets with its data set.
    pub fn new(schema: &Schema, config: &TrainingConfig) -> Self {
        let target = effective_target(schema, config);
        let schema = Schema { input: schema.input.clone(), target };
        Self { dataset: config.dataset.clone(), schema, loss: config.loss.clone() }
    }

    /// Returns the number of outputs that a model needs.
    pub fn outputs(&self) -> usize {
        match &self.schema.target {
            Target::Class { names } | Target::Values { names } => names.len(),
            Target::Input => self.schema.input.len(),
        }
    }

    /// Checks that a model takes the data set's inputs, that its output fits the target, and that the loss compares the two.
    ///
    /// # Errors
    /// `wrong-input`; `wrong-output`, at the last layer; `missing-flatten`, at the first `Dense` that works on an image, if
    /// that is the reason; `bad-setting`, naming the losses that fit.
    pub fn check(&self, spec: &ModelSpec, layers: &[ResolvedLayer]) -> Result<()> {
        self.check_input(spec)?;
        self.check_tokens(layers)?;
        let outputs = self.check_output(layers)?;
        self.loss.check_fit(&self.schema.target, outputs)
    }

    /// Checks that a model takes as many numbers as an input of the data set has.
    ///
    /// # Errors
    /// `wrong-input`.
    pub fn check_input(&self, spec: &ModelSpec) -> Result<()> {
        let values = spec.input_shape.iter().fold(1usize, |product, extent| product.saturating_mul(*extent));
        if values == self.schema.input.len() {
            return Ok(());
        }
        let (shape, expected) = (shape_text(&spec.input_shape), shape_text(&self.schema.input.shape));
        Err(ModelError::InputNotOfDataset { shape, dataset: self.dataset.clone(), expected }.into())
    }

    /// Checks that embeddings take the tokens of a text, each of which they have a row for, and that no other layer does.
    ///
    /// # Errors
    /// `no-tokens`, `tokens` or `vocabulary`, at the layer.
    fn check_tokens(&self, layers: &[ResolvedLayer]) -> Result<()> {
        for (at, layer) in layers.iter().enumerate() {
            let fault = match (layer.layer_type.takes_tokens(), self.schema.input.dtype) {
                (true, FieldType::Tokens { vocabulary }) if layer.inputs == [Source::Input] => {
                    let rows =
                        layer.weights.first().and_then(|weight| weight.shape.first().copied()).unwrap_or_default();
                    (rows < vocabulary as usize).then_some(ModelError::Vocabulary { rows, vocabulary })
                }
                (true, _) => Some(ModelError::NoTokens),
                (false, FieldType::Tokens { .. }) if layer.inputs.contains(&Source::Input) => {
                    Some(ModelError::Tokens { layer_type: layer.layer_type.type_name().to_owned() })
                }
                _ => None,
            };
            if let Some(fault) = fault {
                return Err(Error::from(fault).at_layer(at, &layer.name));
            }
        }
        Ok(())
    }

    /// Checks the output, and returns the number of its numbers. A classifier may have more outputs than classes, as Keras's
    /// sparse cross-entropy allows, but at most [`MAX_OUTPUTS`]. For two classes one is enough: the probability of the second.
    ///
    /// # Errors
    /// As [`Task::check`].
    pub fn check_output(&self, layers: &[ResolvedLayer]) -> Result<usize> {
        let Some(last) = layers.last() else { return Err(no_layers()) };
        let needed = self.outputs();
        let is_right = match (&self.schema.target, &last.output_shape[..]) {
            (Target::Class { .. }, &[units]) => {
                (needed..=needed.max(MAX_OUTPUTS)).contains(&units) || (units == 1 && needed == 2)
            }
            (Target::Values { .. }, &[units]) => units == needed,
            (Target::Input, shape) => shape.iter().product::<usize>() == needed,
            _ => false,
        };
        if is_right {
            return Ok(last.output_shape.iter().product());
        }
        let shape = shape_text(&last.output_shape);
        if last.output_shape.len() > 1
            && !matches!(self.schema.target, Target::Input)
            && let Some(at) = first_dense_on_image(layers)
        {
            let error = Error::from(ModelError::MissingFlatten { outputs: needed, shape });
            return Err(error.at_layer(at, &layers[at].name));
        }
        let error = match &self.schema.target {
            Target::Class { .. } => ModelError::WrongOutput { classes: needed, shape },
            Target::Values { .. } => ModelError::WrongValues { values: needed, shape },
            Target::Input => ModelError::OutputNotInput { expected: shape_text(&self.schema.input.shape), shape },
        };
        Err(Error::from(error).at_layer(layers.len() - 1, &last.name))
    }

    /// Returns the layer that ends a model for this task.
    pub fn head(&self) -> LayerSpec {
        let activation = match self.schema.target {
            Target::Class { .. } => "softmax",
            Target::Values { .. } => "linear",
            Target::Input => "sigmoid",
        };
        dense(self.outputs() as u32).activation(activation)
    }

    /// Returns a small network for this task: dense, and for a text on the mean of its words' embeddings.
    pub fn small_network(&self) -> ModelSpec {
        const UNITS: u32 = 32;
        let input_shape = self.schema.input.shape.clone();
        let hidden = || dense(UNITS).activation("relu");
        let mut layers = match (self.schema.input.dtype, input_shape.len()) {
            (FieldType::Tokens { vocabulary }, _) => {
                vec![embedding(vocabulary, UNITS).with("maskZero", true), global_average_pooling1d()]
            }
            (_, 0 | 1) => vec![hidden()],
            _ => vec![flatten(), hidden()],
        };
        layers.push(self.head());
        ModelSpec { name: None, input_shape, layers }
    }
}

/// Returns the target that a configuration compares outputs with.
pub fn effective_target(schema: &Schema, config: &TrainingConfig) -> Target {
    match config.target {
        TargetChoice::Label => schema.target.clone(),
        TargetChoice::Input => Target::Input,
    }
}
