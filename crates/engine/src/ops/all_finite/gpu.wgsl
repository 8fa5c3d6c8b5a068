// Returns 1 if all parts are 1, else 0.
var<workgroup> lowest: array<f32, 64>;

fn tile(group: vec3<u32>, local: vec3<u32>, index: u32) {
    var all = 1.0;
    for (var part = index; part < PARTS; part += 64u) { all = min(all, x0[part]); }
    lowest[index] = all;
    workgroupBarrier();
    if (index == 0u) {
        for (var other = 1u; other < 64u; other += 1u) { all = min(all, lowest[other]); }
        store(0u, all);
    }
}
