fn element(i: u32) -> f32 {
    let p = i32(i) / C;
    let image = p / (OW * OH) * H;
    let top = p / OW % OH * SH - PT;
    let left = p % OW * SW - PL;
    let right = min(left + KW, W);
    let bottom = min(top + KH, H);
    var greatest = x0[u32(((image + max(top, 0)) * W + max(left, 0)) * C + i32(i) % C)];
    for (var y = max(top, 0); y < bottom; y++) {
        for (var x = max(left, 0); x < right; x++) {
            let value = x0[u32(((image + y) * W + x) * C + i32(i) % C)];
            // No NaN may disappear.
            if (value > greatest || is_nan(value)) { greatest = value; }
        }
    }
    return greatest;
}
