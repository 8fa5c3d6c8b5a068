// After `philox.wgsl`. The normal number of an element, by the polar method.
fn normal(i: u32, key: vec2<u32>) -> f32 {
    for (var draw = 0u; draw < MOST_DRAWS; draw++) {
        let words = philox(vec4<u32>(i, draw, STREAM, 0u), key);
        let points = 2.0 * (vec4<f32>(words >> vec4<u32>(8u)) * (1.0 / 16777216.0)) - 1.0;
        for (var pair = 0u; pair < 4u; pair += 2u) {
            let square = points[pair] * points[pair] + points[pair + 1u] * points[pair + 1u];
            if (square > 0.0 && square < 1.0) { return points[pair] * sqrt(-2.0 * log(square) / square); }
        }
    }
    return 0.0;
}

fn element(i: u32) -> f32 {
    return x0[i] + DEVIATION * normal(i, vec2<u32>(bitcast<u32>(x1[0]), bitcast<u32>(x1[1])));
}
