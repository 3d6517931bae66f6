//! Core and periphery against all splits.

use crate::fixture::*;
use delever_network::ContagionGraph;
use delever_network::analysis::TieringErrors;
use proptest::prelude::*;

/// Errors of a split, word for word: `core` holds bit `n` for each core bank `n`.
fn errors(graph: &ContagionGraph, core: u32) -> TieringErrors {
    let count = graph.institution_count();
    let exposures = graph.exposures();
    let mut lends = vec![vec![false; count]; count];
    for (creditor, debtor, _) in exposures.triplets() {
        lends[creditor as usize][debtor as usize] = true;
    }
    let active: Vec<usize> = (0..count)
        .filter(|&n| lends[n].contains(&true) || lends.iter().any(|row| row[n]))
        .collect();
    let inside = |n: usize| core >> n & 1 == 1;
    let (center, rest): (Vec<usize>, Vec<usize>) = active.into_iter().partition(|&n| inside(n));
    let mut found = TieringErrors::default();
    for &i in &center {
        found.within_core += center.iter().filter(|&&j| i != j && !lends[i][j]).count() as u64;
        if !rest.iter().any(|&j| lends[i][j]) {
            found.core_to_periphery += rest.len() as u64;
        }
        if !rest.iter().any(|&j| lends[j][i]) {
            found.periphery_to_core += rest.len() as u64;
        }
    }
    for &i in &rest {
        found.within_periphery += rest.iter().filter(|&&j| lends[i][j]).count() as u64;
    }
    found
}

fn least(graph: &ContagionGraph) -> u64 {
    let splits = 0..1_u32 << graph.institution_count();
    splits
        .map(|core| errors(graph, core).total())
        .min()
        .expect("the empty core")
}

#[test]
fn a_star_has_its_hub_for_a_core() {
    let split = star(6).core_periphery();
    assert_eq!((split.core, split.error_score), (vec![0], 0.0));
}

#[test]
fn errors_are_counted_by_block() {
    // 0, 1, 2 lend to each other but for 2 to 0; 2 borrows from nobody outside; 3 and 4 deal with each other.
    let graph = graph(
        7,
        &[
            (0, 1, 1.0),
            (1, 0, 1.0),
            (1, 2, 1.0),
            (2, 1, 1.0),
            (2, 0, 1.0),
            (0, 3, 1.0),
            (3, 0, 1.0),
            (0, 5, 1.0),
            (5, 0, 1.0),
            (1, 4, 1.0),
            (4, 1, 1.0),
            (1, 6, 1.0),
            (6, 1, 1.0),
            (5, 2, 1.0),
            (6, 2, 1.0),
            (3, 2, 1.0),
            (4, 2, 1.0),
            (3, 4, 1.0),
        ],
    );
    let by_hand = TieringErrors {
        within_core: 1,
        core_to_periphery: 0,
        periphery_to_core: 4,
        within_periphery: 1,
    };
    assert_eq!(errors(&graph, 0b111), by_hand);
    let split = graph.core_periphery();
    let members = split.core.iter().fold(0, |core, n| core | 1 << n);
    assert_eq!(split.errors, errors(&graph, members));
    assert_eq!(split.errors.total(), least(&graph));
    assert_eq!(split.error_score, split.errors.total() as f64 / 18.0);
}

#[test]
fn who_deals_with_nobody_plays_no_part() {
    let pairs: Vec<_> = (1..6).map(|leaf| (0, leaf)).collect();
    let (small, large) = (
        both_ways(6, &pairs).core_periphery(),
        both_ways(600, &pairs).core_periphery(),
    );
    assert_eq!(small, large);
    let nobody = ContagionGraph::empty(3).core_periphery();
    assert_eq!((nobody.core, nobody.error_score), (vec![], 0.0));
}

proptest! {
    #[test]
    fn the_split_is_scored_as_defined_and_nearly_best(graph in graphs(8)) {
        let split = graph.core_periphery();
        let members = split.core.iter().fold(0, |core, n| core | 1 << n);
        prop_assert_eq!(split.errors, errors(&graph, members));
        prop_assert!(split.errors.total() >= least(&graph));
        let links = graph.exposures().entry_count();
        prop_assert!(split.errors.total() <= links as u64);
    }

    #[test]
    fn a_perfect_core_is_found(core in 1..6_u32, periphery in 6..40_u32, seed in any::<u32>()) {
        let mut pairs: Vec<_> = (0..core).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
        for n in 0..periphery {
            let of = if n < core { n } else { (seed >> (n % 7)) % core };
            pairs.push((of, core + n));
        }
        let split = both_ways((core + periphery) as usize, &pairs).core_periphery();
        prop_assert_eq!(split.errors.total(), 0);
    }
}
