// The class of the greatest score of a row, the first of several; -1 if one is NaN or all are equal.
fn predicted(row: u32) -> i32 {
    let first = x0[row * C];
    var best = 0u;
    var value = first;
    var names_one = C == 1u;
    var has_nan = is_nan(first);
    for (var c = 1u; c < C; c++) {
        let other = x0[row * C + c];
        has_nan = has_nan || is_nan(other);
        names_one = names_one || other != first;
        if (other > value) {
            best = c;
            value = other;
        }
    }
    return select(-1, i32(best), names_one && !has_nan);
}
