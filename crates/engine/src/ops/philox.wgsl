// Philox 4x32 with ten rounds, as in `random`.
fn multiply(a: u32, b: u32) -> vec2<u32> {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let low = a0 * b0;
    let middle = a1 * b0 + (low >> 16u);
    let other = a0 * b1 + (middle & 0xffffu);
    return vec2<u32>(a1 * b1 + (middle >> 16u) + (other >> 16u), a * b);
}

fn philox(first: vec4<u32>, first_key: vec2<u32>) -> vec4<u32> {
    var counter = first;
    var key = first_key;
    for (var round = 0u; round < 10u; round++) {
        let a = multiply(0xD2511F53u, counter.x);
        let b = multiply(0xCD9E8D57u, counter.z);
        counter = vec4<u32>(b.x ^ counter.y ^ key.x, b.y, a.x ^ counter.w ^ key.y, a.y);
        key += vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}
