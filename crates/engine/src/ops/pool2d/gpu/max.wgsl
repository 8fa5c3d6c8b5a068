fn element(i: u32) -> f32 {
    let p = quotient(i32(i), C);
    let channel = i32(i) - p * C;
    let line = quotient(p, OW);
    let n = quotient(line, OH);
    let image = n * H;
    let top = (line - n * OH) * SH - PT;
    let left = (p - line * OW) * SW - PL;
    let right = min(left + KW, W);
    let bottom = min(top + KH, H);
    var greatest = x0[u32(((image + max(top, 0)) * W + max(left, 0)) * C + channel)];
    for (var y = max(top, 0); y < bottom; y++) {
        for (var x = max(left, 0); x < right; x++) {
            let value = x0[u32(((image + y) * W + x) * C + channel)];
            // No NaN may disappear.
            if (value > greatest || is_nan(value)) { greatest = value; }
        }
    }
    return greatest;
}
