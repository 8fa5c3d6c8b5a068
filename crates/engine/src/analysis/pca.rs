//! Principal components of the rows of a matrix.

/// See the [module](self).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Pca {
    /// `[width]`
    pub mean: Vec<f64>,
    /// Unit vectors `[width]`, the one along which the rows differ most first. The entry of the largest magnitude is positive, as
    /// scikit-learn chooses the sign.
    pub components: Vec<Vec<f64>>,
    /// The share that each component has in the variance of the rows.
    pub explained_variance_ratio: Vec<f64>,
}

/// Sweeps of the Jacobi iteration, which converges quadratically: ten suffice for matrices of any size that fit here.
const SWEEPS: usize = 16;

impl Pca {
    /// Finds the first `count` components of rows `[n,width]`. Takes time in proportion to the third power of the smaller of both
    /// extents.
    pub fn fit(rows: &[f32], width: usize, count: usize) -> Self {
        let n = rows.len() / width.max(1);
        if n == 0 {
            return Self::default();
        }
        let column = |at: usize| rows.iter().skip(at).step_by(width).map(|value| f64::from(*value));
        let mean: Vec<f64> = (0..width).map(|at| column(at).sum::<f64>() / n as f64).collect();
        let centred: Vec<Vec<f64>> = rows
            .chunks_exact(width)
            .map(|row| row.iter().zip(&mean).map(|(value, mean)| f64::from(*value) - mean).collect())
            .collect();
        let columns: Vec<Vec<f64>> = (0..width).map(|at| centred.iter().map(|row| row[at]).collect()).collect();
        // Both products have the same eigenvalues besides 0.
        let has_few_rows = n < width;
        let (values, vectors) = eigen(products(if has_few_rows { &centred } else { &columns }));
        let total: f64 = values.iter().sum();
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|one, other| values[*other].total_cmp(&values[*one]));
        let component = |at: usize| {
            let vector = &vectors[at];
            let direction: Vec<f64> =
                if has_few_rows { columns.iter().map(|column| dot(column, vector)).collect() } else { vector.clone() };
            let largest =
                direction.iter().copied().reduce(|one, other| if other.abs() > one.abs() { other } else { one });
            let length = dot(&direction, &direction).sqrt().max(f64::MIN_POSITIVE).copysign(largest.unwrap_or(1.0));
            direction.iter().map(|value| value / length).collect()
        };
        order.truncate(count);
        Self {
            components: order.iter().map(|at| component(*at)).collect(),
            explained_variance_ratio: order
                .iter()
                .map(|at| (values[*at] / total.max(f64::MIN_POSITIVE)).max(0.0))
                .collect(),
            mean,
        }
    }

    /// Returns the coordinates of a row along the components.
    pub fn project(&self, row: &[f32]) -> Vec<f64> {
        let centred: Vec<f64> = row.iter().zip(&self.mean).map(|(value, mean)| f64::from(*value) - mean).collect();
        self.components.iter().map(|component| dot(component, &centred)).collect()
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// Returns the products of each two vectors.
fn products(vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
    vectors.iter().map(|one| vectors.iter().map(|other| dot(one, other)).collect()).collect()
}

/// Returns the eigenvalues of a symmetric matrix and their unit eigenvectors, in no order, by cyclic Jacobi rotations (Golub, Van
/// Loan, "Matrix Computations", 8.5).
fn eigen(mut matrix: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = matrix.len();
    // Row k of the rotations becomes eigenvector k.
    let mut vectors: Vec<Vec<f64>> =
        (0..n).map(|row| (0..n).map(|column| f64::from(u8::from(row == column))).collect()).collect();
    let size: f64 = matrix.iter().map(|row| dot(row, row)).sum();
    for _ in 0..SWEEPS {
        let off: f64 = (0..n).map(|p| matrix[p][p + 1..].iter().map(|value| value * value).sum::<f64>()).sum();
        if off <= size * 1e-24 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if matrix[p][q].abs() > 1e-300 {
                    rotate(&mut matrix, &mut vectors, p, q);
                }
            }
        }
    }
    ((0..n).map(|at| matrix[at][at]).collect(), vectors)
}

/// Makes the entry (p,q) of a symmetric matrix 0 by a rotation.
fn rotate(matrix: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    let tau = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
    let tangent = tau.signum() / (tau.abs() + tau.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let turn = |one: &mut f64, other: &mut f64| {
        (*one, *other) = (cosine * *one - sine * *other, sine * *one + cosine * *other);
    };
    for row in matrix.iter_mut() {
        let (left, right) = row.split_at_mut(q);
        turn(&mut left[p], &mut right[0]);
    }
    for rows in [matrix, vectors] {
        let (above, below) = rows.split_at_mut(q);
        above[p].iter_mut().zip(&mut below[0]).for_each(|(one, other)| turn(one, other));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(one: &[f64], other: &[f64]) -> bool {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| (one - other).abs() < 1e-6)
    }

    #[test]
    fn components_are_those_of_scikit_learn() {
        // sklearn.decomposition.PCA(2).fit(rows) of scikit-learn 1.7.2.
        let rows = [2.0, 0.5, -1.0, 1.5, 0.0, 3.0, -0.5, 1.0, 2.5, 0.0, -2.0, 1.0, 3.0, 1.5, 0.5];
        let pca = Pca::fit(&rows, 3, 2);
        assert!(close(&pca.components[0], &[-0.653_691_964_969, -0.364_503_359_542, 0.663_192_367_128]), "{pca:?}");
        assert!(close(&pca.components[1], &[0.235_893_285_744, 0.734_546_864_163, 0.636_235_225_439]), "{pca:?}");
        assert!(close(&pca.explained_variance_ratio, &[0.576_586_150_886, 0.313_921_413_756]), "{pca:?}");
        assert!(close(&pca.project(&rows[..3]), &[-2.091_327_787_520, -0.990_638_808_122]), "{pca:?}");
    }

    #[test]
    fn few_long_rows_have_the_components_of_the_many_short_ones() {
        let rows: Vec<f32> = (0..4 * 9).map(|at| ((at * 37 % 23) as f32 - 11.0) / 7.0).collect();
        let pca = Pca::fit(&rows, 9, 3);
        for (at, component) in pca.components.iter().enumerate() {
            assert!((dot(component, component) - 1.0).abs() < 1e-9);
            let along: Vec<f64> = rows.chunks(9).map(|row| pca.project(row)[at]).collect();
            // The coordinates are uncorrelated, and the first have the largest variance.
            for other in 0..at {
                let others: Vec<f64> = rows.chunks(9).map(|row| pca.project(row)[other]).collect();
                assert!(dot(&along, &others).abs() < 1e-9 && dot(&others, &others) >= dot(&along, &along));
            }
        }
        assert!((pca.explained_variance_ratio.iter().sum::<f64>() - 1.0).abs() < 1e-9, "four rows span three axes");
        assert_eq!(Pca::fit(&[], 3, 2), Pca::default());
        assert!(Pca::fit(&[1.0; 6], 3, 2).components.iter().flatten().all(|value| value.is_finite()));
    }
}
