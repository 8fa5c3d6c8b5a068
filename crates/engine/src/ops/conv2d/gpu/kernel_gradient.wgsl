// Rows are elements of a window (ky, kx, channel), steps pixels of the output.

fn a_row(row: u32) -> vec4<i32> {
    let r = i32(row);
    let pixel = quotient(r, C);
    let ky = quotient(pixel, KW);
    return vec4<i32>(ky * DH - PT, (pixel - ky * KW) * DW - PL, r - pixel * C, 0);
}

fn a_step(step: u32) -> vec4<i32> {
    let s = i32(step);
    let line = quotient(s, OW);
    let image = quotient(line, OH);
    return vec4<i32>(image * H, (line - image * OH) * SH, (s - line * OW) * SW, 0);
}

fn a_at(place: vec4<i32>, step: vec4<i32>) -> i32 {
    let y = place.x + step.y;
    let x = place.y + step.z;
    return select(((step.x + y) * W + x) * C + place.z, -1, !INSIDE & ((y < 0) | (y >= H) | (x < 0) | (x >= W)));
}
