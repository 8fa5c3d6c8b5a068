fn pixel(image: i32, row: i32, column: i32, channel: i32) -> f32 {
    if (row < 0 || row >= HEIGHT || column < 0 || column >= WIDTH) { return FILL_VALUE; }
    return x0[((image * HEIGHT + row) * WIDTH + column) * CHANNELS + channel];
}

fn element(i: u32) -> f32 {
    let channel = i32(i) % CHANNELS;
    let column = i32(i) / CHANNELS % WIDTH;
    let row = i32(i) / (CHANNELS * WIDTH) % HEIGHT;
    let image = i32(i) / (CHANNELS * WIDTH * HEIGHT);
    let place = place_of(image, row, column);
    if (NEAREST == 1u) {
        let at = nearest(place);
        return pixel(image, at.y, at.x, channel);
    }
    let first = floor(place);
    let left = i32(first.x);
    let top = i32(first.y);
    let share = place - first;
    let rest = first + 1.0 - place;
    return rest.y * rest.x * pixel(image, top, left, channel)
        + rest.y * share.x * pixel(image, top, left + 1, channel)
        + share.y * rest.x * pixel(image, top + 1, left, channel)
        + share.y * share.x * pixel(image, top + 1, left + 1, channel);
}
