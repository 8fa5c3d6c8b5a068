// Merges two sorted runs: a place goes behind those of its own run and those of the other run that come before it.
fn row(i: u32) {
    let own = i / RUN;
    let place = x1[i];
    let first = (own ^ 1u) * RUN;
    var low = min(first, INDICES);
    var high = min(first + RUN, INDICES);
    while (low < high) {
        let middle = (low + high) / 2u;
        let other = x1[middle];
        if (x0[other] < x0[place] || (x0[other] == x0[place] && other < place)) { low = middle + 1u; } else { high = middle; }
    }
    store(own / 2u * 2u * RUN + i % RUN + low - min(first, INDICES), place);
}
