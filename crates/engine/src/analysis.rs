//! Analyses of matrices that views ask for.

pub mod pca;
