// All of it for the first maximum in row-major order, nothing for the others.
fn share(gradient: f32, image: i32, top: i32, left: i32, channel: i32, own_y: i32, own_x: i32) -> f32 {
    let own = x1[u32(((image + own_y) * W + own_x) * C + channel)];
    let right = min(left + KW, W);
    let bottom = min(top + KH, H);
    for (var y = max(top, 0); y < bottom; y++) {
        for (var x = max(left, 0); x < right; x++) {
            let value = x1[u32(((image + y) * W + x) * C + channel)];
            let before = y < own_y || (y == own_y && x < own_x);
            if (value > own || (before && value == own)) { return 0.0; }
        }
    }
    return gradient;
}
