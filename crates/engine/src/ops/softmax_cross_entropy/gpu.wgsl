fn element(i: u32) -> f32 {
    let first = i * C;
    let label = x1[i];
    if (label < 0 || label >= i32(C)) { return not_a_number(i); }
    let offset = greatest(first);
    return offset + log(sum_of_exponentials(first, offset)) - x0[first + u32(label)];
}
