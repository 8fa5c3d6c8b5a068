// As forward, from the last step to the first. What a step passes to the one before it goes into that one's place in `out`.
var<workgroup> seen: array<f32, UNITS>;

// The product of what is seen with a gate's rows of the transposed kernel.
fn product(gate: u32, unit: u32) -> f32 {
    var sum = 0.0;
    for (var k = 0u; k < UNITS; k++) {
        sum += seen[k] * x1[(gate * UNITS + k) * UNITS + unit];
    }
    return sum;
}

struct Place {
    example: u32,
    // Offsets of what the cell kept, also of the step before, and of the adjoints.
    kept: u32,
    kept_before: u32,
    adjoints: u32,
    adjoints_before: u32,
    step: u32,
}

fn kept(place: Place, part: u32, unit: u32) -> f32 { return x0[place.kept + part * UNITS + unit]; }

fn upstream(place: Place, part: u32, unit: u32) -> f32 { return x2[place.kept + part * UNITS + unit]; }

fn before(place: Place, part: u32, unit: u32) -> f32 {
    return select(0.0, x0[place.kept_before + part * UNITS + unit], place.step > 0u);
}

// The gradient that comes from later steps.
fn later(place: Place, adjoint: u32, unit: u32) -> f32 {
    return select(0.0, out[place.adjoints + adjoint * UNITS + unit], place.step + 1u < STEPS);
}

fn write(place: Place, adjoint: u32, unit: u32, value: f32) { out[place.adjoints + adjoint * UNITS + unit] = value; }

fn pass_on(place: Place, adjoint: u32, unit: u32, value: f32) {
    if (place.step > 0u) { out[place.adjoints_before + adjoint * UNITS + unit] = value; }
}

fn tile(group: vec3<u32>, local: vec3<u32>, index: u32) {
    for (var example = group.x; example < BATCH; example += GROUPS) {
        for (var turn = 0u; turn < STEPS; turn++) {
            let step = STEPS - 1u - turn;
            let row = example * STEPS + place_of(step);
            let row_before = example * STEPS + place_of(max(step, 1u) - 1u);
            let place = Place(example, row * KEPT * UNITS, row_before * KEPT * UNITS, row * ADJOINTS * UNITS,
                              row_before * ADJOINTS * UNITS, step);
            for (var unit = index; unit < UNITS; unit += SIZE) {
                if (!is_masked(row)) {
                    begin(place, unit);
                } else {
                    for (var adjoint = 0u; adjoint < ADJOINTS; adjoint++) {
                        var total = 0.0;
                        if (adjoint == ADJOINTS - 1u || adjoint == CARRY) {
                            let part = select(adjoint, KEPT - 1u, adjoint == ADJOINTS - 1u);
                            total = later(place, adjoint, unit) + upstream(place, part, unit);
                            pass_on(place, adjoint, unit, total);
                        }
                        write(place, adjoint, unit, total);
                    }
                }
            }
            if (RESETS_BEFORE) {
                workgroupBarrier();
                for (var unit = index; unit < UNITS; unit += SIZE) {
                    seen[unit] = out[place.adjoints + 2u * UNITS + unit];
                }
                workgroupBarrier();
                for (var unit = index; unit < UNITS; unit += SIZE) {
                    if (!is_masked(row)) { reset(place, unit); }
                }
            }
            if (step > 0u) {
                for (var gate = 0u; gate < PRODUCTS; gate++) {
                    workgroupBarrier();
                    for (var unit = index; unit < UNITS; unit += SIZE) {
                        seen[unit] = out[place.adjoints + sum_of(gate) * UNITS + unit];
                    }
                    workgroupBarrier();
                    for (var unit = index; unit < UNITS; unit += SIZE) {
                        let at = place.adjoints_before + (ADJOINTS - 1u) * UNITS + unit;
                        out[at] = out[at] + product(gate, unit) * factor(example, gate, unit);
                    }
                }
            }
        }
    }
}
