//! A step stage by stage: the batch, forward, the loss, backward, and the update of the weights.

use chalkgrad_engine::protocol::responses::TensorData;

/// A stage of a training step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Stage {
    #[default]
    Batch,
    Forward,
    Loss,
    Backward,
    Update,
}

impl Stage {
    pub const ALL: [Self; 5] = [Self::Batch, Self::Forward, Self::Loss, Self::Backward, Self::Update];

    /// Returns the key of its name.
    pub fn key(self) -> &'static str {
        match self {
            Self::Batch => "stage_batch",
            Self::Forward => "stage_forward",
            Self::Loss => "stage_loss",
            Self::Backward => "stage_backward",
            Self::Update => "stage_update",
        }
    }

    /// Returns the key of the sentence that says what happens.
    pub fn help(self) -> &'static str {
        match self {
            Self::Batch => "stage_batch_help",
            Self::Forward => "stage_forward_help",
            Self::Loss => "stage_loss_help",
            Self::Backward => "stage_backward_help",
            Self::Update => "stage_update_help",
        }
    }

    /// Returns true if the cards show the tensors of an example one after the other.
    pub fn walks(self) -> bool {
        matches!(self, Self::Forward | Self::Backward)
    }
}

/// Moment of a slow step: a stage, and how many cards have their turn behind them or now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moment {
    pub stage: Stage,
    /// From 1 on in stages that walk over the cards, else 0.
    pub card: usize,
}

impl Moment {
    /// Returns the beginning of a stage.
    pub fn start(stage: Stage) -> Self {
        Self { stage, card: usize::from(stage.walks()) }
    }

    /// Returns the stage with all cards.
    pub fn whole(stage: Stage, cards: usize) -> Self {
        Self { stage, card: if stage.walks() { cards } else { 0 } }
    }

    /// Returns the next moment; `None` at the end of the step.
    pub fn next(self, cards: usize) -> Option<Self> {
        if self.stage.walks() && self.card < cards {
            return Some(Self { card: self.card + 1, ..self });
        }
        let at = Stage::ALL.iter().position(|stage| *stage == self.stage)?;
        Stage::ALL.get(at + 1).map(|stage| Self::start(*stage))
    }

    /// Returns true if a card shows its tensor, and true if it is its turn. Backward goes from right to left.
    pub fn of_card(self, at: usize, cards: usize) -> (bool, bool) {
        let turn = match self.stage {
            Stage::Forward => at + 1,
            Stage::Backward => cards.saturating_sub(at),
            // Each stage keeps the numbers of the one before.
            Stage::Loss | Stage::Update => return (true, false),
            Stage::Batch => return (false, false),
        };
        (turn <= self.card, turn == self.card)
    }

    /// Returns true if the cards show gradients and not outputs.
    pub fn is_backward(self) -> bool {
        self.stage >= Stage::Backward
    }
}

/// Returns one example of a batch, as a batch of one; `None` if there is no such example.
pub fn of_example(tensor: &TensorData, example: usize) -> Option<TensorData> {
    let (&count, rest) = tensor.shape.split_first()?;
    let size: usize = rest.iter().product();
    if example >= count || size == 0 {
        return None;
    }
    let values = tensor.values.get(example * size..(example + 1) * size)?.to_vec();
    Some(TensorData { shape: [&[1], rest].concat(), values })
}

/// Returns the pixels of a square grey image and its width.
pub fn grey(example: TensorData) -> Option<(Vec<u8>, usize)> {
    let &[_, height, width, 1] = &example.shape[..] else { return None };
    let largest = example.values.iter().copied().fold(0.0, f32::max);
    // Pixels are from 0 to 1, unless they are as they came.
    let unit = if largest > 1.0 { largest } else { 1.0 };
    let pixel = |value: &f32| (value / unit * 255.0).clamp(0.0, 255.0).round() as u8;
    (height == width).then(|| (example.values.iter().map(pixel).collect(), width))
}

/// Returns the class of each example; none where the target is no class.
pub fn classes(target: &TensorData, classes: usize) -> Vec<usize> {
    let count = target.shape.first().copied().unwrap_or_default();
    if classes == 0 || count == 0 {
        return Vec::new();
    }
    match target.values.len() / count {
        1 => target.values.iter().map(|class| *class as usize).collect(),
        width => {
            let largest = |row: &[f32]| {
                row.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1)).map_or(0, |(at, _)| at)
            };
            target.values.chunks_exact(width).map(largest).collect()
        }
    }
}

/// Returns the probability that the network gave a class, from its outputs for an example.
pub fn probability(outputs: &[f32], class: usize) -> Option<f32> {
    let is_share = |value: &f32| (0.0..=1.0).contains(value);
    if let [only] = outputs {
        let only = if is_share(only) { *only } else { 1.0 / (1.0 + (-only).exp()) };
        return Some(if class == 0 { 1.0 - only } else { only });
    }
    let own = *outputs.get(class)?;
    let sum: f32 = outputs.iter().sum();
    if outputs.iter().all(is_share) && (sum - 1.0).abs() < 1e-3 {
        return Some(own);
    }
    let largest = outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = outputs.iter().map(|value| (value - largest).exp()).sum();
    Some((own - largest).exp() / total)
}

/// Change of a weight by a step.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    pub weight: String,
    /// Euclidean norms of the change, and of the weight before it.
    pub change: f64,
    pub before: f64,
}

impl Change {
    pub fn new(weight: String, before: &[f32], after: &[f32]) -> Self {
        let norm = |squares: f64| squares.sqrt();
        let square = |value: f32| f64::from(value) * f64::from(value);
        let change = before.iter().zip(after).map(|(before, after)| square(after - before)).sum();
        Self { weight, change: norm(change), before: norm(before.iter().copied().map(square).sum()) }
    }

    /// Returns the norm of the change as a share of the weight's; `None` for a weight that was 0.
    pub fn ratio(&self) -> Option<f64> {
        (self.before > 0.0).then(|| self.change / self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_step_walks_over_the_cards_and_back() {
        let mut moment = Some(Moment::start(Stage::Batch));
        let mut all = Vec::new();
        while let Some(now) = moment {
            all.push((now.stage, now.card));
            moment = now.next(2);
        }
        use Stage::{Backward, Batch, Forward, Loss, Update};
        assert_eq!(all, [(Batch, 0), (Forward, 1), (Forward, 2), (Loss, 0), (Backward, 1), (Backward, 2), (Update, 0)]);
        let backward = Moment { stage: Stage::Backward, card: 1 };
        assert_eq!([0, 1].map(|at| backward.of_card(at, 2)), [(false, false), (true, true)]);
        let forward = Moment::whole(Stage::Forward, 2);
        assert_eq!([0, 1].map(|at| forward.of_card(at, 2)), [(true, false), (true, true)]);
        let loss = Moment::start(Stage::Loss);
        assert_eq!((loss.of_card(0, 2), loss.is_backward(), backward.is_backward()), ((true, false), false, true));
    }

    #[test]
    fn an_example_is_cut_out_of_its_batch() {
        let tensor = TensorData { shape: vec![2, 1, 2], values: vec![1.0, 2.0, 3.0, 4.0] };
        let example = of_example(&tensor, 1).unwrap();
        assert_eq!((example.shape, example.values), (vec![1, 1, 2], vec![3.0, 4.0]));
        assert_eq!(of_example(&tensor, 2), None);
        assert_eq!(of_example(&TensorData::default(), 0), None);
    }

    #[test]
    fn classes_come_as_numbers_or_as_ones_among_zeros() {
        let target = TensorData { shape: vec![2], values: vec![3.0, 1.0] };
        assert_eq!(classes(&target, 10), [3, 1]);
        let target = TensorData { shape: vec![2, 3], values: vec![0.0, 0.0, 1.0, 1.0, 0.0, 0.0] };
        assert_eq!(classes(&target, 3), [2, 0]);
        assert!(classes(&target, 0).is_empty());
    }

    #[test]
    fn probabilities_come_from_shares_or_from_logits() {
        assert_eq!(probability(&[0.25, 0.75], 1), Some(0.75));
        assert_eq!(probability(&[0.75], 0), Some(0.25));
        let p = probability(&[2.0, 2.0], 0).unwrap();
        assert!((p - 0.5).abs() < 1e-6);
        assert_eq!(probability(&[0.5, 0.5], 7), None);
    }

    #[test]
    fn changes_are_compared_with_the_weight() {
        let change = Change::new("dense.bias".to_owned(), &[3.0, 4.0], &[3.0, 4.5]);
        assert_eq!((change.change, change.before, change.ratio()), (0.5, 5.0, Some(0.1)));
        assert_eq!(Change::new(String::new(), &[0.0], &[1.0]).ratio(), None);
    }
}
