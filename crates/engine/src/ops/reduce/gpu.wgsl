// Part p takes values p, p + PARTS, p + 2 PARTS, ...
fn element(i: u32) -> f32 {
    let first = kept_at(i % RESULTS);
    var total: f32 = START;
    for (var value = i / RESULTS; value < VALUES; value += PARTS) { total = combine(total, x0[first + value_at(value)]); }
    return total * SCALE;
}
