//! Price impact: published calibrations, real order books, and every model in the cascade of real banks.

use delever::core::{ImpactKernel, ImpactModel, Market, Quote, SparseRows};
use delever::impact::calibration::{CONT_SCHAANNING_SCALE, depth_from_volume, exponential_depth};
use delever::impact::{
    Almgren, AlmgrenRow, Beyond, BookLevel, CrossMatrix, FlooredRow, MarketMaker, MarketMakerRow, OrderBook,
    Side, SquareRoot, SquareRootRow, StressedDepth, StressedDepthRow, StressedVolatility,
    StressedVolatilityRow, Tanh,
};
use delever::io::{LoadOptions, Loaded, Tables, load, load_from};
use delever::prelude::*;
use delever_testkit::exact::{Dyadic, functions};
use delever_testkit::laws::config_of_at_most;
use delever_testkit::reference::{shared_file, shared_json};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn close(value: f64, expected: f64, tolerance: f64) {
    assert!(
        ((value - expected) / expected).abs() <= tolerance,
        "{value} instead of {expected}"
    );
}

#[test]
fn calibrations_agree_with_the_literature() {
    let one = Quote {
        initial: 1.0,
        shocked: 1.0,
    };
    // Almgren, Thum, Hauptmann and Li (2005): their coefficients, and costs from their equation.
    let row = AlmgrenRow {
        gamma: 0.314,
        eta: 0.142,
        volatility: 0.012,
        adv: 8e7,
        market_cap: 8.7e9,
        horizon: 1.0,
    };
    let total = 1.0 - Almgren.average_price(one, 2000.0, &row).expect("known");
    close(1e4 * total, 0.031_048_966_849_391_42, 1e-9);
    let permanent = 1.0 - Almgren.price(one, 2000.0, &row);
    close(permanent, 2.0 * 1.520_996_530_982_176_8e-7, 1e-9);

    // The square-root law: 1 % of a day's volume at a volatility of 2 %.
    let row = SquareRootRow {
        kappa: 1.0,
        volatility: 0.02,
        adv: 1.0,
    };
    close(1.0 - SquareRoot.survival(0.01, &row), 0.002, 1e-12);

    // Gai and Kapadia (2010), Caccioli, Shrestha, Moore and Farmer (2014): 10 % sold, 10 % down. Farmer, Kleinnijenhuis,
    // Nahai-Williamson and Wetzer (2020): the same with 5 %.
    for (fall, published) in [(0.10, 1.053_605_156_578_262_7), (0.05, 1.025_865_887_751_011_4)] {
        let depth = exponential_depth(fall, fall, 1.0).expect("within range");
        close(1.0 / depth, published, 1e-15);
    }
    // Cont and Schaanning (2017) with the scale of 0.4 as programs set it.
    assert_eq!(CONT_SCHAANNING_SCALE, 0.4);
    let found = depth_from_volume(50.0, 0.02, 20.0, CONT_SCHAANNING_SCALE).expect("within range");
    close(found, 4_472.135_954_999_58, 1e-15);
}

/// One side of a snapshot as `(price, quantity)`, by snapshot and side.
fn snapshots(file: &str) -> BTreeMap<(u64, String), Vec<(f64, f64)>> {
    let path = shared_file(&format!("data/crypto/orderbook/{file}")).expect("the vectors are there");
    let text = std::fs::read_to_string(path).expect("the file is there");
    let mut books: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |place: usize| cells[place].parse::<f64>().expect("a number");
        let key = (cells[0].parse().expect("a number"), cells[2].to_owned());
        books.entry(key).or_default().push((number(4), number(5)));
    }
    books
}

/// 34 orders on six snapshots of two markets. Buyers walk the asks upward; seen from a price above all of them they walk
/// bids downward.
#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn binance_order_books_of_8_august_2024() {
    let Some(reference) = shared_json("reference/orderbook/book_walk.json") else {
        return;
    };
    let mut files = BTreeMap::new();
    let vectors = reference["vectors"].as_array().expect("a list");
    for vector in vectors {
        let file = vector["file"].as_str().expect("a text");
        let books = files.entry(file).or_insert_with(|| snapshots(file));
        let snapshot = vector["snapshot"].as_u64().expect("a number");
        let sells = vector["taker"] == "sell";
        let side = if sells { "bid" } else { "ask" };
        let levels = &books[&(snapshot, side.to_owned())];
        // Twice the best ask is above every ask, and its mirror image of an ask is positive.
        let mirror = 2.0 * levels[0].0;
        let seen = |price: f64| if sells { price } else { mirror - price };
        let initial = seen(levels[0].0);
        let book: Vec<BookLevel> = levels
            .iter()
            .map(|&(price, quantity)| BookLevel {
                asset: 0,
                side: Side::Bid,
                price: seen(price),
                quantity,
            })
            .collect();
        let model = OrderBook::new(&book, &[initial], Beyond::Zero).expect("sound");
        let (before, after) = ([initial], [initial]);
        let market = Market::new(&before, &after);
        let sold = [initial * number(&vector["qty"])];
        let (mut last, mut average) = ([0.0], [0.0]);
        model.prices_into(market, &sold, &mut last);
        model.average_prices_into(market, &sold, &mut average);
        close(seen(last[0]), number(&vector["last_price"]), 1e-9);
        close(seen(average[0]), number(&vector["vwap"]), 1e-9);
        let (mut low, mut high) = ([0.0], [0.0]);
        model.average_price_bounds_into(market, &sold, &mut low, &mut high);
        assert!(low[0] <= average[0] && average[0] <= high[0]);
        assert!(high[0] - low[0] <= 1e-14 * initial, "{low:?} {high:?}");
        let touched = levels
            .iter()
            .filter(|&&(price, _)| seen(price) >= last[0])
            .count();
        assert_eq!(touched as u64, vector["levels"].as_u64().expect("a number"));
    }
    assert_eq!(vectors.len(), 34);
}

fn eba_2018(overrides: &[String]) -> Option<Loaded> {
    let options = LoadOptions {
        overrides: overrides.to_vec(),
        ..LoadOptions::default()
    };
    let path = shared_file("data/eba2018/leverage_cap.toml")?;
    Some(load(&path, &registry(), &options).unwrap_or_else(|problems| panic!("{problems}")))
}

fn prices(loaded: &Loaded) -> (Vec<f64>, Status) {
    let solved = loaded.solve(&registry()).expect("models fit");
    let outcome = solved.greatest.expect("asked for");
    (
        outcome.assets.iter().map(|asset| asset.price).collect(),
        outcome.status,
    )
}

/// The depths of the table are those of 1 % at 5 % of what is held; the key takes their place.
#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn eba_2018_with_depths_from_a_fall_at_a_share_sold() {
    let set = |fall: f64| {
        [
            format!("impact.fall={fall}"),
            "impact.at_share_sold=0.05".to_owned(),
        ]
    };
    let Some(by_table) = eba_2018(&[]) else { return };
    let by_key = eba_2018(&set(0.01)).expect("there");
    let (expected, _) = prices(&by_table);
    let (found, status) = prices(&by_key);
    assert_eq!(status, Status::Certified);
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-11, "{found} instead of {expected}");
    }
    // A larger fall never raises a price, to the last bit.
    let mut last = [f64::INFINITY; 2];
    for fall in [0.0, 0.001, 0.005, 0.01_f64.next_down(), 0.01, 0.02, 0.05, 0.1] {
        let (now, _) = prices(&eba_2018(&set(fall)).expect("there"));
        assert!(now.iter().zip(&last).all(|(now, last)| now <= last), "{fall}");
        last.copy_from_slice(&now);
    }
}

/// A larger shock never raises a price, to the last bit, under every ordered model on real banks; and every answer that is
/// called certified lies between the greatest and the least one.
#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn law_a_larger_shock_never_raises_prices_under_any_impact_model() {
    let models: [&[&str]; 6] = [
        &["model=tanh", "price_floor=0.3"],
        &[
            "model=almgren",
            "volatility=0.02",
            "adv=1e5",
            "market_cap=1e7",
            "horizon=1",
        ],
        &["model=stressed-depth", "withdrawal=3"],
        &[
            "model=stressed-volatility",
            "volatility=0.01",
            "adv=1e5",
            "horizon=20",
            "volatility_stress=5",
        ],
        &["model=market-maker", "capital=4e5", "depth_floor=0.05"],
        &["model=market-maker", "capital=1e6"],
    ];
    for model in models {
        let mut last = [f64::INFINITY; 2];
        let mut certified = 0;
        for shock in [0.0, 0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5] {
            let overrides: Vec<String> = model
                .iter()
                .map(|key| format!("impact.{key}"))
                .chain([
                    format!("shock.prices.government_bonds={:?}", -shock),
                    "engine.select=both".to_owned(),
                ])
                .collect();
            let Some(loaded) = eba_2018(&overrides) else {
                return;
            };
            let solved = loaded.solve(&registry()).expect("models fit");
            let (greatest, least) = (
                solved.greatest.expect("asked for"),
                solved.least.expect("asked for"),
            );
            assert_ne!(greatest.status, Status::Unordered, "{model:?} {shock}");
            assert_ne!(least.status, Status::Unordered, "{model:?} {shock}");
            certified += usize::from(greatest.status == Status::Certified);
            for (k, asset) in greatest.assets.iter().enumerate() {
                assert!(asset.price <= last[k], "{model:?} {shock}");
                assert!(asset.price >= least.assets[k].price, "{model:?} {shock}");
                last[k] = asset.price;
            }
        }
        assert!(certified >= 8, "{model:?}: {certified} of 9 certified");
    }
}

/// Steps of an order book in a cascade: prices fall with the shock to the last bit, and the answer is a price of the book.
#[test]
fn law_a_larger_shock_never_raises_prices_in_an_order_book() {
    let mut book = "asset,side,price,quantity\nbond,ask,1.01,100\n".to_owned();
    for level in 0..60 {
        writeln!(
            book,
            "bond,bid,{},{}",
            1.0 - f64::from(level) / 64.0,
            5 + level % 7
        )
        .expect("memory takes every line");
    }
    let mut institutions = "id,external_liabilities,cash\n".to_owned();
    let mut holdings = "institution,asset,quantity\n".to_owned();
    for bank in 0..12 {
        writeln!(institutions, "b{bank:02},{},{}", 50 + 4 * bank, bank).expect("memory takes every line");
        writeln!(holdings, "b{bank:02},bond,{}", 60 + 3 * bank).expect("memory takes every line");
    }
    let tables = Tables::new()
        .with("institutions.csv", institutions)
        .with("assets.csv", "id\nbond\n")
        .with("holdings.csv", holdings)
        .with("book.csv", book);
    let scenario = "version = 1\n[deleveraging]\nrule = \"leverage-cap\"\nmax_leverage = 9\n[impact]\n\
                    model = \"order-book\"\nbook = \"book.csv\"\n[engine]\nselect = \"both\"\n";
    for beyond in ["zero", "last-bid"] {
        let mut last = f64::INFINITY;
        for step in 0..120 {
            let shock = f64::from(step) / 300.0;
            let options = LoadOptions {
                overrides: vec![
                    format!("shock.prices.bond={:?}", -shock),
                    format!("impact.beyond={beyond}"),
                ],
                ..LoadOptions::default()
            };
            let loaded = load_from(&tables, "s.toml", scenario, &registry(), &options).expect("sound");
            let solved = loaded.solve(&registry()).expect("models fit");
            let (greatest, least) = (
                solved.greatest.expect("asked for"),
                solved.least.expect("asked for"),
            );
            assert_ne!(greatest.status, Status::Unordered);
            let price = greatest.assets[0].price;
            assert!(
                price <= last && least.assets[0].price <= price,
                "{beyond} {shock}"
            );
            let level = (1.0 - price / (1.0 - shock)) * 64.0;
            assert!(
                (level - level.round()).abs() < 1e-9,
                "{beyond} {shock}: {price} is no bid"
            );
            last = price;
        }
        assert!(last < 0.6, "{beyond}: {last}");
    }
}

/// Numbers to 320 bits, for formulas as the documentation writes them.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
struct Precise(Dyadic);

const BITS: i64 = 320;
/// What formulas here may lose themselves.
const SLACK_BITS: i64 = 200;

impl From<f64> for Precise {
    fn from(value: f64) -> Self {
        Self(Dyadic::from_f64(value))
    }
}

macro_rules! precise_operation {
    ($name:ident, $method:ident, $formula:expr) => {
        impl std::ops::$name for &Precise {
            type Output = Precise;
            fn $method(self, other: Self) -> Precise {
                let formula: fn(&Dyadic, &Dyadic) -> Dyadic = $formula;
                // Rounded, or products of products would grow without end.
                Precise(formula(&self.0, &other.0).floor(BITS))
            }
        }
        impl std::ops::$name for Precise {
            type Output = Precise;
            fn $method(self, other: Self) -> Precise {
                std::ops::$name::$method(&self, &other)
            }
        }
    };
}
precise_operation!(Add, add, |a, b| a + b);
precise_operation!(Sub, sub, |a, b| a - b);
precise_operation!(Mul, mul, |a, b| a * b);
precise_operation!(Div, div, |a, b| a.div_floor(b, BITS));

impl Precise {
    fn exp(&self) -> Self {
        Self(functions::exp(&self.0, BITS as u64).0)
    }

    fn ln(&self) -> Self {
        Self(functions::ln(&self.0, BITS as u64).0)
    }

    fn sqrt(&self) -> Self {
        Self(functions::sqrt(&self.0, BITS as u64).0)
    }

    fn pow(&self, exponent: f64) -> Self {
        Self(functions::pow(&self.0, exponent, BITS as u64).0)
    }

    fn mean_decay(&self) -> Self {
        Self(functions::mean_decay(&self.0, SLACK_BITS as u64 + 40).0)
    }

    fn at_least_zero(self) -> Self {
        Self(self.0.max(Dyadic::zero()))
    }

    fn lies_within(&self, low: f64, high: f64) -> bool {
        let slack = Dyadic::power_of_two(-SLACK_BITS);
        Dyadic::from_f64(low) <= &self.0 + &slack && Dyadic::from_f64(high) >= &self.0 - &slack
    }
}

fn p(value: f64) -> Precise {
    Precise::from(value)
}

/// Checks price and average price at one sale; the average is `None` where the model knows none.
fn holds<K: ImpactKernel>(
    kernel: &K,
    (quote, sold): (Quote, f64),
    row: &K::Row,
    price: &Precise,
    average: Option<&Precise>,
) -> Result<(), TestCaseError> {
    kernel.check(quote, row).expect("drawn within its range");
    let bounds = kernel.price_bounds(quote, sold, row).expect("bounded");
    prop_assert!(
        price.lies_within(bounds.low, bounds.high),
        "price {:e} outside {bounds:?}",
        price.0.to_f64()
    );
    prop_assert!(bounds.high - bounds.low <= 1e-13 * quote.shocked, "{bounds:?}");
    if let Some(average) = average {
        let bounds = kernel.average_price_bounds(quote, sold, row).expect("bounded");
        prop_assert!(
            average.lies_within(bounds.low, bounds.high),
            "average {:e} outside {bounds:?}",
            average.0.to_f64()
        );
        prop_assert!(bounds.high - bounds.low <= 1e-13 * quote.shocked, "{bounds:?}");
    }
    Ok(())
}

/// Bounds of every model by one asset hold the exact value of its documented formula.
#[test]
fn bounds_of_prices_hold_their_exact_formulas() {
    let one = || p(1.0);
    let share = 0.0..1.0_f64;
    let strategy = (
        (0.01..100.0_f64, share.clone(), share.clone(), share.clone()),
        prop_oneof![0.0..3.0_f64, (-40.0..3.0_f64).prop_map(f64::exp)],
        (0.001..0.2_f64, 0.1..30.0_f64, 0.0..8.0_f64),
    );
    let config = config_of_at_most(400);
    let result = TestRunner::new(config).run(
        &strategy,
        |((initial, down, floor, part), weight, (volatility, horizon, stress))| {
            let quote = Quote {
                initial,
                shocked: initial * down,
            };
            let depth = 250.0;
            let sold = weight * depth;
            let at = (quote, sold);
            let [q0, start, money] = [quote.shocked, initial, sold].map(p);
            let fall = (one() - &q0 / &start).at_least_zero();

            let floor = quote.initial * floor * 0.9;
            let row = FlooredRow {
                depth,
                price_floor: floor,
            };
            if quote.shocked > floor {
                let z = &money / &((one() - p(floor) / start.clone()) * p(depth));
                let rest = p(2.0) / (one() + (&z * &p(2.0)).exp());
                let room = &q0 - &p(floor);
                let price = p(floor) + &room * &rest;
                let mean = if sold > 1e-6 {
                    (p(2.0) - rest).ln() / z
                } else {
                    one() - z / p(2.0)
                };
                // The second form leaves out a term of the third order.
                let average = (sold == 0.0 || sold > 1e-6).then(|| p(floor) + room * mean);
                holds(&Tanh, at, &row, &price, average.as_ref())?;
            } else {
                holds(&Tanh, at, &row, &q0, Some(&q0))?;
            }

            let row = AlmgrenRow {
                gamma: 0.314,
                eta: 0.142,
                volatility,
                adv: depth / 5.0,
                market_cap: depth * 100.0 * (0.1 + part),
                horizon,
            };
            let adv = p(row.adv);
            let permanent =
                p(row.gamma) * p(volatility) * (&money / &adv) * (p(row.market_cap) / adv.clone()).pow(0.25);
            let rate = &money / &(adv * p(horizon));
            let temporary = p(row.eta) * p(volatility) * rate.pow(0.6);
            let price = &q0 * &(one() - permanent.clone()).at_least_zero();
            let average = &q0 * &(one() - permanent / p(2.0) - temporary).at_least_zero();
            holds(&Almgren, at, &row, &price, Some(&average))?;

            let row = StressedDepthRow {
                depth,
                withdrawal: stress,
            };
            let z = &money / &p(depth) * (p(stress) * fall.clone()).exp();
            let decay = (p(0.0) - z.clone()).exp();
            let average = &q0 * &z.mean_decay();
            holds(&StressedDepth, at, &row, &(&q0 * &decay), Some(&average))?;

            let row = StressedVolatilityRow {
                adv: depth / 50.0,
                volatility,
                horizon,
                depth_scale: 0.4,
                volatility_stress: stress,
            };
            let sigma = p(volatility) * (one() + p(stress) * fall);
            let z = money.clone() / (p(row.depth_scale) * p(row.adv) * p(horizon).sqrt()) * sigma;
            let decay = (p(0.0) - z.clone()).exp();
            let average = &q0 * &z.mean_decay();
            holds(&StressedVolatility, at, &row, &(&q0 * &decay), Some(&average))?;

            // Market makers: the lower bound is not above its image, so it lies below the greatest solution; the upper one
            // is not below its image, and nothing above it is a solution.
            let row = MarketMakerRow {
                depth,
                capital: depth * (0.05 + 2.0 * part),
                depth_floor: 0.1,
            };
            let image = |s: f64| {
                let left = one() - &money / &p(row.capital) * (one() - p(s));
                let left = if left > p(row.depth_floor) {
                    left
                } else {
                    p(row.depth_floor)
                };
                (p(0.0) - &money / &p(depth) / left).exp()
            };
            let one_asset = Quote {
                initial: 1.0,
                shocked: 1.0,
            };
            let bounds = MarketMaker.price_bounds(one_asset, sold, &row).expect("bounded");
            prop_assert!(bounds.low <= bounds.high);
            prop_assert!(
                bounds.low <= 0.0 || image(bounds.low) >= p(bounds.low),
                "{bounds:?}"
            );
            for n in 0..20 {
                let s = bounds.high + (1.0 - bounds.high) * f64::from(n) / 20.0;
                prop_assert!(s == 1.0 || n == 0 || image(s) < p(s), "{s} above {bounds:?}");
            }
            Ok(())
        },
    );
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// The same for models of the whole market.
#[test]
fn bounds_of_books_and_matrices_hold_their_exact_formulas() {
    let level = (0.0..1.0_f64, 1e-3..50.0_f64);
    let strategy = (
        prop::collection::vec(level, 1..30),
        (0.01..100.0_f64, 0.0..1.0_f64, 0.0..1.3_f64),
        prop::collection::vec(0.0..0.01_f64, 9),
    );
    let config = config_of_at_most(600);
    let result = TestRunner::new(config).run(&strategy, |(levels, (initial, down, part), impacts)| {
        let shocked = initial * down;
        let mut bids: Vec<BookLevel> = levels
            .iter()
            .map(|&(share, quantity)| BookLevel {
                asset: 0,
                side: Side::Bid,
                price: (initial * share).max(1e-6).min(initial),
                quantity,
            })
            .collect();
        let book = OrderBook::new(&bids, &[initial], Beyond::Zero).expect("sound");
        bids.sort_by(|a, b| b.price.total_cmp(&a.price));
        let total: f64 = bids.iter().map(|bid| bid.quantity).sum();
        let sold = initial * (total * part);
        let (before, after) = ([initial], [shocked]);
        let market = Market::new(&before, &after);
        let (mut low, mut high) = ([0.0], [0.0]);
        let (mut price, mut money) = (p(0.0), p(0.0));
        if sold > 0.0 {
            let units = p(sold) / p(initial);
            let mut left = units.clone();
            for bid in &bids {
                let here = if left < p(bid.quantity) {
                    left.clone()
                } else {
                    p(bid.quantity)
                };
                money = money + &here * &p(bid.price);
                left = left - here;
                price = p(bid.price);
                // Rounded down by less than a part in 2^-300: nothing is left.
                if left < p(1e-60) {
                    break;
                }
                price = p(0.0);
            }
            let scale = p(shocked) / p(initial);
            let average = money / units * scale.clone();
            book.average_price_bounds_into(market, &[sold], &mut low, &mut high);
            prop_assert!(average.lies_within(low[0], high[0]), "{low:?} {high:?}");
            prop_assert!(high[0] - low[0] <= 1e-13 * shocked);
            book.price_bounds_into(market, &[sold], &mut low, &mut high);
            prop_assert!((price * scale).lies_within(low[0], high[0]), "{low:?} {high:?}");
        }

        let triplets: Vec<(u32, u32, f64)> = impacts
            .iter()
            .zip(0..9_u32)
            .map(|(&impact, n)| (n / 3, n % 3, impact))
            .collect();
        let model = CrossMatrix::new(SparseRows::from_triplets(3, 3, &triplets));
        let sold = [100.0 * part, 50.0 * down, 3.0];
        let (before, after) = ([initial; 3], [shocked; 3]);
        let market = Market::new(&before, &after);
        let (mut low, mut high) = ([0.0; 3], [0.0; 3]);
        let (mut mean_low, mut mean_high) = ([0.0; 3], [0.0; 3]);
        model.price_bounds_into(market, &sold, &mut low, &mut high);
        model.average_price_bounds_into(market, &sold, &mut mean_low, &mut mean_high);
        for k in 0..3 {
            let pressure = (0..3).fold(p(0.0), |sum, l| sum + p(impacts[3 * k + l]) * p(sold[l]));
            let price = p(shocked) * (p(1.0) - pressure.clone()).at_least_zero();
            prop_assert!(price.lies_within(low[k], high[k]));
            let mean = if pressure < p(1.0) {
                p(1.0) - pressure / p(2.0)
            } else {
                p(0.5) / pressure
            };
            prop_assert!((p(shocked) * mean).lies_within(mean_low[k], mean_high[k]));
            prop_assert!(
                high[k] - low[k] <= 1e-14 * shocked && mean_high[k] - mean_low[k] <= 1e-14 * shocked
            );
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
