//! Connections that skip cards: which there are, and the lane of each above the strip.

/// Rows of lines above the cards. Links that cross take different ones, as far as there are enough.
const LANES: usize = 4;

/// A connection from one layer to another that does not follow it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// Index of the layer whose output is taken; `None`: the model's input.
    pub from: Option<usize>,
    pub to: usize,
    pub lane: usize,
}

/// Drops connections of neighbours, and gives each of the others the lowest lane that is free all the way. Short ones first,
/// so that long ones run above them.
pub fn laid_out(pairs: Vec<(Option<usize>, usize)>) -> Vec<Link> {
    // The input stands before the first layer.
    let start = |from: Option<usize>| from.map_or(0, |at| at + 1);
    let mut skipping: Vec<_> = pairs.into_iter().filter(|(from, to)| start(*from) != *to).collect();
    skipping.sort_by_key(|(from, to)| to - start(*from));
    skipping.dedup();
    let mut links: Vec<Link> = Vec::new();
    for (from, to) in skipping {
        let crosses = |other: &Link| start(other.from) < to && start(from) < other.to;
        let is_free = |lane: &usize| !links.iter().any(|other| other.lane == *lane && crosses(other));
        let lane = (0..LANES).find(is_free).unwrap_or(LANES - 1);
        links.push(Link { from, to, lane });
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_cross_run_in_different_lanes() {
        let lane = |links: &[Link], to: usize| links.iter().find(|link| link.to == to).map(|link| link.lane);
        let links = laid_out(vec![
            (None, 0),
            (Some(0), 1),
            (Some(0), 4),
            (Some(1), 3),
            (Some(2), 3),
            (Some(3), 4),
            (Some(4), 7),
            (None, 7),
        ]);
        assert_eq!(links.len(), 4);
        assert_eq!((lane(&links, 3), lane(&links, 4)), (Some(0), Some(1)));
        let to_seven: Vec<_> = links.iter().filter(|link| link.to == 7).map(|link| (link.from, link.lane)).collect();
        assert_eq!(to_seven, [(Some(4), 0), (None, 2)]);
    }

    #[test]
    fn more_links_than_lanes_share_the_last() {
        let links = laid_out((0..9).map(|from| (Some(from), 11)).collect());
        assert_eq!(links.len(), 9);
        assert!(links.iter().all(|link| link.lane < LANES));
    }
}
