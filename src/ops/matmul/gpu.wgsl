fn a_four(place: vec4<i32>, step: vec4<i32>) -> vec4<f32> {
    let at = u32(place.x + step.x);
    let left = LENGTH - a_along(place, step);
    var four = vec4<f32>(x0[at], 0.0, 0.0, 0.0);
    if (left > 1u) { four.y = x0[at + 1u]; }
    if (left > 2u) { four.z = x0[at + 2u]; }
    if (left > 3u) { four.w = x0[at + 3u]; }
    return four;
}
