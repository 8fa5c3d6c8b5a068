//! RandomRotation: while training, each image is turned round its middle by a random angle.

use super::random_warp::{
    Draw, Extents, FILL_MODE, FILL_VALUE, INTERPOLATION, RandomWarp, distribution, range_of, within,
};
use crate::ir::Expr;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};

pub const RANDOM_ROTATION: RandomWarp = RandomWarp {
    schema: &Schema {
        type_name: "RandomRotation",
        settings: &[
            // Shares of a full turn; positive ones go against the clock.
            Setting::range_or_number("factor", -1.0, 1.0).initial(SettingDefault::Number(0.05)).card(Card::Always),
            FILL_MODE,
            INTERPOLATION,
            FILL_VALUE,
        ],
    },
    draw,
    formulas,
};

/// Returns cosine and sine of a full turn's quarter at most, by their series. WGSL promises three digits of its own functions.
fn cosine_and_sine(angle: Expr) -> [Expr; 2] {
    let square = angle.clone() * angle.clone();
    // 1 / n!, with alternating signs, from the highest power to the lowest.
    let series = |first: i32| {
        let mut sum = Expr::constant(0.0);
        for power in (first..=first + 12).rev().step_by(2) {
            let factorial: f64 = (1..=power).map(f64::from).product();
            let sign = if (power - first) % 4 == 0 { 1.0 } else { -1.0 };
            sum = sum * square.clone() + (sign / factorial) as f32;
        }
        sum
    };
    [series(0), series(1) * angle]
}

/// Returns cosine and sine of twice an angle.
fn doubled([cosine, sine]: [Expr; 2]) -> [Expr; 2] {
    [Expr::constant(1.0) - sine.clone() * sine.clone() * 2.0, sine * cosine * 2.0]
}

fn draw(settings: &Settings, Extents { height, width }: Extents) -> Draw {
    let quarter = within(range_of(settings, "factor"), Expr::input(0)) * std::f32::consts::FRAC_PI_2;
    let turn = doubled(doubled(cosine_and_sine(quarter)));
    let (x, y) = ((width - 1.0) / 2.0, (height - 1.0) / 2.0);
    let [cosine, sine] = [0, 1].map(Expr::input);
    Draw {
        count: 1,
        numbers: turn.into(),
        map: [
            cosine.clone(),
            -sine.clone(),
            Expr::constant(x) - cosine.clone() * x + sine.clone() * y,
            sine.clone(),
            cosine.clone(),
            Expr::constant(y) - sine * x - cosine * y,
        ],
    }
}

fn formulas(settings: &Settings, Extents { height, width }: Extents) -> Vec<String> {
    let (x, y) = ((width - 1.0) / 2.0, (height - 1.0) / 2.0);
    vec![
        format!(r"i′ = {y} + (j - {x}) \sin θ + (i - {y}) \cos θ"),
        format!(r"j′ = {x} + (j - {x}) \cos θ - (i - {y}) \sin θ"),
        format!(r"θ = 2\,π\,u,\, u ~ {}", distribution(range_of(settings, "factor"))),
    ]
}
