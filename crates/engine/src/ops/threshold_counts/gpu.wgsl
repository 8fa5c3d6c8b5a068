// Counts the samples of a class whose score is above a threshold: those of the second class first.
fn element(i: u32) -> f32 {
    let step = i % THRESHOLDS;
    var threshold = f32(step) / f32(THRESHOLDS - 1u);
    if (step == 0u) {
        threshold = -EPSILON;
    }
    if (step == THRESHOLDS - 1u) {
        threshold = 1.0 + EPSILON;
    }
    let wanted = i32(1u - i / THRESHOLDS);
    var count = 0.0;
    for (var sample = 0u; sample < SAMPLES; sample++) {
        if (x1[sample] == wanted && x2[sample] > 0.0 && x0[sample] > threshold) {
            count += 1.0;
        }
    }
    return count;
}
