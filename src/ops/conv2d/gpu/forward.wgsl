// Rows are pixels of the output, steps elements of a window (ky, kx, channel).

fn a_row(row: u32) -> vec4<i32> {
    let r = i32(row);
    let y = r / OW % OH * SH - PT;
    let x = r % OW * SW - PL;
    return vec4<i32>(r / (OW * OH) * H, y, x, 0);
}

fn a_split(step: u32) -> vec4<i32> {
    let s = i32(step);
    return vec4<i32>(s / (C * KW) * DH, s / C % KW * DW, s % C, 0);
}

fn a_at(place: vec4<i32>, step: vec4<i32>) -> i32 {
    let y = place.y + step.x;
    let x = place.z + step.y;
    return select(((place.x + y) * W + x) * C + step.z, -1, !INSIDE & ((y < 0) | (y >= H) | (x < 0) | (x >= W)));
}
