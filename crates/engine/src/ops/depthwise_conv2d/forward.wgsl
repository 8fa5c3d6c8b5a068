// x0: images, x1: kernel.
fn element(i: u32) -> f32 {
    let index = i32(i);
    let feature = remainder(index, F);
    let pixel = quotient(index, F);
    let column = remainder(pixel, OW);
    let line = quotient(pixel, OW);
    let row = remainder(line, OH);
    let image = quotient(line, OH);
    let channel = quotient(feature, M);
    var sum = 0.0;
    for (var u = 0; u < KH; u++) {
        let y = row * SH + u * DH - PT;
        if (y < 0 || y >= H) { continue; }
        for (var v = 0; v < KW; v++) {
            let x = column * SW + v * DW - PL;
            if (x < 0 || x >= W) { continue; }
            sum += x0[((image * H + y) * W + x) * C + channel] * x1[(u * KW + v) * F + feature];
        }
    }
    return sum;
}
