fn begin(example: u32, row: u32, own: u32, before: u32, step: u32, unit: u32) {
    let z = g(sum(example, row, 0u, unit));
    let r = g(sum(example, row, 1u, unit));
    out[own + unit] = z;
    out[own + UNITS + unit] = r;
    if (RESETS_BEFORE) {
        out[own + 3u * UNITS + unit] = r * before_of(before, 4u, step, unit) * factor(example, 2u, unit);
        return;
    }
    let inner = product(example, 2u, unit) + bias(2u, unit);
    out[own + 3u * UNITS + unit] = inner;
    blend(own, before, step, unit, z, f(x0[(row * GATES + 2u) * UNITS + unit] + r * inner));
}

fn complete(example: u32, row: u32, own: u32, before: u32, step: u32, unit: u32) {
    // Values in `seen` have their factors already.
    var sum = x0[(row * GATES + 2u) * UNITS + unit];
    for (var k = 0u; k < UNITS; k++) {
        sum += seen[k] * x1[(k * GATES + 2u) * UNITS + unit];
    }
    blend(own, before, step, unit, out[own + unit], f(sum));
}

fn blend(own: u32, before: u32, step: u32, unit: u32, z: f32, candidate: f32) {
    out[own + 2u * UNITS + unit] = candidate;
    out[own + 4u * UNITS + unit] = z * before_of(before, 4u, step, unit) + (1.0 - z) * candidate;
}
