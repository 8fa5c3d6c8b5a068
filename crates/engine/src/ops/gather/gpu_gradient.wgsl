// Sums in the order of the indices, so that a run replays bit for bit.
fn element(i: u32) -> f32 {
    var sum = 0.0;
    for (var index = 0u; index < INDICES; index++) {
        if (x0[index] == i32(i / WIDTH)) { sum += x1[index * WIDTH + i % WIDTH]; }
    }
    return sum;
}
