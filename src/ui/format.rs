//! Numbers and shapes as people read them.

/// Formats a shape, `28×28×1`.
pub fn shape(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

/// Formats a count, `93,322`.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a number with this number of decimals.
pub fn fixed(value: f64, decimals: u8) -> String {
    format!("{value:.*}", usize::from(decimals))
}

/// Writes the minus sign, U+2212, where machines write a hyphen. Not for fields, whose texts are edited.
pub fn with_minus(text: String) -> String {
    if text.contains('-') { text.replace('-', "\u{2212}") } else { text }
}

pub use chalkgrad_engine::tensor::number_text as number;

/// Parses a finite decimal number as people type it; `None` for anything else. A minus sign may be U+2212, digits and
/// signs may be full-width, as Chinese input methods give them, and the decimal sign may be a comma.
pub fn parse(text: &str) -> Option<f64> {
    let plain: String = text.trim().chars().map(half_width).collect();
    without_commas(&plain)?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Returns the ASCII character for a full-width one, and other characters as they are.
fn half_width(character: char) -> char {
    // From the exclamation mark to the tilde, full-width forms stand in ASCII's order.
    const OFFSET: u32 = 0xff01 - 0x21;
    match character {
        '\u{2212}' => '-',
        '。' => '.',
        '！'..='～' => char::from_u32(u32::from(character) - OFFSET).unwrap_or(character),
        _ => character,
    }
}

/// Replaces a decimal comma by a point and removes commas between thousands, as in 60,000; `None` where commas stand
/// elsewhere.
fn without_commas(text: &str) -> Option<String> {
    if !text.contains(',') {
        return Some(text.to_owned());
    }
    let digits = text.trim_start_matches(['+', '-']);
    let whole = digits.split('.').next().unwrap_or_default();
    let groups: Vec<&str> = whole.split(',').collect();
    let is_thousands = groups.len() > 1
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()))
        && (1..=3).contains(&groups[0].len())
        && !groups[0].starts_with('0')
        && groups[1..].iter().all(|group| group.len() == 3);
    if is_thousands {
        return Some(text.replace(',', ""));
    }
    (groups.len() == 2 && !digits.contains('.')).then(|| text.replace(',', "."))
}

/// Makes the style that stretches a bar to a share of its width, in thousandths: finer than a bar shows, and coarse
/// enough to save updates of the page.
pub fn scale_x(share: f64) -> String {
    let thousandths = (share.clamp(0.0, 1.0) * 1000.0).round() as u32;
    format!("scaleX({}.{:03})", thousandths / 1000, thousandths % 1000)
}

/// Formats a share as per cent, `98.76%`, with this number of decimals.
pub fn percent(share: f32, decimals: u8) -> String {
    if share.is_finite() { format!("{}%", fixed(share as f64 * 100.0, decimals)) } else { "–".to_owned() }
}

/// Formats a loss: four decimals if it is small, else fewer.
pub fn loss(value: f32) -> String {
    match value {
        value if !value.is_finite() => "–".to_owned(),
        value if value.abs() < 10.0 => with_minus(fixed(value.into(), 4)),
        value if value.abs() < 1e5 => with_minus(fixed(value.into(), 1)),
        // 34 digits would burst the page.
        value => {
            let power = value.abs().log10().floor();
            with_minus(format!("{:.1}e{}", value / 10f32.powf(power), power as i32))
        }
    }
}

/// Formats any number in a few digits: like [`loss`], and with an exponent if it is tiny.
pub fn number_short(value: f32) -> String {
    let size = value.abs();
    if size == 0.0 || size >= 1e-3 || !size.is_finite() {
        return if size == 0.0 { "0".to_owned() } else { loss(value) };
    }
    let power = size.log10().floor();
    with_minus(format!("{:.1}e{}", f64::from(value) / 10f64.powf(power.into()), power as i32))
}

/// Formats a number of a tensor: four significant digits, or three and a power of ten if it is tiny.
pub fn value(value: f32) -> String {
    const DIGITS: i32 = 4;
    if value == 0.0 || !value.is_finite() {
        return value.abs().to_string().replace("inf", if value > 0.0 { "∞" } else { "−∞" });
    }
    if value.abs() < 1e-3 {
        return with_minus(format!("{value:.2e}"));
    }
    let scientific = format!("{value:.3e}");
    let power = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    with_minus(if power < DIGITS { fixed(value.into(), (DIGITS - 1 - power) as u8) } else { scientific })
}

/// Formats a number in at most seven significant digits, as many as an `f32` has, for fields.
pub fn plain(value: f64) -> String {
    format!("{value:.6e}").parse::<f64>().unwrap_or(value).to_string()
}

/// Formats a number in three significant digits without zeros at the end, for ticks.
pub fn short_value(value: f32) -> String {
    if value == 0.0 || !value.is_finite() {
        return self::value(value);
    }
    let scientific = format!("{value:.2e}");
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    with_minus(match power {
        -3..=4 => trimmed(&format!("{:.*}", (2 - power).max(0) as usize, value)),
        _ => format!("{}e{power}", trimmed(digits)),
    })
}

/// Formats a count in thousands, millions, ..., before its unit: `5.6 M`, `38 k`, `7 `.
pub fn magnitude(number: f64) -> String {
    let units = [" ", " k", " M", " G", " T"];
    let (mut number, mut unit) = (number, 0);
    while number >= 1000.0 && unit + 1 < units.len() {
        number /= 1000.0;
        unit += 1;
    }
    let decimals = if unit == 0 || number >= 100.0 { 0 } else { 1 };
    format!("{}{}", fixed(number, decimals), units[unit])
}

/// Rounds a number to twelve decimals, so that a tenth of 0.001 is 0.0001.
pub fn rounded(number: f64) -> f64 {
    const UNITS: f64 = 1e12;
    (number * UNITS).round() / UNITS
}

/// Formats a duration: `0:09`, `12:34`, `1:02:03`.
pub fn duration(seconds: f64) -> String {
    if !(0.0..8.64e6).contains(&seconds) {
        return "–".to_owned();
    }
    let whole = seconds.ceil() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Formats bytes in units of a million, `11.6 MB`.
pub fn megabytes(bytes: f64) -> String {
    format!("{} MB", fixed(bytes / 1e6, 1))
}

/// Parts of a type name at which a line may break: `MaxPooling2D` is `Max`, `Pooling2D`.
pub fn words(type_name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let bytes = type_name.as_bytes();
    for index in 1..bytes.len() {
        if bytes[index].is_ascii_uppercase() && bytes[index - 1].is_ascii_lowercase() {
            parts.push(&type_name[start..index]);
            start = index;
        }
    }
    parts.push(&type_name[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(93_322), "93,322");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(percent(0.987_66, 2), "98.77%");
        assert_eq!(percent(f32::NAN, 2), "–");
        assert_eq!(loss(2.312_345), "2.3123");
        assert_eq!(loss(f32::INFINITY), "–");
        assert_eq!(loss(1234.56), "1234.6");
        assert_eq!([0.0, 0.0123, -2.5e-5, 3e-40].map(number_short), ["0", "0.0123", "−2.5e−5", "3.0e−40"]);
        assert_eq!(duration(8.2), "0:09");
        assert_eq!(duration(3723.0), "1:02:03");
        assert_eq!(duration(f64::NAN), "–");
        assert_eq!(duration(-1.0), "–");
        assert_eq!(shape(&[26, 26, 32]), "26×26×32");
        assert_eq!(magnitude(5_622_080.0), "5.6 M");
        assert_eq!((magnitude(0.0).as_str(), magnitude(999.0).as_str()), ("0 ", "999 "));
    }

    #[test]
    fn values_have_four_digits() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1.000"),
            (-1234.5, "−1234"),
            (0.012_345, "0.01235"),
            (0.001, "0.001000"),
            (999.96, "1000"),
            (99.996, "100.0"),
            (9999.6, "1.000e4"),
            (3.402_823_5e38, "3.403e38"),
            (9.99e-4, "9.99e−4"),
            (1e-45, "1.40e−45"),
            (f32::NAN, "NaN"),
            (f32::INFINITY, "∞"),
            (f32::NEG_INFINITY, "−∞"),
        ];
        for (number, text) in cases {
            assert_eq!(value(number), text);
        }
    }

    #[test]
    fn ticks_are_short() {
        let cases = [
            (0.0, "0"),
            (-0.25, "−0.25"),
            (1.0, "1"),
            (-1234.0, "−1234"),
            (0.001_234, "0.00123"),
            (2e-7, "2e−7"),
            (3.456e8, "3.46e8"),
        ];
        for (number, text) in cases {
            assert_eq!(short_value(number), text);
        }
    }

    #[test]
    fn texts_are_numbers_where_they_are_finite_decimals() {
        let numbers = ["1", " 0.5 ", "-3e-2", "−3e−2", "+4", ".5", "5.", "1E3"].map(parse);
        assert_eq!(numbers, [1.0, 0.5, -0.03, -0.03, 4.0, 0.5, 5.0, 1000.0].map(Some));
        let typed =
            ["0,001", "1,5", "-2,25", "60,000", "1,234,567", "1,234.5", "０．００１", "－１２", "3。5", "2,5e-3"];
        let meant = [0.001, 1.5, -2.25, 60_000.0, 1_234_567.0, 1234.5, 0.001, -12.0, 3.5, 0.0025];
        assert_eq!(typed.map(parse), meant.map(Some));
        for text in ["", " ", ".", "0x10", "1e999", "NaN", "inf", "Infinity", "1 2", "one", "1e", "--1", ",", "1,2,3"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn bars_stay_in_their_place() {
        let styles = [0.0, 0.5, 1.0, 0.12345, -1.0, 7.0, f64::NAN].map(scale_x);
        let shares = ["0.000", "0.500", "1.000", "0.123", "0.000", "1.000", "0.000"];
        assert_eq!(styles, shares.map(|share| format!("scaleX({share})")));
    }

    #[test]
    fn type_names_break_between_words() {
        assert_eq!(words("GlobalAveragePooling2D"), ["Global", "Average", "Pooling2D"]);
        assert_eq!(words("Conv2D"), ["Conv2D"]);
        assert_eq!(words(""), [""]);
    }
}
