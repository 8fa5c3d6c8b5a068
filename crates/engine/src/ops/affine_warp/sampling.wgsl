// As in `sampling.rs`: a coordinate along an axis, mapped into the image unless what is outside is constant.
fn inside(coordinate: f32, extent: i32) -> f32 {
    let length = f32(extent);
    let last = length - 1.0;
    if (FILL == 0u) { return clamp(coordinate, -2.0, length + 1.0); }
    var mapped = coordinate;
    if (FILL != 3u && extent <= 1) {
        mapped = 0.0;
    } else if (FILL == 1u) {
        let period = 2.0 * length;
        if (coordinate < 0.0) {
            let within = period * trunc(-coordinate / period) + coordinate;
            mapped = select(-within - 1.0, within + period, within < -length);
        } else {
            let within = coordinate - period * trunc(coordinate / period);
            mapped = select(within, period - within - 1.0, within >= length);
        }
    } else if (FILL == 2u) {
        if (coordinate < 0.0) {
            mapped = coordinate + length * (trunc(-coordinate / last) + 1.0);
        } else if (coordinate > last) {
            mapped = coordinate - length * trunc(coordinate / last);
        }
    }
    return clamp(mapped, 0.0, last);
}

// Column and row of the input that the output's pixel shows.
fn place_of(image: i32, row: i32, column: i32) -> vec2<f32> {
    let map = image * 6;
    let x = f32(column);
    let y = f32(row);
    return vec2<f32>(
        inside(x1[map] * x + x1[map + 1] * y + x1[map + 2], WIDTH),
        inside(x1[map + 3] * x + x1[map + 4] * y + x1[map + 5], HEIGHT),
    );
}

// Halves go away from 0.
fn nearest(place: vec2<f32>) -> vec2<i32> {
    return vec2<i32>(sign(place) * floor(abs(place) + 0.5));
}
