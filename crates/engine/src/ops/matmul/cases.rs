use std::sync::Arc;

use super::Matmul;
use crate::ir::op::Case;
use crate::ops::case_values::uniform;

/// Makes cases of every transposition, at sizes on both sides of the kernel's blocks of 4, 8, 64 and 512.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, steps, columns) in [(4, 8, 8), (1, 1, 1), (5, 7, 9), (3, 600, 10), (67, 17, 33), (64, 32, 16)] {
        for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true), (true, true)] {
            let a = if transpose_a { [steps, rows] } else { [rows, steps] };
            let b = if transpose_b { [columns, steps] } else { [steps, columns] };
            cases.push(Case {
                label: format!("{rows}x{steps}x{columns} transposed {transpose_a} {transpose_b}"),
                op: Arc::new(Matmul { transpose_a, transpose_b }),
                inputs: vec![uniform(a, -1.0, 1.0, 1), uniform(b, -1.0, 1.0, 2)],
                differentiable: vec![true, true],
                tolerance: 1e-5,
            });
        }
    }
    cases
}
