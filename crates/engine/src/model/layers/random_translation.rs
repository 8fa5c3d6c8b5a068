//! RandomTranslation: while training, each image is moved by a random share of its height and width.

use super::random_warp::{
    Draw, Extents, FILL_MODE, FILL_VALUE, INTERPOLATION, RandomWarp, distribution, range_of, within,
};
use crate::ir::Expr;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};

pub const RANDOM_TRANSLATION: RandomWarp = RandomWarp {
    schema: &Schema {
        type_name: "RandomTranslation",
        settings: &[
            Setting::range_or_number("heightFactor", -1.0, 1.0).initial(SettingDefault::Number(0.1)).card(Card::Always),
            Setting::range_or_number("widthFactor", -1.0, 1.0).initial(SettingDefault::Number(0.1)).card(Card::Always),
            FILL_MODE,
            INTERPOLATION,
            FILL_VALUE,
        ],
    },
    draw,
    formulas,
};

fn draw(settings: &Settings, Extents { height, width }: Extents) -> Draw {
    let down = within(range_of(settings, "heightFactor"), Expr::input(0)) * height;
    let right = within(range_of(settings, "widthFactor"), Expr::input(1)) * width;
    let [zero, one] = [0.0, 1.0].map(Expr::constant);
    Draw {
        count: 2,
        numbers: vec![down, right],
        map: [one.clone(), zero.clone(), -Expr::input(1), zero, one, -Expr::input(0)],
    }
}

fn formulas(settings: &Settings, Extents { height, width }: Extents) -> Vec<String> {
    let [down, right] = ["heightFactor", "widthFactor"].map(|name| distribution(range_of(settings, name)));
    vec![format!(r"i′ = i - {height}\,u,\, u ~ {down}"), format!(r"j′ = j - {width}\,v,\, v ~ {right}")]
}
