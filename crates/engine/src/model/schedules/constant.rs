//! Constant: the learning rate stays as it is.

use super::{Position, Schedule};
use crate::model::settings::{Schema, Settings};

pub struct Constant;

static SCHEMA: Schema = Schema { type_name: "Constant", settings: &[] };

impl Schedule for Constant {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn factor(&self, _settings: &Settings, _position: Position) -> f64 {
        1.0
    }
}
