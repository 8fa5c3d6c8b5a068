const C4 = C / 4;
const NOBODY = 0xffffffffu;

fn store_four(at: u32, value: vec4<f32>) {
    store(4u * at, value.x);
    store(4u * at + 1u, value.y);
    store(4u * at + 2u, value.z);
    store(4u * at + 3u, value.w);
}

fn row(i: u32) {
    let p = quotient(i32(i), C4);
    let channel = i32(i) - p * C4;
    let line = quotient(p, CELLS_ACROSS);
    let n = quotient(line, CELLS_DOWN);
    let down = line - n * CELLS_DOWN;
    let across = p - line * CELLS_ACROSS;
    let top = down * SH;
    let left = across * SW;
    let at = u32(((n * H + top) * W + left) * C4 + channel);
