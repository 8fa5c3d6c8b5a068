// Each pixel gathers from the windows that hold it.
fn element(i: u32) -> f32 {
    let p = quotient(i32(i), C);
    let channel = i32(i) - p * C;
    let line = quotient(p, W);
    let image = quotient(line, H);
    let y = line - image * H;
    let x = p - line * W;
    // The windows whose first row is at most the pixel's and whose last is at least that; so with columns.
    let first_y = max(quotient(y + PT - KH + SH, SH), 0);
    let first_x = max(quotient(x + PL - KW + SW, SW), 0);
    let last_y = min(quotient(y + PT, SH), OH - 1);
    let last_x = min(quotient(x + PL, SW), OW - 1);
    var sum = 0.0;
    for (var oy = first_y; oy <= last_y; oy++) {
        for (var ox = first_x; ox <= last_x; ox++) {
            let gradient = x0[u32(((image * OH + oy) * OW + ox) * C + channel)];
            sum += share(gradient, image * H, oy * SH - PT, ox * SW - PL, channel, y, x);
        }
    }
    return sum;
}

