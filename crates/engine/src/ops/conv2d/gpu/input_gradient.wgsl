// Rows are pixels of the input, steps elements of the windows that contain the pixel (ky, kx, filter).

fn a_row(row: u32) -> vec4<i32> {
    let r = i32(row);
    let line = quotient(r, W);
    let image = quotient(line, H);
    return vec4<i32>(image * OH, line - image * H + PT, r - line * W + PL, 0);
}

fn a_step(step: u32) -> vec4<i32> {
    let s = i32(step);
    let pixel = quotient(s, F);
    let ky = quotient(pixel, KW);
    return vec4<i32>(ky * DH, (pixel - ky * KW) * DW, s - pixel * F, 0);
}

fn a_at(place: vec4<i32>, step: vec4<i32>) -> i32 {
    let top = place.y - step.x;
    let left = place.z - step.y;
    let y = quotient(top, SH);
    let x = quotient(left, SW);
    return select(((place.x + y) * OW + x) * F + step.z, -1, (top < 0) | (left < 0) | (y >= OH) | (x >= OW) | (y * SH != top) | (x * SW != left));
}
