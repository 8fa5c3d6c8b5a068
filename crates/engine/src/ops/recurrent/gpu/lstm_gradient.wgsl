fn begin(place: Place, unit: u32) {
    let i = kept(place, 0u, unit);
    let forget = kept(place, 1u, unit);
    let candidate = kept(place, 2u, unit);
    let o = kept(place, 3u, unit);
    let squashed = f(kept(place, 4u, unit));
    let of_state = later(place, 5u, unit) + upstream(place, 5u, unit);
    let of_carry = later(place, 4u, unit) + upstream(place, 4u, unit) + of_state * o * f_slope(squashed);
    write(place, 0u, unit, (of_carry * candidate + upstream(place, 0u, unit)) * g_slope(i));
    write(place, 1u, unit, (of_carry * before(place, 4u, unit) + upstream(place, 1u, unit)) * g_slope(forget));
    write(place, 2u, unit, (of_carry * i + upstream(place, 2u, unit)) * f_slope(candidate));
    write(place, 3u, unit, (of_state * squashed + upstream(place, 3u, unit)) * g_slope(o));
    write(place, 4u, unit, of_carry);
    write(place, 5u, unit, of_state);
    pass_on(place, 4u, unit, of_carry * forget);
    pass_on(place, 5u, unit, 0.0);
}

fn reset(place: Place, unit: u32) {}
