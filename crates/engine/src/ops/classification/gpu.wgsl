// Returns the position of the greatest value of a row, or of the first NaN if there is one.
fn greatest(row: u32) -> i32 {
    var best = 0u;
    var value = x0[row * C];
    for (var c = 1u; c < C && !is_nan(value); c++) {
        let other = x0[row * C + c];
        if (other > value || is_nan(other)) {
            best = c;
            value = other;
        }
    }
    return i32(best);
}
