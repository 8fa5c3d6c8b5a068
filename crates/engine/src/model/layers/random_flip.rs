//! RandomFlip: while training, half of the images are mirrored.

use super::random_warp::{Draw, Extents, RandomWarp};
use crate::ir::Expr;
use crate::model::catalogue::{Card, Schema, Setting, Settings};

/// Mirrored pixels lie on pixels, so that the usual interpolation and filling never show.
pub const RANDOM_FLIP: RandomWarp = RandomWarp {
    schema: &Schema {
        type_name: "RandomFlip",
        settings: &[Setting::choice(
            "mode",
            &["horizontal", "vertical", "horizontal_and_vertical"],
            "horizontal_and_vertical",
        )
        .card(Card::Always)],
    },
    draw,
    formulas,
};

/// Returns true for the axes along which images are mirrored, down and right.
fn axes(settings: &Settings) -> [bool; 2] {
    match settings.choice("mode") {
        "horizontal" => [false, true],
        "vertical" => [true, false],
        _ => [true, true],
    }
}

/// As in Keras one number decides for both axes.
fn draw(settings: &Settings, Extents { height, width }: Extents) -> Draw {
    let is_mirrored = Expr::constant(0.5).greater_equal(Expr::input(0));
    let along = |is_own: bool, extent: f32| match is_own {
        true => [Expr::constant(1.0) - Expr::input(0) * 2.0, Expr::input(0) * (extent - 1.0)],
        false => [1.0, 0.0].map(Expr::constant),
    };
    let [down, right] = axes(settings);
    let ([y, bottom], [x, end]) = (along(down, height), along(right, width));
    let zero = Expr::constant(0.0);
    Draw { count: 1, numbers: vec![is_mirrored], map: [x, zero.clone(), end, zero, y, bottom] }
}

fn formulas(settings: &Settings, Extents { height, width }: Extents) -> Vec<String> {
    let along = |letter: &str, is_own: bool, extent: f32| match is_own {
        true => format!(r"{letter}′ = \cases{{{} - {letter} & m = 1 \\ {letter} & m = 0}}", extent - 1.0),
        false => format!("{letter}′ = {letter}"),
    };
    let [down, right] = axes(settings);
    vec![along("i", down, height), along("j", right, width), "P(m = 1) = 0.5".to_owned()]
}
