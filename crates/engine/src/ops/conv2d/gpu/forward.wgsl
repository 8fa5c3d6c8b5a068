// Rows are pixels of the output, steps elements of a window (ky, kx, channel).

fn a_row(row: u32) -> vec4<i32> {
    let r = i32(row);
    let line = quotient(r, OW);
    let image = quotient(line, OH);
    return vec4<i32>(image * H, (line - image * OH) * SH - PT, (r - line * OW) * SW - PL, 0);
}

fn a_step(step: u32) -> vec4<i32> {
    let s = i32(step);
    let pixel = quotient(s, C);
    let ky = quotient(pixel, KW);
    return vec4<i32>(ky * DH, (pixel - ky * KW) * DW, s - pixel * C, 0);
}

fn a_at(place: vec4<i32>, step: vec4<i32>) -> i32 {
    let y = place.y + step.x;
    let x = place.z + step.y;
    return select(((place.x + y) * W + x) * C + step.z, -1, !INSIDE & ((y < 0) | (y >= H) | (x < 0) | (x >= W)));
}
