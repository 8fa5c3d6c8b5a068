//! Catalogue of the data sets that chalkgrad knows. One file each.

mod points;

use self::points::MakePoint;
use super::schema::Schema;
use super::text::TextSpec;
use super::{Dataset, DatasetInfo};
use crate::error::Result;

/// A data set of the catalogue.
pub struct Source {
    /// The name in a training configuration, `"fashion-mnist"`.
    pub name: &'static str,
    /// The name that people know.
    pub title: &'static str,
    pub schema: fn() -> Schema,
    /// Numbers of training and of test examples.
    pub examples: [usize; 2],
    pub licence: &'static str,
    /// The authors, and the place from which the files come.
    pub origin: &'static str,
    pub files: Origin,
}

/// The way in which the examples arrive.
pub enum Origin {
    /// As shards that `cargo xtask data` has cut.
    Shards,
    /// As shards of texts, which become token ids in this way unless the configuration says otherwise.
    Texts(TextSpec),
    /// Made here, point by point.
    Made(MakePoint),
}

/// Declares the sources: each has a module of its own and a line.
macro_rules! sources {
    ($(#[$doc:meta])* $sources:ident { $($module:ident::$source:ident),* $(,)? }) => {
        $(mod $module; pub use $module::$source;)*

        $(#[$doc])*
        pub static $sources: &[&Source] = &[$(&$source),*];
    };
}

sources! {
    /// Every source, in the order of menus. To add one, write its file under `sources/` and add its line here.
    SOURCES {
        mnist::MNIST,
        fashion_mnist::FASHION_MNIST,
        reviews_en::REVIEWS_EN,
        reviews_zh::REVIEWS_ZH,
        breast_cancer::BREAST_CANCER,
        wine::WINE,
        diabetes::DIABETES,
        spiral::SPIRAL,
        circles::CIRCLES,
        xor::XOR,
        blobs::BLOBS,
        plane::PLANE,
    }
}

/// Finds a source by its name.
pub fn find(name: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.name == name).copied()
}

impl Source {
    /// Describes the data set, before any of it has arrived.
    pub fn info(&self) -> DatasetInfo {
        let [train_total, test_total] = self.examples;
        let (name, schema) = (self.name.to_owned(), (self.schema)());
        DatasetInfo { name, schema, train_total, test_total, text: self.text() }
    }

    /// Returns the way in which texts become token ids by default; `None` if the examples are no texts.
    pub fn text(&self) -> Option<TextSpec> {
        match self.files {
            Origin::Texts(spec) => Some(spec),
            Origin::Shards | Origin::Made(_) => None,
        }
    }

    /// Makes the whole data set, if it is made here; `None` if it arrives as shards.
    ///
    /// # Errors
    /// If the examples do not fit the schema; none is known.
    pub fn make(&self) -> Result<Option<Dataset>> {
        match self.files {
            Origin::Shards | Origin::Texts(_) => Ok(None),
            Origin::Made(make_point) => points::make(self, make_point).map(Some),
        }
    }
}
