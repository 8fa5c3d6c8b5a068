// Sums in the order of the indices, so that a run replays bit for bit.
fn element(i: u32) -> f32 {
    let row = i32(i / WIDTH);
    var at = 0u;
    var end = INDICES;
    while (at < end) {
        let middle = (at + end) / 2u;
        if (x0[x1[middle]] < row) { at = middle + 1u; } else { end = middle; }
    }
    var sum = 0.0;
    for (; at < INDICES && x0[x1[at]] == row; at++) {
        sum += x2[u32(x1[at]) * WIDTH + i % WIDTH];
    }
    return sum;
}
