// Each pixel sums the contributions of the windows that contain it: x0 is [N,OH,OW,KH,KW,C]. `Value` is one channel or
// four, CHANNELS their number.

fn gathered(i: i32) -> Value {
    let p = quotient(i, CHANNELS);
    let channel = i - p * CHANNELS;
    let line = quotient(p, W);
    let image = quotient(line, H);
    let y = line - image * H + PT;
    let x = p - line * W + PL;
    var sum = Value();
    for (var ky = 0; ky < KH; ky++) {
        let top = y - ky * DH;
        let oy = quotient(top, SH);
        if ((top < 0) | (oy >= OH) | (oy * SH != top)) { continue; }
        for (var kx = 0; kx < KW; kx++) {
            let left = x - kx * DW;
            let ox = quotient(left, SW);
            if ((left < 0) | (ox >= OW) | (ox * SW != left)) { continue; }
            let window = (image * OH + oy) * OW + ox;
            sum += x0[u32(((window * KH + ky) * KW + kx) * CHANNELS + channel)];
        }
    }
    return sum;
}
