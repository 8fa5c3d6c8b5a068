// Each pixel gathers from the windows that hold it.
fn element(i: u32) -> f32 {
    let channel = i32(i) % C;
    let p = i32(i) / C;
    let image = p / (W * H);
    let y = p / W % H;
    let x = p % W;
    // The windows whose first row is at most the pixel's and whose last is at least that; so with columns.
    let first_y = max((y + PT - KH + SH) / SH, 0);
    let first_x = max((x + PL - KW + SW) / SW, 0);
    let last_y = min((y + PT) / SH, OH - 1);
    let last_x = min((x + PL) / SW, OW - 1);
    var sum = 0.0;
    for (var oy = first_y; oy <= last_y; oy++) {
        for (var ox = first_x; ox <= last_x; ox++) {
            let gradient = x0[u32(((image * OH + oy) * OW + ox) * C + channel)];
            sum += share(gradient, image * H, oy * SH - PT, ox * SW - PL, channel, y, x);
        }
    }
    return sum;
}

