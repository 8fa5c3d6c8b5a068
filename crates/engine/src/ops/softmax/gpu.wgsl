fn greatest(first: u32) -> f32 {
    var result = x0[first];
    for (var c = 1u; c < C; c++) { result = select(result, x0[first + c], x0[first + c] > result); }
    return result;
}

fn sum_of_exponentials(first: u32, offset: f32) -> f32 {
    var sum = 0.0;
    for (var c = 0u; c < C; c++) { sum += exp(x0[first + c] - offset); }
    return sum;
}
