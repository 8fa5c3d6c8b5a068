fn element(i: u32) -> f32 {
    let row = x1[i / WIDTH];
    if (row < 0 || row >= i32(TABLE_ROWS)) { return not_a_number(i); }
    return x0[u32(row) * WIDTH + i % WIDTH];
}
