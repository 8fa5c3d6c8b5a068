const C4 = C / 4;

// No NaN may disappear.
fn greater(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    let b_is_nan = (bitcast<vec4<u32>>(b) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
    return select(a, b, (b > a) | b_is_nan);
}

fn quad(i: u32) -> vec4<f32> {
    let p = quotient(i32(i), C4);
    let line = quotient(p, OW);
    let n = quotient(line, OH);
    let top = (line - n * OH) * SH;
    let left = (p - line * OW) * SW;
    let at = u32(((n * H + top) * W + left) * C4 + i32(i) - p * C4);
