//! RandomZoom: while training, each image grows or shrinks round its middle by a random factor.

use super::random_warp::{
    Draw, Extents, FILL_MODE, FILL_VALUE, INTERPOLATION, RandomWarp, distribution, range_of, within,
};
use crate::ir::Expr;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};

/// At -1 the whole image would show one point.
const LEAST: f64 = -0.999;

pub const RANDOM_ZOOM: RandomWarp = RandomWarp {
    schema: &Schema {
        type_name: "RandomZoom",
        settings: &[
            // Positive numbers zoom out, negative ones in.
            Setting::range_or_number("heightFactor", LEAST, 1.0)
                .initial(SettingDefault::Number(0.1))
                .card(Card::Always),
            Setting::range_or_number("widthFactor", LEAST, 1.0)
                .default(SettingDefault::Absent)
                .card(Card::IfChanged("× ")),
            FILL_MODE,
            INTERPOLATION,
            FILL_VALUE,
        ],
    },
    draw,
    formulas,
};

/// Returns the range of the factors along an axis.
fn zoom(settings: &Settings, name: &str) -> [f64; 2] {
    range_of(settings, name).map(|factor| 1.0 + factor)
}

/// Returns true if the width goes its own way; otherwise it grows as the height does.
fn has_own_width(settings: &Settings) -> bool {
    settings.get("widthFactor").is_some()
}

fn draw(settings: &Settings, Extents { height, width }: Extents) -> Draw {
    let down = within(zoom(settings, "heightFactor"), Expr::input(0));
    let (count, right) = match has_own_width(settings) {
        true => (2, within(zoom(settings, "widthFactor"), Expr::input(1))),
        false => (1, down.clone()),
    };
    let middle = |extent: f32, zoom: usize| (Expr::constant(1.0) - Expr::input(zoom)) * ((extent - 1.0) / 2.0);
    let zero = Expr::constant(0.0);
    Draw {
        count,
        numbers: vec![down, right],
        map: [Expr::input(1), zero.clone(), middle(width, 1), zero, Expr::input(0), middle(height, 0)],
    }
}

fn formulas(settings: &Settings, Extents { height, width }: Extents) -> Vec<String> {
    let (x, y) = ((width - 1.0) / 2.0, (height - 1.0) / 2.0);
    let right = match has_own_width(settings) {
        true => format!("v ~ {}", distribution(zoom(settings, "widthFactor"))),
        false => "v = u".to_owned(),
    };
    vec![
        format!(r"i′ = {y} + u\,(i - {y}),\, u ~ {}", distribution(zoom(settings, "heightFactor"))),
        format!(r"j′ = {x} + v\,(j - {x}),\, {right}"),
    ]
}
