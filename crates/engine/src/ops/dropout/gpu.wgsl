// After `philox.wgsl`.
fn element(i: u32) -> f32 {
    let words = philox(vec4<u32>(i / 4u, 0u, STREAM, 0u), vec2<u32>(bitcast<u32>(x1[0]), bitcast<u32>(x1[1])));
    let unit = f32(words[i % 4u] >> 8u) * (1.0 / 16777216.0);
    return select(0.0, x0[i] * SCALE, unit >= RATE);
}
