fn begin(place: Place, unit: u32) {
    let z = kept(place, 0u, unit);
    let candidate = kept(place, 2u, unit);
    let total = later(place, 4u, unit) + upstream(place, 4u, unit);
    let x = (total * (1.0 - z) + upstream(place, 2u, unit)) * f_slope(candidate);
    let of_z = total * (before(place, 4u, unit) - candidate) + upstream(place, 0u, unit);
    write(place, 0u, unit, of_z * g_slope(z));
    write(place, 2u, unit, x);
    write(place, 4u, unit, total);
    pass_on(place, 4u, unit, total * z);
    if (!RESETS_BEFORE) {
        let r = kept(place, 1u, unit);
        write(place, 1u, unit, (x * kept(place, 3u, unit) + upstream(place, 1u, unit)) * g_slope(r));
        write(place, 3u, unit, x * r + upstream(place, 3u, unit));
    }
}

fn reset(place: Place, unit: u32) {
    let r = kept(place, 1u, unit);
    let of_inner = product(2u, unit) + upstream(place, 3u, unit);
    let own = factor(place.example, 2u, unit);
    write(place, 1u, unit, (of_inner * before(place, 4u, unit) * own + upstream(place, 1u, unit)) * g_slope(r));
    write(place, 3u, unit, of_inner);
    if (place.step > 0u) {
        let at = place.adjoints_before + 4u * UNITS + unit;
        out[at] = out[at] + of_inner * r * own;
    }
}
