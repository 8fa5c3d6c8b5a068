var<workgroup> a_tile: array<f32, TILE_STEPS * TILE_ROWS>;
var<workgroup> b_tile: array<vec4<f32>, TILE_STEPS * TILE_QUADS>;

fn tile(group: vec3<u32>, local: vec3<u32>, index: u32) {
    let first_row = group.y * TILE_ROWS;
    let first_quad = group.x * TILE_QUADS;
    let first = group.z * SPLIT;
    let end = min(first + SPLIT, STEPS);
    var c0 = vec4<f32>();
    var c1 = vec4<f32>();
    var c2 = vec4<f32>();
    var c3 = vec4<f32>();
    for (var step = first; step < end; step += TILE_STEPS) {
// FILL
        for (var i = index; i < TILE_STEPS * TILE_QUADS; i += THREADS) {
            let inner = i / TILE_QUADS;
            let quad = first_quad + i % TILE_QUADS;
            var four = vec4<f32>();
            if (step + inner < end && quad < QUADS) { four = x1[(step + inner) * QUADS + quad]; }
            b_tile[i] = four;
        }
        workgroupBarrier();
        for (var inner = 0u; inner < TILE_STEPS; inner++) {
            let b = b_tile[inner * TILE_QUADS + local.x];
            let at = inner * TILE_ROWS + local.y * 4u;
            c0 += a_tile[at] * b;
            c1 += a_tile[at + 1u] * b;
            c2 += a_tile[at + 2u] * b;
            c3 += a_tile[at + 3u] * b;
        }
        workgroupBarrier();
    }
    let row = first_row + local.y * 4u;
    let quad = first_quad + local.x;
    store_four(group.z, row, quad, c0);
    store_four(group.z, row + 1u, quad, c1);
    store_four(group.z, row + 2u, quad, c2);
    store_four(group.z, row + 3u, quad, c3);
}
