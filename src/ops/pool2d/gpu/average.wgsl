fn element(i: u32) -> f32 {
    let p = i32(i) / C;
    let image = p / (OW * OH) * H;
    let top = p / OW % OH * SH - PT;
    let left = p % OW * SW - PL;
    let right = min(left + KW, W);
    let bottom = min(top + KH, H);
    var sum = 0.0;
    for (var y = max(top, 0); y < bottom; y++) {
        for (var x = max(left, 0); x < right; x++) { sum += x0[u32(((image + y) * W + x) * C + i32(i) % C)]; }
    }
    return sum / f32((bottom - max(top, 0)) * (right - max(left, 0)));
}
