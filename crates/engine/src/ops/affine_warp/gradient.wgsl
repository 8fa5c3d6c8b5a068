fn element(i: u32) -> f32 {
    let channel = i32(i) % CHANNELS;
    let own = vec2<i32>(i32(i) / CHANNELS % WIDTH, i32(i) / (CHANNELS * WIDTH) % HEIGHT);
    let image = i32(i) / (CHANNELS * WIDTH * HEIGHT);
    var sum = 0.0;
    for (var row = 0; row < HEIGHT; row++) {
        for (var column = 0; column < WIDTH; column++) {
            let place = place_of(image, row, column);
            var share = 0.0;
            if (NEAREST == 1u) {
                share = select(0.0, 1.0, all(nearest(place) == own));
            } else {
                let near = max(vec2<f32>(0.0), 1.0 - abs(place - vec2<f32>(own)));
                share = near.x * near.y;
            }
            if (share > 0.0) { sum += share * x0[((image * HEIGHT + row) * WIDTH + column) * CHANNELS + channel]; }
        }
    }
    return sum;
}
