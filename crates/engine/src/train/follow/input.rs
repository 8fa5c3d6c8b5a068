//! Numbers on the way of one input through the network, such as a digit that is being drawn.

use super::super::Session;
use super::super::graphs::INPUT;
use super::super::plans::PlanKey;
use super::{Followed, MAX_TERMS, Source, unknown};
use crate::backend::{RunStatus, TensorRef};
use crate::error::{Result, SessionError};
use crate::protocol::explanation::Explanation;
use crate::protocol::{ArrayData, Cell};

impl Session {
    /// Sends one input `[input shape]` through the network and makes one of its numbers ready to be explained; true once
    /// [`Session::explain_input`] can, always on the CPU. Call it again otherwise, when woken.
    ///
    /// # Errors
    /// `wrong-length` if it is not one input; `unknown-tensor`; `too-large` if memory does not suffice; those of the backend.
    pub fn prepare_input_explanation(&mut self, input: &ArrayData, cell: &Cell) -> Result<bool> {
        let (size, got) = (self.model.input_len(), input.values().len());
        if got != size {
            return Err(SessionError::PixelsLength { size, got }.into());
        }
        self.model.check_values(input.values())?;
        let model = &self.model;
        let mut followed = match self.followed_input.take() {
            Some(followed) => followed,
            None => Followed::new(Source::Input, 1, |examples| model.follow_input_graph(examples))?,
        };
        if !followed.is_computed {
            let loaded = match &followed.plan {
                Some(loaded) => loaded.clone(),
                None => {
                    let loaded = self.executor.plan(&self.model, PlanKey::FollowInput)?;
                    let scale = self.feeder.dataset.info().scale();
                    let backend = &mut self.executor.backend;
                    backend.write_input(loaded.handle, INPUT, &mut |words| input.values().write(scale, words))?;
                    followed.plan.insert(loaded).clone()
                }
            };
            followed.is_computed = self.executor.backend.run(loaded.handle, &mut || true)? == RunStatus::Done;
        }
        let followed = self.followed_input.insert(followed);
        if !followed.is_computed {
            return Ok(false);
        }
        let node = followed.index_of(&cell.tensor).ok_or_else(|| unknown(cell))?;
        let refs: Vec<TensorRef> =
            followed.read_by(node).into_iter().filter_map(|id| followed.tensor_ref(id)).collect();
        self.executor.backend.fetch(&refs)
    }

    /// Explains a number of an input, after [`Session::prepare_input_explanation`]. At most `terms` of each sum are listed. Weights
    /// are those of now.
    ///
    /// # Errors
    /// `unknown-tensor`; those of the backend.
    pub fn explain_input(&mut self, cell: &Cell, terms: usize) -> Result<Explanation> {
        let followed = self.followed_input.take().filter(Followed::is_computed).ok_or_else(|| unknown(cell))?;
        self.explain_node(&followed, cell, (&cell.tensor, cell.index as usize), terms.min(MAX_TERMS))
    }
}
