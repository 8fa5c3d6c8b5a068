// x0: images, x1: gradient of the output.
fn element(i: u32) -> f32 {
    let index = i32(i);
    let feature = index % F;
    let offset = index / F;
    let u = offset / KW;
    let v = offset % KW;
    let channel = feature / M;
    var sum = 0.0;
    for (var image = 0; image < N; image++) {
        for (var row = 0; row < OH; row++) {
            let y = row * SH + u * DH - PT;
            if (y < 0 || y >= H) { continue; }
            for (var column = 0; column < OW; column++) {
                let x = column * SW + v * DW - PL;
                if (x < 0 || x >= W) { continue; }
                sum += x0[((image * H + y) * W + x) * C + channel] * x1[((image * OH + row) * OW + column) * F + feature];
            }
        }
    }
    return sum;
}
