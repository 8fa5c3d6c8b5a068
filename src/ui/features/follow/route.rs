//! Ways through a step: which number of a line to follow next, to the loss or to the input.

use chalkgrad_engine::protocol::explanation::{Cell, CellInfo, Explanation};

use super::names::{BATCH_INPUT, BATCH_LOSS, BATCH_TARGET, Known, TensorName};

/// The most lines that a way adds.
pub const MOST_LINES: usize = 60;

/// End of a way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Goal {
    /// Backward, from gradient to gradient.
    Loss,
    /// Forward inward, from output to output.
    Input,
}

/// Returns the number to follow next; `None` at the end of the way.
pub fn next(line: &Explanation, goal: Goal, known: &Known) -> Option<Cell> {
    let own = &line.cell.cell;
    if is_end(line, goal) {
        return None;
    }
    let factors = line.parts.iter().flat_map(|part| &part.terms).flat_map(|term| {
        let size = if term.value.is_finite() { term.value.abs() } else { 0.0 };
        term.factors.iter().map(move |factor| (factor, size))
    });
    let ranked = factors.filter_map(|(factor, size)| Some((rank(factor, goal, known)?, size, factor)));
    let best = ranked.reduce(|best, other| {
        let is_better = other.0 < best.0 || (other.0 == best.0 && other.1 > best.1);
        if is_better { other } else { best }
    });
    let best = best.map(|(.., factor)| factor.cell.clone()).filter(|cell| cell != own);
    best.or_else(|| (goal == Goal::Loss).then(|| loss_of(line)).flatten())
}

/// Returns the loss of the example of a gradient from which no gradient is left to follow: its way ends there.
fn loss_of(line: &Explanation) -> Option<Cell> {
    let example = line.cell.example.filter(|_| TensorName::new(&line.cell.cell.tensor).is_gradient)?;
    Some(Cell { tensor: BATCH_LOSS.to_owned(), index: example, shard: None })
}

fn is_end(line: &Explanation, goal: Goal) -> bool {
    match goal {
        Goal::Loss => line.cell.cell.tensor == BATCH_LOSS,
        Goal::Input => line.cell.cell.tensor == BATCH_INPUT,
    }
}

/// Returns the rank of a factor on the way, the smallest first; `None` if it is not on it.
fn rank(factor: &CellInfo, goal: Goal, known: &Known) -> Option<u8> {
    let name = TensorName::new(&factor.cell.tensor);
    // The new state of the optimizer, which holds the gradient. The one before does not.
    let is_new_state = name.state.is_some() && !name.is_before;
    match goal {
        Goal::Loss if name.is_gradient => Some(0),
        Goal::Loss if is_new_state => Some(1),
        Goal::Loss if name.is_update => Some(2),
        Goal::Loss if factor.cell.tensor == BATCH_LOSS => Some(3),
        // The gradient of the first tensor behind the network comes from the loss itself.
        Goal::Loss => None,
        Goal::Input if name.is_gradient => Some(1),
        Goal::Input if is_new_state => Some(2),
        Goal::Input if name.is_update => Some(3),
        Goal::Input if name.state.is_some() || name.is_before || known.is_weight(name.base) => None,
        Goal::Input if factor.cell.tensor == BATCH_TARGET => None,
        Goal::Input if name.is_of_network() => Some(0),
        // Settings and constants lead nowhere.
        Goal::Input => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, names::tests::known};
    use super::*;

    fn tensor(line: &Explanation, goal: Goal) -> Option<String> {
        next(line, goal, &known()).map(|cell| cell.tensor)
    }

    #[test]
    fn the_way_to_the_loss_stays_in_gradients() {
        assert_eq!(tensor(&fixture::update(), Goal::Loss).as_deref(), Some("grad conv2d.kernel"));
        let next = next(&fixture::gradient(), Goal::Loss, &known()).unwrap();
        assert_eq!((next.tensor.as_str(), next.index), ("grad conv2d.add", 9), "the largest term");
        assert_eq!(tensor(&fixture::sum_before_activation(), Goal::Loss), None);
        assert_eq!(tensor(&fixture::pixel(), Goal::Loss), None);
    }

    #[test]
    fn the_way_to_the_input_leaves_weights_aside() {
        assert_eq!(tensor(&fixture::update(), Goal::Input).as_deref(), Some("grad conv2d.kernel"));
        assert_eq!(tensor(&fixture::gradient(), Goal::Input).as_deref(), Some("batch.input"));
        assert_eq!(tensor(&fixture::sum_before_activation(), Goal::Input).as_deref(), Some("batch.input"));
        assert_eq!(tensor(&fixture::pixel(), Goal::Input), None);
    }

    #[test]
    fn the_optimizers_new_state_is_on_the_way_and_the_old_one_is_not() {
        let mut line = fixture::update();
        line.parts[2].terms[0].factors[0].cell.tensor = "before adam.m conv2d.kernel".to_owned();
        assert_eq!(tensor(&line, Goal::Loss), None);
        line.parts[2].terms[0].factors[0].cell.tensor = "adam.m conv2d.kernel".to_owned();
        assert_eq!(tensor(&line, Goal::Loss).as_deref(), Some("adam.m conv2d.kernel"));
    }

    #[test]
    fn the_way_ends_in_the_loss_itself() {
        let mut line = Explanation { cell: fixture::cell("grad batch.loss", 1, &[], 0.03), ..Explanation::default() };
        assert_eq!(next(&line, Goal::Loss, &known()), None, "of no example");
        line.cell.example = Some(7);
        let end = next(&line, Goal::Loss, &known()).unwrap();
        assert_eq!((end.tensor.as_str(), end.index), ("batch.loss", 7));
        let line = Explanation { cell: fixture::cell("batch.loss", 7, &[], 2.3), ..Explanation::default() };
        assert_eq!(next(&line, Goal::Loss, &known()), None);
    }

    #[test]
    fn numbers_that_are_none_lead_somewhere_too() {
        let mut line = fixture::gradient();
        line.parts[0].terms.iter_mut().for_each(|term| term.value = f32::NAN);
        assert_eq!(next(&line, Goal::Loss, &known()).map(|cell| cell.index), Some(9));
    }
}
