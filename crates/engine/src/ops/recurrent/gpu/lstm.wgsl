fn begin(example: u32, row: u32, own: u32, before: u32, step: u32, unit: u32) {
    let i = g(sum(example, row, 0u, unit));
    let forget = g(sum(example, row, 1u, unit));
    let candidate = f(sum(example, row, 2u, unit));
    let o = g(sum(example, row, 3u, unit));
    let carry = forget * before_of(before, 4u, step, unit) + i * candidate;
    out[own + unit] = i;
    out[own + UNITS + unit] = forget;
    out[own + 2u * UNITS + unit] = candidate;
    out[own + 3u * UNITS + unit] = o;
    out[own + 4u * UNITS + unit] = carry;
    out[own + 5u * UNITS + unit] = o * f(carry);
}

fn complete(example: u32, row: u32, own: u32, before: u32, step: u32, unit: u32) {}
