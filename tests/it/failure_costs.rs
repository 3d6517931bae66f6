//! Elliott, Golub and Jackson (2014): failures through cross-holdings, by waves and as an equilibrium.

use crate::fixture::{Clearing, all_close, close, greatest, least, matrix, numbers};
use delever::network::clearing::{ElliottGolubJackson, FailureRow};
use delever::prelude::*;
use delever_testkit::reference::shared_json;
use proptest::prelude::*;
use serde_json::Value;

/// `(1 - o) V` of an equilibrium: what outsiders own.
fn market_values(model: &ElliottGolubJackson, outcome: &Outcome) -> Vec<f64> {
    let books: Vec<f64> = outcome
        .institutions
        .iter()
        .map(|i| i.equity - i.default_cost)
        .collect();
    model.market_values(&books)
}

fn failed(outcome: &Outcome) -> Vec<u32> {
    let failed = |n: &u32| outcome.institutions[*n as usize].state == InstitutionState::Defaulted;
    (0..outcome.institutions.len() as u32).filter(failed).collect()
}

/// Thresholds `theta` times market values before the shock, costs half of them.
fn rows(values_before: &[f64], theta: f64, fraction: f64) -> Vec<FailureRow> {
    let row = |value: &f64| FailureRow {
        failure_value: theta * value,
        failure_cost: fraction * (theta * value),
    };
    values_before.iter().map(row).collect()
}

fn model(held: &[Vec<f64>], rows: Vec<FailureRow>) -> (Clearing, ElliottGolubJackson) {
    let none = vec![0.0; held.len()];
    let problem = Clearing::layered(&none, &[], held, &none);
    let model = ElliottGolubJackson::new(problem.graph.shareholdings(), rows).expect("owned outside");
    (problem, model)
}

struct Published {
    held: Vec<Vec<f64>>,
    prices: Vec<f64>,
    values_before: Vec<f64>,
    shocked: Vec<u32>,
    rows: Vec<FailureRow>,
    expected: Value,
}

fn published(name: &str) -> Option<Published> {
    let case = shared_json(&format!("reference/egj_crossholdings/{name}.json"))?;
    let (input, expected) = (&case["input"], case["output"].clone());
    let shocked: Vec<u32> = numbers(&input["shocked"]).iter().map(|&n| n as u32).collect();
    let theta = input["theta"].as_f64().expect("a number");
    let fraction = input["failure_cost_fraction"].as_f64().expect("a number");
    let mut prices = numbers(&input["prices"]);
    let held = matrix(&input["C_rowholder_colissuer"]);
    let (_, healthy) = model(&held, rows(&vec![0.0; prices.len()], theta, fraction));
    let values_before = healthy.failure_waves(&prices, &[]).market_values;
    let keep = input["shock_keep_fraction"].as_f64().expect("a number");
    for &n in &shocked {
        prices[n as usize] *= keep;
    }
    let rows = rows(&values_before, theta, fraction);
    Some(Published {
        held,
        prices,
        values_before,
        shocked,
        rows,
        expected,
    })
}

const PUBLISHED: [&str; 5] = [
    "tiny3",
    "two_symmetric",
    "random_n50_d4_theta90",
    "random_n50_d4_theta95",
    "random_n50_d4_theta98",
];

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn waves_of_a_published_program() {
    for name in PUBLISHED {
        let Some(case) = published(name) else { return };
        all_close(
            &case.values_before,
            &numbers(&case.expected["values_before"]),
            1e-9,
            name,
        );
        // There, whom the shock strikes has failed without a cost, and an empty last wave is recorded.
        let (_, model) = model(&case.held, case.rows.clone());
        let cascade = model.failure_waves(&case.prices, &case.shocked);
        let mut waves = vec![case.shocked.clone()];
        waves.extend(cascade.waves.clone());
        waves.push(vec![]);
        let expected: Vec<Vec<u32>> = matrix(&case.expected["waves"])
            .iter()
            .map(|wave| wave.iter().map(|&n| n as u32).collect())
            .collect();
        assert_eq!(waves, expected, "{name}");
        close(
            cascade.total_cost,
            case.expected["total_costs"].as_f64().expect("a number"),
            1e-9,
            name,
        );

        // The same as an equilibrium: no cost for whom the shock strikes.
        let mut rows = case.rows.clone();
        case.shocked
            .iter()
            .for_each(|&n| rows[n as usize].failure_cost = 0.0);
        let none = vec![0.0; case.prices.len()];
        let problem = Clearing::layered(&case.prices, &[], &case.held, &none);
        let model = ElliottGolubJackson::new(problem.graph.shareholdings(), rows).expect("owned outside");
        let both = problem.solve(Box::new(model.clone()));
        let outcome = greatest(&both);
        assert_eq!(outcome.status, Status::Certified, "{name}");
        all_close(
            &market_values(&model, outcome),
            &cascade.market_values,
            1e-9,
            name,
        );
        close(
            outcome.totals.loss_bankruptcy_costs,
            cascade.total_cost,
            1e-9,
            name,
        );
    }
}

/// The two small systems of the program that the larger ones come from: who is struck, and what is left of it; values before,
/// who fails then, and what failures cost.
#[test]
fn waves_of_a_published_program_in_small() {
    let check = |held: &[Vec<f64>],
                 theta: f64,
                 kept: f64,
                 output: &[f64],
                 before: &[f64],
                 wave: &[u32],
                 cost: f64| {
        let calm = model(held, rows(&vec![0.0; held.len()], 0.0, 0.0)).1;
        let values = calm.failure_waves(output, &[]).market_values;
        all_close(&values, before, 1e-9, "before");
        let mut struck = output.to_vec();
        struck[0] *= kept;
        let (_, model) = model(held, rows(&values, theta, 0.5));
        let cascade = model.failure_waves(&struck, &[0]);
        let expected: Vec<&[u32]> = [wave].into_iter().filter(|wave| !wave.is_empty()).collect();
        assert_eq!(cascade.waves, expected);
        close(cascade.total_cost, cost, 1e-9, "cost");
    };
    let three = [
        vec![0.0, 0.375, 0.375],
        vec![0.425, 0.0, 0.05],
        vec![0.05, 0.05, 0.0],
    ];
    let before = [
        1.538_866_396_761_133_8,
        1.918_440_331_598_226_1,
        1.042_693_271_640_64,
    ];
    check(
        &three,
        0.9,
        0.3,
        &[1.0, 2.0, 1.5],
        &before,
        &[1],
        0.863_298_149_219_201_8,
    );
    let two = [vec![0.0, 0.5], vec![0.5, 0.0]];
    check(&two, 0.8, 0.5, &[1.0, 1.0], &[1.0, 1.0], &[], 0.0);
}

/// What each of six countries (France, Germany, Greece, Italy, Portugal, Spain) owed to each in 2011, from the Bank for International
/// Settlements; a third of it is taken to be held as shares are.
const OWED: [[f64; 6]; 6] = [
    [0.0, 174_862.0, 1_960.0, 40_311.0, 6_679.0, 27_015.0],
    [198_304.0, 0.0, 2_663.0, 227_813.0, 2_271.0, 54_178.0],
    [39_458.0, 32_977.0, 0.0, 2_302.0, 8_077.0, 1_001.0],
    [329_550.0, 133_954.0, 444.0, 0.0, 2_108.0, 29_938.0],
    [21_817.0, 30_208.0, 51.0, 3_188.0, 0.0, 78_005.0],
    [115_162.0, 146_096.0, 292.0, 26_939.0, 21_620.0, 0.0],
];
/// Output of 2008 and of 2011, in that of Portugal in 2011.
const OUTPUT_2008: [f64; 6] = [11.987_45, 15.276_15, 1.468_619, 9.652_72, 1.058_577, 6.698_745];
const OUTPUT_2011: [f64; 6] = [
    11.615_062_76,
    14.882_845_19,
    1.267_782_427,
    9.200_836_82,
    1.0,
    6.251_046_025,
];

/// A threshold, who fails wave by wave, and values at the end.
type CountryCascade = (f64, Vec<&'static [u32]>, [f64; 6]);

/// Elliott, Golub and Jackson (2014), section V: who fails in which wave, and values at the end, for thresholds in values of
/// 2008, as a public replication (Veeraraghavan 2017) and an independent computation give them. As an equilibrium these are the
/// published cases `elliott_golub_jackson_europe_...`.
#[test]
fn european_debt_2011() {
    let held: Vec<Vec<f64>> = (0..6)
        .map(|i| {
            (0..6)
                .map(|j| OWED[j][i] / OWED[j].iter().sum::<f64>() / 3.0)
                .collect()
        })
        .collect();
    let calm = model(&held, rows(&[0.0; 6], 0.0, 0.0)).1;
    let values = |outside: &[f64]| calm.failure_waves(outside, &[]).market_values;
    let before = values(&OUTPUT_2008);
    let expected = [
        13.175_091_403_555_319,
        15.263_499_172_976_303,
        1.046_205_129_680_248_6,
        9.718_532_371_275_314,
        1.031_138_835_733_147,
        5.907_794_086_779_674,
    ];
    all_close(&before, &expected, 1e-9, "2008");
    let expected = [
        12.700_208_384_030_928,
        14.775_845_669_127_628,
        0.909_942_904_426_723_2,
        9.303_573_830_464_837,
        0.973_926_637_060_967_2,
        5.554_075_796_888_918_5,
    ];
    all_close(&values(&OUTPUT_2011), &expected, 1e-9, "2011");
    // What a unit of each country's output is worth to the first.
    let expected = [
        0.710_768_709_328_390_8,
        0.128_281_198_258_936_33,
        0.132_709_098_306_428_6,
        0.171_417_488_888_479_1,
        0.072_262_889_415_111_19,
        0.114_813_185_582_639_88,
    ];
    for (n, worth) in expected.into_iter().enumerate() {
        let mut unit = [0.0; 6];
        unit[n] = 1.0;
        close(values(&unit)[0], worth, 1e-9, "A");
    }
    let cascades: [CountryCascade; 4] = [
        (
            0.9,
            vec![&[2]],
            [
                12.637_729_961_299_385,
                14.716_595_450_895_154,
                0.595_801_559_803_216_1,
                9.287_754_835_938_852,
                0.962_976_801_266_521_2,
                5.545_922_304_440_761_5,
            ],
        ),
        (
            0.93,
            vec![&[2]],
            [
                12.635_647_347_208_335,
                14.714_620_443_620_738,
                0.585_330_181_649_099_2,
                9.287_227_536_121_32,
                0.962_611_806_740_039_7,
                5.545_650_521_359_156,
            ],
        ),
        (
            0.935,
            vec![&[2], &[4], &[5], &[0], &[1, 3]],
            [
                6.211_291_666_035_148,
                7.620_025_699_370_591,
                0.551_665_450_272_169_2,
                4.727_017_708_671_318,
                0.507_121_747_738_348_3,
                3.028_943_932_412_422,
            ],
        ),
        (
            0.94,
            vec![&[2], &[4, 5], &[0, 1], &[3]],
            [
                6.176_591_576_634_101_5,
                7.581_759_282_420_021,
                0.549_749_528_057_439,
                4.702_544_146_522_690_5,
                0.504_625_464_907_746_2,
                3.015_440_553_458_002_4,
            ],
        ),
    ];
    for (theta, waves, expected) in cascades {
        let (_, model) = model(&held, rows(&before, theta, 0.5));
        let ours = model.failure_waves(&OUTPUT_2011, &[]);
        assert_eq!(ours.waves, waves, "{theta}");
        all_close(&ours.market_values, &expected, 1e-9, "v");
    }
}

#[test]
fn failures_can_fulfil_themselves() {
    // Each falls below 0.9 once the other has failed, and neither by itself: two equilibria.
    let row = FailureRow {
        failure_value: 0.9,
        failure_cost: 0.5,
    };
    let held = [vec![0.0, 0.5], vec![0.5, 0.0]];
    let problem = Clearing::layered(&[1.0; 2], &[], &held, &[0.0; 2]);
    let model = ElliottGolubJackson::new(problem.graph.shareholdings(), vec![row; 2]).expect("owned outside");
    let both = problem.solve(Box::new(model.clone()));
    // V = 1 + V/2 = 2, v = 1; with both costs V = 0.5 + V/2 = 1, x = 1.5, (1 - o) x = 0.75 < 0.9.
    all_close(
        &market_values(&model, greatest(&both)),
        &[1.0; 2],
        1e-12,
        "greatest",
    );
    all_close(&market_values(&model, least(&both)), &[0.5; 2], 1e-12, "least");
    assert_eq!(
        (failed(greatest(&both)), failed(least(&both))),
        (vec![], vec![0, 1])
    );
    assert_eq!(both.unique, Some(false));
}

#[test]
fn values_below_zero_pass_on() {
    // No floor: whoever owns half of a loss bears half of it.
    let row = FailureRow {
        failure_value: -100.0,
        failure_cost: 1.0,
    };
    let held = [vec![0.0, 0.5], vec![0.0, 0.0]];
    let problem = Clearing::layered(&[1.0, -8.0], &[], &held, &[0.0; 2]);
    let model = ElliottGolubJackson::new(problem.graph.shareholdings(), vec![row; 2]).expect("owned outside");
    let both = problem.solve(Box::new(model));
    let outcome = greatest(&both);
    assert_eq!(outcome.status, Status::Certified);
    assert_eq!(
        (outcome.institutions[0].equity, outcome.institutions[1].equity),
        (-3.0, -8.0)
    );
}

fn random() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<f64>, Vec<FailureRow>)> {
    (2_usize..8).prop_flat_map(|n| {
        let fraction = prop_oneof![
            2 => Just(0.0),
            3 => (1_u32..64).prop_map(move |x| f64::from(x) / 64.0 / n as f64)
        ];
        let held = prop::collection::vec(prop::collection::vec(fraction, n), n).prop_map(|mut held| {
            (0..held.len()).for_each(|n| held[n][n] = 0.0);
            held
        });
        let outside = prop::collection::vec((-80_i32..800).prop_map(|x| f64::from(x) / 16.0), n);
        let row = ((0_u32..400), (0_u32..200)).prop_map(|(value, cost)| FailureRow {
            failure_value: f64::from(value) / 16.0,
            failure_cost: f64::from(cost) / 16.0,
        });
        (held, outside, prop::collection::vec(row, n))
    })
}

proptest! {
    #[test]
    fn equilibrium_and_waves_agree((held, outside, rows) in random()) {
        let none = vec![0.0; outside.len()];
        let problem = Clearing::layered(&outside, &[], &held, &none);
        let model = ElliottGolubJackson::new(problem.graph.shareholdings(), rows).expect("owned outside");
        let both = problem.solve(Box::new(model.clone()));
        let (best, worst) = (greatest(&both), least(&both));
        prop_assert!(!matches!(best.status, Status::Unordered | Status::NonFinite), "{:?}", best.status);
        let waves = model.failure_waves(&outside, &[]);
        if !best.near_boundary {
            prop_assert_eq!(best.status, Status::Certified);
            let mut ever = waves.waves.concat();
            ever.sort_unstable();
            prop_assert_eq!(failed(best), ever);
            for (ours, theirs) in market_values(&model, best).iter().zip(&waves.market_values) {
                prop_assert!((ours - theirs).abs() < 1e-9, "{} {}", ours, theirs);
            }
        }
        for (a, b) in best.institutions.iter().zip(&worst.institutions) {
            prop_assert!(a.equity >= b.equity - 1e-9);
        }
    }

    #[test]
    fn more_outside_assets_never_add_a_failure((held, outside, rows) in random(), who in 0_usize..8, more in 0.0_f64..20.0) {
        let mut richer = outside.clone();
        let who = who % outside.len();
        richer[who] += more;
        let none = vec![0.0; outside.len()];
        let problem = Clearing::layered(&outside, &[], &held, &none);
        let model = ElliottGolubJackson::new(problem.graph.shareholdings(), rows).expect("owned outside");
        let (poor, rich) = (model.failure_waves(&outside, &[]), model.failure_waves(&richer, &[]));
        let (poor, rich) = (poor.waves.concat(), rich.waves.concat());
        // Values are sums in one order, so they rise with every term.
        prop_assert!(rich.iter().all(|n| poor.contains(n)), "{:?} {:?}", poor, rich);
    }
}
