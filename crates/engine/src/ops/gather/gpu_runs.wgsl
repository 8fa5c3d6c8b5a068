// Sorts each run of indices by value, and equal ones by place: writes the places in that order.
fn row(i: u32) {
    let first = i / RUN * RUN;
    var rank = 0u;
    for (var other = first; other < min(first + RUN, INDICES); other++) {
        let is_before = x0[other] < x0[i] || (x0[other] == x0[i] && other < i);
        rank += select(0u, 1u, is_before);
    }
    store(first + rank, i32(i));
}
