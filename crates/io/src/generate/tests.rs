//! The synthetic banking system: books close, shapes are realistic, the default cascade shows every channel.

#![allow(clippy::unwrap_used)]

use super::*;
use delever_cascade::{Cascade, InstitutionState, Outcome, Select, Settings, Shock, Status};

fn generator(institutions: usize) -> Generator {
    Generator {
        institutions,
        ..Generator::default()
    }
}

fn generated(institutions: usize) -> SyntheticSystem {
    generator(institutions).generate().unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

const SIZES: [usize; 3] = [5, 50, 1000];

#[test]
fn fitted_margins_agree_with_what_was_drawn() {
    for n in SIZES {
        let generator = generator(n);
        let core = network::core_size(&generator);
        let frames = sizes::frames(&generator, core);
        let network = network::network(&generator, &frames, core);
        assert!(network.residual <= network::CLOSED, "{n}: {}", network.residual);
        let mut debts = vec![0.0; n];
        let mut claims = vec![0.0; n];
        for &(debtor, creditor, amount) in &network.debts {
            debts[debtor as usize] += money(amount);
            claims[creditor as usize] += money(amount);
        }
        // What is left is rounding of each edge to thousandths.
        for (bank, frame) in frames.iter().enumerate() {
            assert!((debts[bank] - frame.debts).abs() < 0.001 * n as f64, "{n} {bank}");
            assert!(
                (claims[bank] - frame.claims).abs() < 0.001 * n as f64,
                "{n} {bank}"
            );
        }
    }
}

#[test]
fn margins_and_portfolios_add_up_to_the_books() {
    for n in SIZES {
        let synthetic = generated(n);
        let mut debts = vec![0.0; n];
        let mut claims = vec![0.0; n];
        let mut marketable = vec![0.0; n];
        for debt in &synthetic.debts {
            debts[debt.debtor as usize] += debt.amount;
            claims[debt.creditor as usize] += debt.amount;
        }
        for holding in &synthetic.holdings {
            let price = synthetic.assets[holding.asset as usize].price;
            marketable[holding.institution as usize] += price * holding.quantity;
        }
        for (n, bank) in synthetic.institutions.iter().enumerate() {
            assert!(close(debts[n], bank.interbank_debts), "{}", bank.id);
            assert!(close(claims[n], bank.interbank_claims), "{}", bank.id);
            assert!(close(marketable[n], bank.marketable), "{}", bank.id);
        }
    }
}

#[test]
fn balance_sheets_balance_and_are_of_the_usual_shape() {
    for n in SIZES {
        let synthetic = generated(n);
        let system = synthetic.system().unwrap();
        let graph = synthetic.graph().unwrap();
        assert_eq!(graph.institution_count(), n);
        let prices = vec![1.0; system.asset_count()];
        for (n, bank) in synthetic.institutions.iter().enumerate() {
            let assets = bank.total_assets();
            let liabilities = bank.external_liabilities + bank.interbank_debts;
            assert!(close(assets, liabilities + bank.equity), "{}", bank.id);
            // The same through the frozen system, so positions and ids agree.
            assert_eq!(system.institution_names()[n], bank.id);
            let equity = system.equity(n, &prices) + bank.interbank_claims - bank.interbank_debts;
            assert!((equity - bank.equity).abs() < 1e-9 * assets, "{}", bank.id);
            let within = |amount: f64, low: f64, high: f64| {
                assert!(
                    amount >= 0.999 * low * assets && amount <= 1.001 * high * assets,
                    "{}: {amount}",
                    bank.id
                );
            };
            within(bank.equity, 0.04, 0.09);
            within(bank.cash, 0.03, 0.12);
            within(bank.marketable, 0.12, 0.30);
            within(bank.interbank_claims, 0.027, 0.15);
            within(bank.interbank_debts, 0.027, 0.15);
            within(bank.other_assets, 0.40, 0.85);
        }
        for (n, asset) in synthetic.assets.iter().enumerate() {
            assert_eq!(system.asset_names()[n], asset.id);
            assert!(asset.depth > 0.0 && asset.adv > 0.0 && asset.volatility > 0.0);
        }
        let core = synthetic.institutions.iter().filter(|bank| bank.core).count();
        let leverage = |banks: &[SyntheticInstitution]| {
            let assets: f64 = banks.iter().map(SyntheticInstitution::total_assets).sum();
            assets / banks.iter().map(|bank| bank.equity).sum::<f64>()
        };
        let (large, small) = synthetic.institutions.split_at(core);
        assert!(leverage(large) > leverage(small));
    }
}

#[test]
fn sizes_have_a_heavy_tail() {
    for seed in 0..20 {
        let synthetic = Generator {
            seed,
            ..Generator::default()
        }
        .generate()
        .unwrap();
        let sizes: Vec<f64> = synthetic
            .institutions
            .iter()
            .map(SyntheticInstitution::total_assets)
            .collect();
        assert!(sizes.windows(2).all(|pair| pair[0] >= pair[1]));
        let share = sizes[0] / sizes.iter().sum::<f64>();
        assert!((0.09..=0.17).contains(&share), "{seed}: {share}");
        assert!(sizes[0] > 7.0 * sizes[25], "{seed}");
    }
}

#[test]
fn the_core_is_dense_and_the_periphery_is_attached_to_it() {
    for n in [50, 1000] {
        let synthetic = generated(n);
        let core = synthetic.institutions.iter().filter(|bank| bank.core).count();
        let inside = |debt: &&SyntheticDebt, core_side: bool| {
            synthetic.institutions[debt.debtor as usize].core == core_side
                && synthetic.institutions[debt.creditor as usize].core == core_side
        };
        let density = |banks: usize, core_side: bool| {
            let debts = synthetic
                .debts
                .iter()
                .filter(|debt| inside(debt, core_side))
                .count();
            debts as f64 / (banks * (banks - 1)) as f64
        };
        let (core_density, periphery_density) = (density(core, true), density(n - core, false));
        assert!(core_density > 0.7, "{n}: {core_density}");
        assert!(
            core_density > 5.0 * periphery_density,
            "{n}: {core_density} {periphery_density}"
        );
        let mean = synthetic.debts.len() as f64 / n as f64;
        assert!((5.0..=7.0).contains(&mean), "{n}: {mean}");
        let mean = synthetic.holdings.len() as f64 / n as f64;
        assert!((9.0..=11.0).contains(&mean), "{n}: {mean}");
    }
}

#[test]
fn tables_are_sorted_without_repeated_pairs() {
    for n in SIZES {
        let synthetic = generated(n);
        let pairs = |debt: &SyntheticDebt| (debt.debtor, debt.creditor);
        assert!(
            synthetic
                .debts
                .windows(2)
                .all(|two| pairs(&two[0]) < pairs(&two[1]))
        );
        assert!(synthetic.debts.iter().all(|debt| debt.debtor != debt.creditor));
        let pairs = |holding: &SyntheticHolding| (holding.institution, holding.asset);
        assert!(
            synthetic
                .holdings
                .windows(2)
                .all(|two| pairs(&two[0]) < pairs(&two[1]))
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let text = |seed| {
        let generator = Generator {
            seed,
            ..Generator::default()
        };
        let synthetic = generator.generate().unwrap();
        (synthetic.to_csv(), synthetic.scenario_toml())
    };
    assert_eq!(text(3), text(3));
    assert_ne!(text(3).0, text(4).0);
    // Pinned: other bytes are another system under the name of the same seed.
    let (tables, _) = text(1);
    let first_bank = tables["institutions.csv"].lines().nth(1);
    assert_eq!(
        first_bank,
        Some("B001,Bank 001 (core),bank,127729.614,835214.241,1105574.577")
    );
    let bytes = tables.values().flat_map(|table| table.bytes());
    let checksum = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(checksum, 10_472_377_793_659_484_585);
}

#[test]
fn subjects_have_streams_of_their_own() {
    let one = generated(50);
    let other = Generator {
        holdings_per_institution: 4,
        debts_per_institution: 6,
        ..Generator::default()
    }
    .generate()
    .unwrap();
    assert_eq!(one.debts, other.debts);
    assert_ne!(one.holdings, other.holdings);
    let other = Generator {
        debts_per_institution: 9,
        ..Generator::default()
    }
    .generate()
    .unwrap();
    assert_eq!(one.holdings, other.holdings);
    assert_eq!(one.assets, other.assets);
    assert_ne!(one.debts, other.debts);
}

#[test]
fn csv_reads_back_to_the_same_numbers() {
    let synthetic = generated(50);
    let tables = synthetic.to_csv();
    let names: Vec<&str> = tables.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["assets.csv", "debts.csv", "holdings.csv", "institutions.csv"]
    );
    let mut reader = ::csv::Reader::from_reader(tables["debts.csv"].as_bytes());
    let debts: Vec<(String, String, f64)> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(debts.len(), synthetic.debts.len());
    for ((debtor, creditor, amount), debt) in debts.iter().zip(&synthetic.debts) {
        assert_eq!(*debtor, synthetic.institutions[debt.debtor as usize].id);
        assert_eq!(*creditor, synthetic.institutions[debt.creditor as usize].id);
        assert_eq!(*amount, debt.amount);
    }
    // Readable: no amount has more than three decimals.
    for cell in tables["institutions.csv"]
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').skip(3))
    {
        let decimals = cell.split_once('.').map_or(0, |(_, digits)| digits.len());
        assert!(decimals <= 3, "{cell}");
    }
}

#[test]
fn the_scenario_is_valid_and_explains_every_key() {
    for assets in [1, 12, 60] {
        let generator = Generator {
            assets,
            ..Generator::default()
        };
        let synthetic = generator.generate().unwrap();
        let text = synthetic.scenario_toml();
        let scenario: toml::Table = text.parse().unwrap();
        assert_eq!(scenario["version"].as_integer(), Some(1));
        let keys = |section: &str| {
            let mut keys: Vec<String> = scenario[section].as_table().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        assert_eq!(keys("data"), ["currency", "dir", "unit"]);
        assert_eq!(
            keys("shock"),
            ["cash", "other_assets", "outside_assets", "prices"]
        );
        assert_eq!(keys("deleveraging"), ["max_leverage", "rule", "strategy"]);
        assert_eq!(keys("impact"), ["execution", "model"]);
        assert_eq!(keys("clearing"), ["external", "model"]);
        assert_eq!(
            keys("engine"),
            ["kind", "max_iterations", "method", "select", "tolerance"]
        );
        assert_eq!(
            scenario["deleveraging"]["max_leverage"].as_float(),
            Some(MAX_LEVERAGE)
        );
        let prices = scenario["shock"]["prices"].as_table().unwrap();
        assert_eq!(prices.len(), assets.div_ceil(12));
        assert_eq!(prices.len(), synthetic.shocked_assets().count());
        for (id, change) in prices {
            assert!(synthetic.assets.iter().any(|asset| asset.id == *id), "{id}");
            assert_eq!(change.as_float(), Some(PRICE_SHOCK));
        }
        // Every key has a comment on the line above it, or follows one of the same name.
        let mut explained = false;
        for line in text.lines() {
            if line.contains(" = ") && !line.starts_with('#') {
                assert!(explained || line.starts_with("prices."), "{line}");
            }
            explained = line.starts_with("# ");
        }
    }
}

fn cascade(synthetic: &SyntheticSystem, shocked: bool) -> Outcome {
    let system = synthetic.system().unwrap();
    let graph = synthetic.graph().unwrap();
    let cascade = Cascade::new(&system, &graph, synthetic.models(&graph)).unwrap();
    let shock = if shocked {
        synthetic.shock(&system)
    } else {
        Shock::none(&system)
    };
    let equilibria = cascade
        .solve(&shock, Select::Greatest, &Settings::default())
        .unwrap();
    equilibria.greatest.unwrap()
}

#[test]
fn nobody_sells_before_the_shock() {
    for n in SIZES {
        let outcome = cascade(&generated(n), false);
        let sound = |bank: &delever_cascade::InstitutionOutcome| bank.state == InstitutionState::Sound;
        assert!(outcome.institutions.iter().all(sound), "{n}");
    }
}

#[test]
fn the_default_cascade_runs_through_every_channel_without_collapse() {
    let outcome = cascade(&generated(50), true);
    assert_eq!(outcome.status, Status::Certified);
    let amplification = outcome.totals.amplification.unwrap();
    assert!((1.5..=4.0).contains(&amplification), "{amplification}");
    assert!(outcome.totals.loss_fire_sale > 0.0);
    assert!(outcome.totals.loss_contagion > 0.0);
    assert!(outcome.totals.loss < 0.6 * outcome.totals.equity_initial);
    let count = |state| {
        let banks = outcome.institutions.iter();
        banks.filter(|bank| bank.state == state).count()
    };
    assert!((3..=8).contains(&count(InstitutionState::Deleveraging)));
    assert!((5..=15).contains(&count(InstitutionState::Liquidated)));
    assert!((2..=6).contains(&count(InstitutionState::Defaulted)));
    assert!(count(InstitutionState::Sound) >= 25);
    // No default is the shock's own doing, and some would not be without losses on claims.
    let failed = || outcome.institutions.iter().filter(|bank| bank.equity < 0.0);
    assert!(failed().all(|bank| bank.equity_shocked > 0.0));
    assert!(failed().any(|bank| bank.equity + bank.loss_contagion >= 0.0));
}

#[test]
fn other_seeds_are_neither_idle_nor_ruined_in_the_median() {
    let mut amplifications: Vec<f64> = (1..=21)
        .map(|seed| {
            let generator = Generator {
                seed,
                ..Generator::default()
            };
            let outcome = cascade(&generator.generate().unwrap(), true);
            assert_eq!(outcome.status, Status::Certified, "{seed}");
            outcome.totals.amplification.unwrap()
        })
        .collect();
    amplifications.sort_by(f64::total_cmp);
    assert!((1.5..=4.0).contains(&amplifications[10]), "{amplifications:?}");
}

#[test]
fn a_large_system_takes_the_same_path() {
    let generator = Generator {
        institutions: 10_000,
        assets: 500,
        holdings_per_institution: 30,
        debts_per_institution: 10,
        ..Generator::default()
    };
    let synthetic = generator.generate().unwrap();
    assert_eq!(synthetic.institutions[9_999].id, "B10000");
    let outcome = cascade(&synthetic, true);
    assert!(outcome.totals.amplification.unwrap() > 1.0);
    assert!(
        outcome
            .institutions
            .iter()
            .any(|bank| bank.state == InstitutionState::Sound)
    );
}

#[test]
fn impossible_requests_are_refused_with_their_range() {
    let refused = |generator: Generator| generator.generate().unwrap_err().to_string();
    assert_eq!(
        refused(generator(4)),
        "institutions = 4 is not within 5 to 1000000"
    );
    let size_tail = Generator {
        size_tail: f64::NAN,
        ..Generator::default()
    };
    assert_eq!(refused(size_tail), "size_tail = NaN is not within 0.8 to 5");
    let debts = Generator {
        debts_per_institution: 1,
        ..Generator::default()
    };
    assert!(refused(debts).starts_with("debts_per_institution = 1"));
    let holdings = Generator {
        institutions: 1_000_000,
        assets: 5_000,
        holdings_per_institution: 5_000,
        ..Generator::default()
    };
    assert!(refused(holdings).contains("more than 2^30"));
}

#[test]
fn corners_of_the_parameters_generate_closed_books() {
    for generator in [
        Generator {
            assets: 1,
            holdings_per_institution: 1,
            ..generator(5)
        },
        Generator {
            core_share: 0.5,
            debts_per_institution: 2,
            ..generator(30)
        },
        Generator {
            core_share: 1e-6,
            debts_per_institution: 29,
            ..generator(30)
        },
        Generator {
            size_tail: 0.8,
            largest_assets: 1e5,
            ..generator(2_000)
        },
        Generator {
            size_tail: 5.0,
            largest_assets: 1e9,
            ..generator(7)
        },
    ] {
        let synthetic = generator.generate().unwrap();
        synthetic.system().unwrap();
        synthetic.graph().unwrap();
        for bank in &synthetic.institutions {
            let liabilities = bank.external_liabilities + bank.interbank_debts;
            assert!(
                close(bank.total_assets(), liabilities + bank.equity),
                "{}",
                bank.id
            );
            assert!(bank.external_liabilities > 0.0 && bank.other_assets > 0.0);
        }
    }
}

/// Prints how long the largest systems of the benchmarks take; run with `--ignored --nocapture`.
#[test]
#[ignore = "measures time; asserts nothing that depends on it"]
fn time_at_100_000_institutions() {
    let generator = Generator {
        institutions: 100_000,
        assets: 5_000,
        holdings_per_institution: 30,
        debts_per_institution: 10,
        ..Generator::default()
    };
    let start = std::time::Instant::now();
    let synthetic = generator.generate().unwrap();
    println!(
        "generate {:?}, residual {:e}",
        start.elapsed(),
        synthetic.residual
    );
    println!(
        "{} holdings, {} debts",
        synthetic.holdings.len(),
        synthetic.debts.len()
    );
    let start = std::time::Instant::now();
    let system = synthetic.system().unwrap();
    println!("system {:?}", start.elapsed());
    let start = std::time::Instant::now();
    let graph = synthetic.graph().unwrap();
    println!("graph {:?}", start.elapsed());
    let start = std::time::Instant::now();
    let bytes: usize = synthetic.to_csv().values().map(String::len).sum();
    println!("tables {:?}, {bytes} bytes", start.elapsed());
    assert_eq!(system.institution_count(), graph.institution_count());
}
