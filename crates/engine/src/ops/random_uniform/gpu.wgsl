// After `philox.wgsl`.
fn element(i: u32) -> f32 {
    let words = philox(vec4<u32>(i / 4u, 0u, STREAM, 0u), vec2<u32>(bitcast<u32>(x0[0]), bitcast<u32>(x0[1])));
    return f32(words[i % 4u] >> 8u) * (1.0 / 16777216.0);
}
