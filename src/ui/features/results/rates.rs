//! Recall and precision of each class.

/// Returns `correct / all` of each class's row: the share of its images that were recognised. `None` without images.
pub fn recalls(confusion: &[f32], classes: usize) -> Vec<Option<f32>> {
    let rows = confusion.chunks(classes.max(1)).enumerate();
    rows.map(|(class, row)| share(row[class.min(row.len() - 1)], row.iter().sum())).collect()
}

/// Returns `correct / all` of each class's column: the share of right answers among those that name the class.
pub fn precisions(confusion: &[f32], classes: usize) -> Vec<Option<f32>> {
    let column = |class: usize| confusion.iter().skip(class).step_by(classes.max(1));
    (0..classes).map(|class| share(confusion[class * classes + class], column(class).sum())).collect()
}

fn share(correct: f32, all: f32) -> Option<f32> {
    (all > 0.0).then(|| correct / all)
}
