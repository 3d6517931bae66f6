//! Debts from totals: cases by hand, and laws that every method keeps.

#![allow(clippy::unwrap_used)]

use delever_network::reconstruction::{
    FitnessReconstruction, FitnessSettings, GibbsSampler, GibbsSettings, LinkTarget, Margins, Matching,
    Reconstruction, ScalingSettings, Status, fitness, maximum_entropy, minimum_density,
};
use proptest::prelude::*;

type Debts = Vec<(u32, u32, f64)>;

fn margins(debts: &[f64], claims: &[f64]) -> Margins {
    Margins::new(debts, claims).expect("totals of a matrix")
}

/// Totals of a list of debts, summed naively, as a user would.
fn totals(count: usize, debts: &[(u32, u32, f64)]) -> [Vec<f64>; 2] {
    let mut sums = [vec![0.0; count], vec![0.0; count]];
    for &(debtor, creditor, amount) in debts {
        sums[0][debtor as usize] += amount;
        sums[1][creditor as usize] += amount;
    }
    sums
}

fn amount(network: &Reconstruction, debtor: u32, creditor: u32) -> f64 {
    let found = network
        .debts
        .iter()
        .find(|&&(i, j, _)| (i, j) == (debtor, creditor));
    found.map_or(0.0, |found| found.2)
}

fn keeps_its_totals(margins: &Margins, network: &Reconstruction) {
    let count = margins.institution_count();
    assert!(
        network.worst_margin_error <= 1e-12,
        "{}",
        network.worst_margin_error
    );
    let [debts, claims] = totals(count, &network.debts);
    let slack = 1e-12 + count as f64 * f64::EPSILON;
    let sides = debts
        .iter()
        .zip(margins.debts())
        .chain(claims.iter().zip(margins.claims()));
    for (sum, total) in sides {
        assert!((sum - total).abs() <= slack * total, "{sum} {total}");
    }
    assert!(network.debts.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    assert!(network.debts.iter().all(|&(i, j, amount)| i != j && amount > 0.0));
    for &(debtor, creditor, known) in margins.known() {
        assert_eq!(amount(network, debtor, creditor), known);
    }
}

/// Entries of a random matrix of some density, over many orders of magnitude, and which of them are known.
fn matrices() -> impl Strategy<Value = (usize, Debts, Vec<bool>)> {
    (2_usize..14, 1_u32..=4).prop_flat_map(|(count, often)| {
        let pairs = count * (count - 1);
        let entry = (0.0..9.0_f64, 0_u32..4)
            .prop_map(move |(size, coin)| if coin < often { 10_f64.powf(size) } else { 0.0 });
        let entries = prop::collection::vec(entry, pairs);
        let known = prop::collection::vec(prop::bool::weighted(0.25), pairs);
        (entries, known).prop_map(move |(entries, known)| {
            let all = (0..count as u32).flat_map(|i| (0..count as u32).map(move |j| (i, j)));
            let pairs = all.filter(|&(i, j)| i != j);
            (
                count,
                pairs.zip(entries).map(|((i, j), x)| (i, j, x)).collect(),
                known,
            )
        })
    })
}

fn chosen(debts: Debts, known: Vec<bool>) -> Debts {
    debts
        .into_iter()
        .zip(known)
        .filter(|pair| pair.1)
        .map(|pair| pair.0)
        .collect()
}

fn all_methods(margins: &Margins, seed: u64) -> Vec<Reconstruction> {
    let scaling = ScalingSettings {
        max_iterations: 500,
        ..ScalingSettings::default()
    };
    let gibbs = GibbsSettings {
        burn_in: 200,
        thinning: 50,
        seed,
        ..GibbsSettings::expecting(margins, 0.4)
    };
    let mut networks = vec![
        minimum_density(margins, Matching::Disassortative),
        minimum_density(margins, Matching::Random { seed }),
        maximum_entropy(margins, None, &scaling).expect("totals of a matrix"),
    ];
    let sampler = GibbsSampler::new(margins, &gibbs).expect("settings in range");
    networks.extend(sampler.take(2));
    for density in [0.1, 0.5, 0.9] {
        let settings = FitnessSettings {
            scaling,
            ..FitnessSettings::new(LinkTarget::Density(density), seed)
        };
        // Few institutions may not have that many pairs.
        networks.extend(fitness(margins, &settings).map(|network| network.reconstruction));
    }
    networks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn law_every_method_keeps_the_totals((count, debts, _) in matrices(), seed: u64) {
        let [owed, lent] = totals(count, &debts);
        let margins = margins(&owed, &lent);
        for network in all_methods(&margins, seed) {
            keeps_its_totals(&margins, &network);
        }
    }

    #[test]
    fn law_every_method_keeps_known_debts((count, debts, known) in matrices(), seed: u64) {
        let [owed, lent] = totals(count, &debts);
        let known = chosen(debts, known);
        let margins = Margins::with_known(&owed, &lent, &known).expect("totals of a matrix");
        for network in all_methods(&margins, seed) {
            keeps_its_totals(&margins, &network);
        }
    }

    #[test]
    fn law_links_of_least_density_are_fewer_than_totals((count, debts, known) in matrices(), seed: u64) {
        let [owed, lent] = totals(count, &debts);
        let bound = owed.iter().chain(&lent).filter(|&&total| total > 0.0).count().saturating_sub(1);
        let known = chosen(debts, known);
        let given = known.iter().filter(|entry| entry.2 > 0.0).count();
        for matching in [Matching::Disassortative, Matching::Random { seed }] {
            let links = minimum_density(&margins(&owed, &lent), matching).link_count();
            prop_assert!(links <= bound, "{} {}", links, bound);
            let margins = Margins::with_known(&owed, &lent, &known).expect("totals of a matrix");
            let links = minimum_density(&margins, matching).link_count();
            prop_assert!(links <= bound + given, "{} {} {}", links, bound, given);
        }
    }

    #[test]
    fn law_equal_seeds_give_equal_bits((count, debts, _) in matrices(), seed: u64) {
        let [owed, lent] = totals(count, &debts);
        let margins = margins(&owed, &lent);
        prop_assert_eq!(all_methods(&margins, seed), all_methods(&margins, seed));
    }

    #[test]
    fn law_the_matrix_of_largest_entropy_is_a_product((count, debts, _) in matrices()) {
        let [owed, lent] = totals(count, &debts);
        let margins = margins(&owed, &lent);
        let network = maximum_entropy(&margins, None, &ScalingSettings::default()).unwrap();
        let x = |i, j| amount(&network, i, j);
        let [a, b, c, d] = [x(0, 2), x(1, 3), x(0, 3), x(1, 2)];
        // Smaller amounts are within the rounding of the totals.
        let large = a.min(b).min(c).min(d) > 1e-7 * margins.total();
        if network.status == Status::Complete && large {
            prop_assert!((a * b / (c * d) - 1.0).abs() < 1e-4, "{} {} {} {}", a, b, c, d);
        }
    }
}

#[test]
fn maximum_entropy_of_three_by_hand() {
    // x01 = t, x02 = x21 = 6 - t, x12 = x20 = t - 2, x10 = 7 - t. Moving around the cycle changes nothing to first
    // order where x01 x12 x20 = x02 x10 x21.
    let margins = margins(&[6.0, 5.0, 4.0], &[5.0, 6.0, 4.0]);
    let network = maximum_entropy(&margins, None, &ScalingSettings::default()).unwrap();
    let t = amount(&network, 0, 1);
    assert!((t * (t - 2.0) * (t - 2.0) - (6.0 - t) * (6.0 - t) * (7.0 - t)).abs() < 1e-9);
    assert!((amount(&network, 1, 2) - (t - 2.0)).abs() < 1e-11);
    assert_eq!(network.status, Status::Complete);
}

#[test]
fn maximum_entropy_keeps_the_cross_ratio_of_its_prior() {
    // x02 = t, x03 = 10 - t, x12 = 12 - t, x13 = t - 2.
    let prior = [(0, 2, 2.0), (0, 3, 1.0), (1, 2, 1.0), (1, 3, 3.0)];
    let margins = margins(&[10.0, 10.0, 0.0, 0.0], &[0.0, 0.0, 12.0, 8.0]);
    let network = maximum_entropy(&margins, Some(&prior), &ScalingSettings::default()).unwrap();
    let t = amount(&network, 0, 2);
    assert!((t * (t - 2.0) - 6.0 * (10.0 - t) * (12.0 - t)).abs() < 1e-9);
}

#[test]
fn a_prior_that_has_the_totals_is_kept() {
    let prior = [
        (0, 1, 3.0),
        (0, 2, 1.0),
        (1, 2, 5.0),
        (2, 0, 2.0),
        (2, 1, 4.0),
        (1, 0, 7.0),
    ];
    let [owed, lent] = totals(3, &prior);
    let network = maximum_entropy(&margins(&owed, &lent), Some(&prior), &ScalingSettings::default()).unwrap();
    for (debtor, creditor, weight) in prior {
        assert!((amount(&network, debtor, creditor) - weight).abs() < 1e-11);
    }
}

#[test]
fn a_hub_on_every_debt_leaves_no_other_pair() {
    // 0.1 + 0.2 is not 0.3 in doubles.
    let margins = margins(&[0.1 + 0.2, 0.3, 0.4], &[0.7, 0.1, 0.2]);
    for network in all_methods(&margins, 3) {
        keeps_its_totals(&margins, &network);
        assert!(network.debts.iter().all(|&(i, j, _)| i == 0 || j == 0));
        assert_eq!((network.link_count(), network.status), (4, Status::Complete));
    }
}

#[test]
fn minimum_density_by_hand() {
    // 3 owes the least and 0 is owed the most, 12 : 1. Then 1 owes 9 to 2 and 3, who are owed 1 each. Now all that is
    // left, 13, is owed by 0 or to 0.
    let margins = margins(&[2.0, 9.0, 4.0, 1.0], &[12.0, 2.0, 1.0, 1.0]);
    let network = minimum_density(&margins, Matching::Disassortative);
    let expected = [
        (0, 1, 2.0),
        (1, 0, 7.0),
        (1, 2, 1.0),
        (1, 3, 1.0),
        (2, 0, 4.0),
        (3, 0, 1.0),
    ];
    assert_eq!(network.debts, expected);
    assert_eq!((network.iterations, network.worst_margin_error), (0, 0.0));
}

#[test]
fn no_debts_are_a_network_without_links() {
    for count in [0, 1, 5] {
        let margins = margins(&vec![0.0; count], &vec![0.0; count]);
        for network in all_methods(&margins, 1) {
            assert_eq!((network.link_count(), network.worst_margin_error), (0, 0.0));
        }
    }
}

#[test]
fn sums_may_differ_by_rounding() {
    let margins = margins(&[1.0, 2.0, 3.0 + 4e-12], &[3.0, 2.0, 1.0]);
    for network in all_methods(&margins, 1) {
        keeps_its_totals(&margins, &network);
    }
}

#[test]
fn the_unit_of_money_changes_no_digit() {
    let scaled = |by: f64| {
        let margins = margins(
            &[30.0, 20.0, 10.0, 7.0].map(|total| total * by),
            &[21.0, 25.0, 15.0, 6.0].map(|total| total * by),
        );
        let mut settings = GibbsSettings::expecting(&margins, 0.5);
        settings.burn_in = 500;
        let sample = GibbsSampler::new(&margins, &settings).unwrap().next().unwrap();
        let plain = minimum_density(&margins, Matching::Disassortative);
        [plain.debts, sample.debts]
    };
    let plain = scaled(1.0);
    for exponent in [-900, -40, 3, 900] {
        let by = 2_f64.powi(exponent);
        let expected = plain.clone().map(|debts| {
            let times = |(i, j, x)| (i, j, x * by);
            debts.into_iter().map(times).collect::<Debts>()
        });
        assert_eq!(scaled(by), expected);
    }
}

#[test]
fn a_limit_of_iterations_is_a_status() {
    let settings = ScalingSettings {
        max_iterations: 2,
        ..ScalingSettings::default()
    };
    let margins = margins(&[6.0, 5.0, 4.0], &[5.0, 6.0, 4.0]);
    let network = maximum_entropy(&margins, None, &settings).unwrap();
    assert_eq!((network.status, network.iterations), (Status::IterationLimit, 2));
    keeps_its_totals(&margins, &network);
}

/// Sizes over several orders of magnitude, without a random generator.
fn heavy_tailed(count: usize) -> Margins {
    let size = |n: usize, step: usize| 1e6 / (1 + (n * step) % count) as f64;
    let owed: Vec<f64> = (0..count).map(|n| size(n, 7_919)).collect();
    let lent: Vec<f64> = (0..count).map(|n| size(n, 104_729)).collect();
    margins(&owed, &lent)
}

#[test]
fn fitness_draws_as_many_links_as_asked_on_average() {
    let margins = heavy_tailed(60);
    let target = LinkTarget::Links(700.0);
    let networks: Vec<FitnessReconstruction> = (0..200)
        .map(|seed| fitness(&margins, &FitnessSettings::new(target, seed)).unwrap())
        .collect();
    assert!(
        networks
            .iter()
            .all(|network| (network.expected_links - 700.0).abs() < 1e-6)
    );
    let mean = networks
        .iter()
        .map(|network| network.drawn_links as f64)
        .sum::<f64>()
        / 200.0;
    // The standard deviation of one draw is below sqrt(700).
    assert!((mean - 700.0).abs() < 4.0 * (700.0_f64 / 200.0).sqrt(), "{mean}");
    let total = margins.total();
    for (i, j) in [(0_u32, 1_u32), (5, 30), (40, 2)] {
        let odds = networks[0].z * margins.debts()[i as usize] / total * margins.claims()[j as usize] / total;
        let expected = odds / (1.0 + odds);
        let linked = networks
            .iter()
            .filter(|network| amount(&network.reconstruction, i, j) > 0.0);
        let found = linked.count() as f64 / 200.0;
        assert!((found - expected).abs() < 0.12, "{i} {j}: {found} {expected}");
    }
}

#[test]
fn fitness_on_classes_has_the_asked_number_of_links() {
    let margins = heavy_tailed(2_500);
    let network = fitness(&margins, &FitnessSettings::new(LinkTarget::Links(40_000.0), 5)).unwrap();
    let total = margins.total();
    let mut exact = 0.0;
    for (i, debts) in margins.debts().iter().enumerate() {
        for (_, claims) in margins.claims().iter().enumerate().filter(|&(j, _)| i != j) {
            let odds = network.z * (debts / total) * (claims / total);
            exact += odds / (1.0 + odds);
        }
    }
    assert!((exact / 40_000.0 - 1.0).abs() < 1e-5, "{exact}");
    keeps_its_totals(&margins, &network.reconstruction);
}

#[test]
fn fitness_adds_links_where_nobody_drew_one() {
    let margins = heavy_tailed(40);
    let network = fitness(&margins, &FitnessSettings::new(LinkTarget::Links(5.0), 2)).unwrap();
    keeps_its_totals(&margins, &network.reconstruction);
    assert!((35..80).contains(&network.added_links), "{}", network.added_links);
    let links = network.drawn_links + network.added_links - network.dropped_links;
    assert_eq!(network.reconstruction.link_count(), links);
}

/// How often each case occurs among samples.
fn frequencies<const N: usize>(
    margins: &Margins,
    settings: &GibbsSettings,
    samples: usize,
    case: impl Fn(&Reconstruction) -> usize,
) -> [f64; N] {
    let mut found = [0.0; N];
    for sample in GibbsSampler::new(margins, settings).unwrap().take(samples) {
        found[case(&sample)] += 1.0 / samples as f64;
    }
    found
}

#[test]
fn gandy_veraart_2017_three_institutions_have_the_exact_law() {
    // x01 = t, x02 = 6 - t, x12 = t - 1.5, x10 = x21 = 6.5 - t, x20 = t - 2.5: from 2.5 to 6, where one debt vanishes
    // at each end. Ends weigh (1 - p) / (p lambda) = 3 each, the inside 3.5.
    let margins = margins(&[6.0, 5.0, 4.0], &[4.0, 6.5, 4.5]);
    let settings = GibbsSettings {
        probability: 0.4,
        rate: 0.5,
        largest_cycle: 3,
        burn_in: 1_000,
        thinning: 400,
        seed: 11,
    };
    let quarter = |sample: &Reconstruction| match amount(sample, 0, 1) {
        2.5 => 0,
        6.0 => 1,
        t => 2 + ((t - 2.5) / 0.875) as usize,
    };
    let found: [f64; 6] = frequencies(&margins, &settings, 40_000, quarter);
    let inside = 3.5 / 9.5 / 4.0;
    let expected = [3.0 / 9.5, 3.0 / 9.5, inside, inside, inside, inside];
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 0.008, "{found} {expected}");
    }
}

#[test]
fn gandy_veraart_2017_a_polygon_has_the_exact_law() {
    // x02 = s from 0 to 3, x03 = t from 0 to 4, x04 = 6 - s - t from 0 to 5: a rectangle less two corners, by
    // s + t >= 1 and s + t <= 6. A point weighs 1 a unit of area inside, w a unit of length on an edge, where one debt
    // is absent, and w^2 at a corner, where two are.
    let margins = margins(&[6.0, 6.0, 0.0, 0.0, 0.0], &[0.0, 0.0, 3.0, 4.0, 5.0]);
    let settings = GibbsSettings {
        probability: 0.5,
        rate: 0.8,
        largest_cycle: 3,
        burn_in: 5_000,
        thinning: 800,
        seed: 5,
    };
    let w: f64 = 1.0 / 0.8;
    // Lengths in one coordinate: a cycle moves each amount by the same.
    let weights = [
        12.0 - 0.5 - 0.5,
        w * (3.0 + 3.0 + 2.0 + 2.0 + 1.0 + 1.0),
        w * w * 6.0,
    ];
    let whole: f64 = weights.iter().sum();
    let found: [f64; 3] = frequencies(&margins, &settings, 20_000, |sample| 6 - sample.link_count());
    for (found, weight) in found.iter().zip(weights) {
        assert!(
            (found - weight / whole).abs() < 0.012,
            "{found} {}",
            weight / whole
        );
    }
}

#[test]
fn debts_that_vanish_together_are_taken_as_absent() {
    // x12 = x20 = t - 2 and x02 = x21 = 6 - t: at each end two debts are 0, which chance alone never does.
    let margins = margins(&[6.0, 5.0, 4.0], &[5.0, 6.0, 4.0]);
    let settings = GibbsSettings {
        thinning: 200,
        ..GibbsSettings::expecting(&margins, 0.5)
    };
    let end = |sample: &Reconstruction| match amount(sample, 0, 1) {
        2.0 => 0,
        6.0 => 1,
        t => panic!("{t}"),
    };
    let [low, high] = frequencies(&margins, &settings, 4_000, end);
    assert!((low - high).abs() < 0.06, "{low} {high}");
}

#[test]
fn certain_links_are_never_absent() {
    let margins = margins(&[6.0, 5.0, 4.0, 2.0], &[4.0, 6.5, 4.5, 2.0]);
    let settings = GibbsSettings::expecting(&margins, 1.0);
    let mut sampler = GibbsSampler::new(&margins, &settings).unwrap();
    for _ in 0..50 {
        assert_eq!(sampler.next().unwrap().link_count(), 12);
    }
    assert_eq!(sampler.update_count(), 1_600 + 49 * 160);
    assert!(sampler.move_count() > 0);
}
