// Returns a byte of the table x0 (four to a word), of the row that x1 names, dequantized by the list x2.
fn element(i: u32) -> f32 {
    let byte = u32(x1[i / WIDTH]) * WIDTH + i % WIDTH;
    return x2[u32(x0[byte / 4u] >> (byte % 4u * 8u)) & 255u];
}
