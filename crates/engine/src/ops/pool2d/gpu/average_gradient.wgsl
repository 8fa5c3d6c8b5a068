fn share(gradient: f32, image: i32, top: i32, left: i32, channel: i32, own_y: i32, own_x: i32) -> f32 {
    let rows = min(top + KH, H) - max(top, 0);
    let columns = min(left + KW, W) - max(left, 0);
    return gradient / f32(rows * columns);
}
