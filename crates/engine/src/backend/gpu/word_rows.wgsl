// Returns a word of the table x0, of the row that x1 names.
fn element(i: u32) -> i32 {
    return x0[u32(x1[i / WIDTH]) * WIDTH + i % WIDTH];
}
