fn begin(place: Place, unit: u32) {
    let total = later(place, 1u, unit) + upstream(place, 0u, unit);
    write(place, 0u, unit, total * f_slope(kept(place, 0u, unit)));
    write(place, 1u, unit, total);
    pass_on(place, 1u, unit, 0.0);
}

fn reset(place: Place, unit: u32) {}
