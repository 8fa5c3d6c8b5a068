// One workgroup runs one example through all steps; each invocation has the same units at every step, so that it reads of
// `out` what it wrote itself. What all units see is in workgroup memory.
var<workgroup> seen: array<f32, UNITS>;

fn product(example: u32, gate: u32, unit: u32) -> f32 {
    var sum = 0.0;
    for (var k = 0u; k < UNITS; k++) {
        sum += seen[k] * factor(example, gate, k) * x1[(k * GATES + gate) * UNITS + unit];
    }
    return sum;
}

fn tile(group: vec3<u32>, local: vec3<u32>, index: u32) {
    for (var example = group.x; example < BATCH; example += GROUPS) {
        for (var step = 0u; step < STEPS; step++) {
            let row = example * STEPS + place_of(step);
            let own = row * KEPT * UNITS;
            let before = (example * STEPS + place_of(max(step, 1u) - 1u)) * KEPT * UNITS;
            workgroupBarrier();
            for (var unit = index; unit < UNITS; unit += SIZE) {
                seen[unit] = select(0.0, out[before + (KEPT - 1u) * UNITS + unit], step > 0u);
            }
            workgroupBarrier();
            for (var unit = index; unit < UNITS; unit += SIZE) {
                begin(example, row, own, before, step, unit);
            }
            if (RESETS_BEFORE) {
                workgroupBarrier();
                for (var unit = index; unit < UNITS; unit += SIZE) {
                    seen[unit] = out[own + 3u * UNITS + unit];
                }
                workgroupBarrier();
                for (var unit = index; unit < UNITS; unit += SIZE) {
                    complete(example, row, own, before, step, unit);
                }
            }
            for (var unit = index; unit < UNITS; unit += SIZE) {
                if (is_masked(row)) {
                    for (var part = 0u; part < KEPT; part++) {
                        let is_kept = step > 0u && (part == KEPT - 1u || part == CARRY);
                        out[own + part * UNITS + unit] = select(0.0, out[before + part * UNITS + unit], is_kept);
                    }
                }
            }
        }
    }
}

fn sum(example: u32, row: u32, gate: u32, unit: u32) -> f32 {
    return x0[(row * GATES + gate) * UNITS + unit] + product(example, gate, unit) + bias(gate, unit);
}

fn before_of(before: u32, part: u32, step: u32, unit: u32) -> f32 {
    return select(0.0, out[before + part * UNITS + unit], step > 0u);
}
