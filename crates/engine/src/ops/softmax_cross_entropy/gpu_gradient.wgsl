fn row(i: u32) {
    let first = i * C;
    let label = x1[i];
    let offset = greatest(first);
    let scale = 1.0 / sum_of_exponentials(first, offset);
    for (var c = 0u; c < C; c++) {
        let probability = exp(x0[first + c] - offset) * scale;
        var difference = select(probability, probability - 1.0, i32(c) == label);
        if (label < 0 || label >= i32(C)) { difference = not_a_number(i); }
        store(first + c, difference * x2[i]);
    }
}
