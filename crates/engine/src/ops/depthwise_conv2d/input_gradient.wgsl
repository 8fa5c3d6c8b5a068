// x0: gradient of the output, x1: kernel.
fn element(i: u32) -> f32 {
    let index = i32(i);
    let channel = remainder(index, C);
    let pixel = quotient(index, C);
    let x = remainder(pixel, W);
    let line = quotient(pixel, W);
    let y = remainder(line, H);
    let image = quotient(line, H);
    var sum = 0.0;
    for (var u = 0; u < KH; u++) {
        let down = y + PT - u * DH;
        if (down < 0 || down % SH != 0 || down / SH >= OH) { continue; }
        for (var v = 0; v < KW; v++) {
            let right = x + PL - v * DW;
            if (right < 0 || right % SW != 0 || right / SW >= OW) { continue; }
            let output = ((image * OH + down / SH) * OW + right / SW) * F + channel * M;
            let weight = (u * KW + v) * F + channel * M;
            for (var m = 0; m < M; m++) { sum += x0[output + m] * x1[weight + m]; }
        }
    }
    return sum;
}
