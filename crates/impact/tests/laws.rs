//! What every impact model promises, to the last bit: more sales never raise a price, deeper markets never lower it, no
//! sales leave it alone, bounds hold it, and parameters out of range are refused by name.

use delever_core::{Continuity, ImpactKernel, ImpactModel, Market, Order, Quote, SparseRows};
use delever_impact::{
    Almgren, AlmgrenRow, Beyond, BookLevel, CrossMatrix, DepthRow, Exponential, FlooredExponential,
    FlooredRow, Linear, MarketMaker, MarketMakerRow, NoImpact, OrderBook, Power, PowerRow, Side, SquareRoot,
    SquareRootRow, StressedDepth, StressedDepthRow, StressedVolatility, StressedVolatilityRow, Tanh,
};

const TRIALS: u32 = 4_000;

/// Splitmix64: the same draws on every machine.
struct Draws(u64);

impl Draws {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 * f64::EPSILON / 2.0
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Magnitudes matter as much as digits.
    fn scale(&mut self, low: f64, high: f64) -> f64 {
        (self.between(low.ln(), high.ln())).exp()
    }

    fn quote(&mut self) -> Quote {
        let initial = self.scale(0.01, 1000.0);
        let shocked = match self.between(0.0, 10.0) as u32 {
            0 => 0.0,
            1 => initial,
            2 => initial * self.between(1.0, 1.5),
            _ => initial * self.unit(),
        };
        Quote { initial, shocked }
    }

    fn sold(&mut self, depth: f64) -> f64 {
        match self.between(0.0, 12.0) as u32 {
            0 => depth,
            1 => depth * self.scale(1e-18, 1e-6),
            2 => depth * self.scale(3.0, 1e6),
            _ => depth * self.scale(1e-3, 3.0),
        }
    }
}

/// A change of parameters, by a factor above 1 or by the next number, after which the price is never lower.
type Milder<R> = fn(&R, fn(f64, bool) -> f64) -> R;

fn by_a_bit(x: f64, up: bool) -> f64 {
    if up { x.next_up() } else { x.next_down().max(0.0) }
}

fn by_a_lot(x: f64, up: bool) -> f64 {
    if up { x * 1.25 } else { x / 1.25 }
}

/// Laws of one model; `width` bounds the relative width of price bounds; 1 where they may be wide.
fn laws<K: ImpactKernel>(
    name: &str,
    kernel: &K,
    width: f64,
    draw: impl Fn(&mut Draws, Quote) -> (K::Row, f64),
    milder: &[Milder<K::Row>],
) {
    let mut draws = Draws(7);
    for trial in 0..TRIALS {
        let quote = draws.quote();
        let (row, depth) = draw(&mut draws, quote);
        kernel.check(quote, &row).expect("drawn within its range");
        assert_eq!(kernel.order(&row), Order::Antitone, "{name}");
        let sold = draws.sold(depth);
        let price = kernel.price(quote, sold, &row);
        let at = format!("{name} {trial}: {sold:e} sold at {quote:?} gives {price:e}");
        assert!((0.0..=quote.shocked).contains(&price), "{at}");
        assert_eq!(kernel.price(quote, 0.0, &row), quote.shocked, "{at}");
        for more in [sold.next_up(), sold * 1.01, sold * 3.0] {
            assert!(
                kernel.price(quote, more, &row) <= price,
                "{at}, more for {more:e}"
            );
        }
        assert!(kernel.price(quote, sold.next_down(), &row) >= price, "{at}");
        for shocked in [quote.shocked.next_up(), quote.shocked * 1.1] {
            let higher = Quote { shocked, ..quote };
            assert!(
                kernel.price(higher, sold, &row) >= price,
                "{at}, less at {shocked:e}"
            );
        }
        for (n, change) in milder.iter().enumerate() {
            for how in [by_a_bit as fn(f64, bool) -> f64, by_a_lot] {
                let changed = change(&row, how);
                if kernel.check(quote, &changed).is_ok() {
                    assert!(
                        kernel.price(quote, sold, &changed) >= price,
                        "{at}, less under change {n}"
                    );
                }
            }
        }
        let bounds = kernel.price_bounds(quote, sold, &row).expect("bounded");
        assert!(
            bounds.low <= price && price <= bounds.high,
            "{at} outside {bounds:?}"
        );
        // A lower bound of a product that underflows is the number below 0.
        assert!(bounds.low > -1e-300, "{at}: {bounds:?}");
        assert!(
            bounds.high - bounds.low <= width * quote.shocked + 1e-300,
            "{at}: {bounds:?} is wide"
        );
        if kernel.has_average_price() {
            let average = kernel.average_price(quote, sold, &row).expect("known");
            let bounds = kernel.average_price_bounds(quote, sold, &row).expect("bounded");
            assert!(
                bounds.low <= average && average <= bounds.high,
                "{at}: average {average:e} outside {bounds:?}"
            );
            assert!(average <= quote.shocked && average >= 0.0, "{at}");
            let slack = 1e-14 * quote.shocked;
            assert!(
                average >= price - slack || !kernel.average_is_ordered(),
                "{at}: average {average:e}"
            );
        }
    }
}

#[test]
fn law_more_sales_never_raise_and_deeper_markets_never_lower_prices() {
    laws(
        "none",
        &NoImpact,
        0.0,
        |draws, _| (delever_core::NoColumns {}, draws.scale(1e-3, 1e6)),
        &[],
    );
    let depth = |draws: &mut Draws, _: Quote| {
        let depth = draws.scale(1e-3, 1e6);
        (DepthRow { depth }, depth)
    };
    let deeper: &[Milder<DepthRow>] = &[|row, how| DepthRow {
        depth: how(row.depth, true),
    }];
    laws("linear", &Linear, 1e-14, depth, deeper);
    laws("exponential", &Exponential, 1e-14, depth, deeper);
    laws(
        "power",
        &Power,
        1e-14,
        |draws, _| {
            let depth = draws.scale(1e-3, 1e6);
            let row = PowerRow {
                c: draws.between(0.0, 2.0),
                g: draws.between(0.1, 2.0),
                depth,
            };
            (row, depth)
        },
        &[
            |row, how| PowerRow {
                depth: how(row.depth, true),
                ..*row
            },
            |row, how| PowerRow {
                c: how(row.c, false),
                ..*row
            },
        ],
    );
    laws(
        "square-root",
        &SquareRoot,
        1e-14,
        |draws, _| {
            let adv = draws.scale(1e-3, 1e6);
            let row = SquareRootRow {
                kappa: draws.between(0.0, 2.0),
                volatility: draws.between(0.0, 0.5),
                adv,
            };
            (row, adv)
        },
        &[
            |row, how| SquareRootRow {
                adv: how(row.adv, true),
                ..*row
            },
            |row, how| SquareRootRow {
                volatility: how(row.volatility, false),
                ..*row
            },
        ],
    );
    let floored = |draws: &mut Draws, quote: Quote| {
        let depth = draws.scale(1e-3, 1e6);
        let price_floor = if draws.unit() < 0.2 {
            0.0
        } else {
            quote.initial * 0.95 * draws.unit()
        };
        (FlooredRow { depth, price_floor }, depth)
    };
    let deeper: &[Milder<FlooredRow>] = &[|row, how| FlooredRow {
        depth: how(row.depth, true),
        ..*row
    }];
    laws("floored-exponential", &FlooredExponential, 1e-14, floored, deeper);
    laws("tanh", &Tanh, 1e-14, floored, deeper);
    laws(
        "almgren",
        &Almgren,
        1e-14,
        |draws, _| {
            let adv = draws.scale(1e-3, 1e6);
            let row = AlmgrenRow {
                gamma: 0.314,
                eta: 0.142,
                volatility: draws.between(0.0, 0.1),
                adv,
                market_cap: adv * draws.scale(1.0, 1e4),
                horizon: draws.scale(0.01, 30.0),
            };
            (row, adv * 10.0)
        },
        &[
            |row, how| AlmgrenRow {
                adv: how(row.adv, true),
                ..*row
            },
            |row, how| AlmgrenRow {
                volatility: how(row.volatility, false),
                ..*row
            },
            |row, how| AlmgrenRow {
                gamma: how(row.gamma, false),
                ..*row
            },
            |row, how| AlmgrenRow {
                market_cap: how(row.market_cap, false),
                ..*row
            },
        ],
    );
    laws(
        "stressed-depth",
        &StressedDepth,
        1e-13,
        |draws, _| {
            let depth = draws.scale(1e-3, 1e6);
            let withdrawal = draws.between(0.0, 10.0);
            (StressedDepthRow { depth, withdrawal }, depth)
        },
        &[
            |row, how| StressedDepthRow {
                depth: how(row.depth, true),
                ..*row
            },
            |row, how| StressedDepthRow {
                withdrawal: how(row.withdrawal, false),
                ..*row
            },
        ],
    );
    laws(
        "stressed-volatility",
        &StressedVolatility,
        1e-14,
        |draws, _| {
            let adv = draws.scale(1e-3, 1e6);
            let row = StressedVolatilityRow {
                adv,
                volatility: draws.between(0.0, 0.1),
                horizon: draws.scale(0.1, 30.0),
                depth_scale: draws.between(0.1, 1.0),
                volatility_stress: draws.between(0.0, 10.0),
            };
            (row, adv)
        },
        &[
            |row, how| StressedVolatilityRow {
                adv: how(row.adv, true),
                ..*row
            },
            |row, how| StressedVolatilityRow {
                horizon: how(row.horizon, true),
                ..*row
            },
            |row, how| StressedVolatilityRow {
                volatility: how(row.volatility, false),
                ..*row
            },
            |row, how| StressedVolatilityRow {
                volatility_stress: how(row.volatility_stress, false),
                ..*row
            },
        ],
    );
    laws(
        "market-maker",
        &MarketMaker,
        1.0,
        |draws, _| {
            let depth = draws.scale(1e-3, 1e6);
            let row = MarketMakerRow {
                depth,
                capital: depth * draws.scale(1e-2, 1e2),
                depth_floor: if draws.unit() < 0.3 { 0.0 } else { draws.unit() },
            };
            (row, depth)
        },
        &[
            |row, how| MarketMakerRow {
                depth: how(row.depth, true),
                ..*row
            },
            |row, how| MarketMakerRow {
                capital: how(row.capital, true),
                ..*row
            },
            |row, how| MarketMakerRow {
                depth_floor: how(row.depth_floor, true),
                ..*row
            },
        ],
    );
}

/// `s = exp(-Q / (depth k))` has two solutions besides the low one up to a threshold, and there the greatest is returned.
#[test]
fn market_makers_fail_all_at_once_beyond_a_threshold() {
    let row = MarketMakerRow {
        depth: 100.0,
        capital: 20.0,
        depth_floor: 0.05,
    };
    let quote = Quote {
        initial: 1.0,
        shocked: 1.0,
    };
    let residual = |s: f64, sold: f64| {
        let left = (1.0 - sold / row.capital * (1.0 - s)).max(row.depth_floor);
        s - (-sold / row.depth / left).exp()
    };
    // The threshold, by bisection on whether a grid of trial prices finds a solution in the upper half.
    let solvable = |sold: f64| (0..=100_000).any(|n| residual(0.5 + f64::from(n) * 5e-6, sold) <= 0.0);
    let (mut below, mut above) = (1.0, 100.0);
    while above - below > 1e-6 {
        let middle = 0.5 * (below + above);
        if solvable(middle) {
            below = middle;
        } else {
            above = middle;
        }
    }
    let price = |sold: f64| MarketMaker.price(quote, sold, &row);
    assert!(price(below * 0.9999) > 0.5 && price(above * 1.0001) < 0.2);
    for sold in [0.1, 1.0, 10.0, 0.99 * below, 1.01 * above, 90.0] {
        assert!(residual(price(sold), sold).abs() < 1e-14, "{sold}");
        let bounds = MarketMaker.price_bounds(quote, sold, &row).expect("bounded");
        assert!(bounds.high - bounds.low < 1e-12, "{sold}: {bounds:?}");
        // No solution lies above.
        let s = price(sold);
        assert!((1..1000).all(|n| residual(s + (1.0 - s) * f64::from(n) / 1000.0, sold) > 0.0));
    }
    // At the threshold the steps run out: the bounds say so, and the order holds all the same.
    let mut last = 1.0;
    for n in 0..200 {
        let sold = below * (1.0 + 1e-8 * f64::from(n - 100));
        let now = price(sold);
        assert!(now <= last, "{n}");
        last = now;
        let bounds = MarketMaker.price_bounds(quote, sold, &row).expect("bounded");
        assert!(bounds.low <= now && now <= bounds.high);
    }
    assert_eq!(MarketMaker.continuity(&row), Continuity::FromAbove);
    // With capital without end it is exponential impact.
    let deep = MarketMakerRow { capital: 1e18, ..row };
    let exponential = Exponential.price(quote, 30.0, &DepthRow { depth: 100.0 });
    assert!((MarketMaker.price(quote, 30.0, &deep) - exponential).abs() < 1e-15);
}

/// Coefficients and the worked case of Almgren, Thum, Hauptmann and Li (2005).
#[test]
fn almgren_thum_hauptmann_li_2005() {
    let row = AlmgrenRow {
        gamma: 0.314,
        eta: 0.142,
        volatility: 0.012,
        adv: 80_000_000.0,
        market_cap: 8_700_000_000.0,
        horizon: 1.0,
    };
    let quote = Quote {
        initial: 1.0,
        shocked: 1.0,
    };
    let (half_permanent, temporary) = (1.520_996_530_982_176_8e-7, 2.952_797_031_840_924e-6);
    let permanent = 1.0 - Almgren.price(quote, 2000.0, &row);
    assert!((permanent - 2.0 * half_permanent).abs() < 3e-16);
    let cost = 1.0 - Almgren.average_price(quote, 2000.0, &row).expect("known");
    assert!((cost - (half_permanent + temporary)).abs() < 3e-16);
    // What sellers pay on the way is more than what remains: no average of the path, hence unordered.
    assert!(cost > permanent && !Almgren.average_is_ordered());
}

#[test]
fn parameters_out_of_range_are_refused_by_name() {
    fn refused<K: ImpactKernel>(kernel: &K, rows: &[(&str, K::Row)]) {
        let quote = Quote {
            initial: 2.0,
            shocked: 1.5,
        };
        for (n, (name, row)) in rows.iter().enumerate() {
            let problem = kernel.check(quote, row).expect_err("out of range");
            assert_eq!(problem.parameter, *name, "{n}");
        }
    }
    let nan = f64::NAN;
    let floored = |depth, price_floor| FlooredRow { depth, price_floor };
    refused(
        &Tanh,
        &[
            ("depth", floored(0.0, 1.0)),
            ("depth", floored(nan, 1.0)),
            ("price_floor", floored(1.0, 2.0)),
            ("price_floor", floored(1.0, -0.1)),
            ("price_floor", floored(1.0, nan)),
        ],
    );
    let sound = AlmgrenRow {
        gamma: 0.3,
        eta: 0.1,
        volatility: 0.01,
        adv: 10.0,
        market_cap: 1e3,
        horizon: 1.0,
    };
    refused(
        &Almgren,
        &[
            ("adv", AlmgrenRow { adv: 0.0, ..sound }),
            ("adv", AlmgrenRow { adv: nan, ..sound }),
            ("gamma", AlmgrenRow { gamma: -1.0, ..sound }),
            (
                "eta",
                AlmgrenRow {
                    eta: f64::INFINITY,
                    ..sound
                },
            ),
            (
                "volatility",
                AlmgrenRow {
                    volatility: -0.1,
                    ..sound
                },
            ),
            (
                "market_cap",
                AlmgrenRow {
                    market_cap: nan,
                    ..sound
                },
            ),
            (
                "horizon",
                AlmgrenRow {
                    horizon: 0.0,
                    ..sound
                },
            ),
        ],
    );
    let stressed = |depth, withdrawal| StressedDepthRow { depth, withdrawal };
    refused(
        &StressedDepth,
        &[
            ("depth", stressed(-1.0, 1.0)),
            ("withdrawal", stressed(1.0, -1.0)),
            ("withdrawal", stressed(1.0, 51.0)),
            ("withdrawal", stressed(1.0, nan)),
        ],
    );
    let sound = StressedVolatilityRow {
        adv: 1.0,
        volatility: 0.01,
        horizon: 1.0,
        depth_scale: 0.4,
        volatility_stress: 1.0,
    };
    refused(
        &StressedVolatility,
        &[
            ("adv", StressedVolatilityRow { adv: 0.0, ..sound }),
            (
                "volatility",
                StressedVolatilityRow {
                    volatility: nan,
                    ..sound
                },
            ),
            (
                "horizon",
                StressedVolatilityRow {
                    horizon: f64::INFINITY,
                    ..sound
                },
            ),
            (
                "depth_scale",
                StressedVolatilityRow {
                    depth_scale: 0.0,
                    ..sound
                },
            ),
            (
                "volatility_stress",
                StressedVolatilityRow {
                    volatility_stress: -1.0,
                    ..sound
                },
            ),
        ],
    );
    let maker = |depth, capital, depth_floor| MarketMakerRow {
        depth,
        capital,
        depth_floor,
    };
    refused(
        &MarketMaker,
        &[
            ("depth", maker(0.0, 1.0, 0.0)),
            ("capital", maker(1.0, 0.0, 0.0)),
            ("capital", maker(1.0, nan, 0.0)),
            ("depth_floor", maker(1.0, 1.0, 1.1)),
            ("depth_floor", maker(1.0, 1.0, -0.1)),
        ],
    );
}

fn prices(model: &impl ImpactModel, market: Market<'_>, sold: &[f64]) -> Vec<f64> {
    let mut prices = vec![f64::NAN; sold.len()];
    model.prices_into(market, sold, &mut prices);
    prices
}

fn averages(model: &impl ImpactModel, market: Market<'_>, sold: &[f64]) -> Vec<f64> {
    let mut prices = vec![f64::NAN; sold.len()];
    model.average_prices_into(market, sold, &mut prices);
    prices
}

/// Bounds hold values, values lie between nothing and the shocked price, averages between the price and the shocked price.
fn model_laws(name: &str, model: &impl ImpactModel, market: Market<'_>, sold: &[f64]) {
    let count = sold.len();
    let (price, average) = (prices(model, market, sold), averages(model, market, sold));
    let (mut low, mut high) = (vec![f64::NAN; count], vec![f64::NAN; count]);
    model.price_bounds_into(market, sold, &mut low, &mut high);
    let (mut average_low, mut average_high) = (vec![f64::NAN; count], vec![f64::NAN; count]);
    model.average_price_bounds_into(market, sold, &mut average_low, &mut average_high);
    for k in 0..count {
        let shocked = market.shocked[k];
        let at = format!("{name}: asset {k}, {:e} sold", sold[k]);
        assert!((0.0..=shocked).contains(&price[k]), "{at}: {}", price[k]);
        assert!(low[k] <= price[k] && price[k] <= high[k], "{at}");
        assert!(
            average_low[k] <= average[k] && average[k] <= average_high[k],
            "{at}: {:e} outside [{:e}, {:e}]",
            average[k],
            average_low[k],
            average_high[k]
        );
        assert!(average_high[k] - average_low[k] <= 1e-13 * shocked, "{at}");
        assert!(price[k] <= average[k] && average[k] <= shocked, "{at}");
    }
}

#[test]
fn law_cross_impacts_of_one_sign_are_ordered_and_others_are_not() {
    let mut draws = Draws(11);
    for _ in 0..TRIALS {
        let count = 1 + draws.between(0.0, 5.0) as usize;
        let quotes: Vec<Quote> = (0..count).map(|_| draws.quote()).collect();
        let initial: Vec<f64> = quotes.iter().map(|quote| quote.initial).collect();
        let shocked: Vec<f64> = quotes.iter().map(|quote| quote.shocked).collect();
        let market = Market::new(&initial, &shocked);
        let mut triplets = Vec::new();
        for asset in 0..count as u32 {
            for seller in 0..count as u32 {
                if draws.unit() < 0.7 {
                    triplets.push((asset, seller, draws.scale(1e-6, 1e-2)));
                }
            }
        }
        let model = CrossMatrix::new(SparseRows::from_triplets(count, count, &triplets));
        assert_eq!(model.profile().order, Order::Antitone);
        assert!(model.profile().bounded);
        let sold: Vec<f64> = (0..count).map(|_| draws.sold(100.0)).collect();
        model_laws("cross-matrix", &model, market, &sold);
        let before = prices(&model, market, &sold);
        assert_eq!(prices(&model, market, &vec![0.0; count]), shocked);
        for seller in 0..count {
            for more in [sold[seller].next_up(), sold[seller] * 1.5] {
                let mut changed = sold.clone();
                changed[seller] = more;
                for (now, before) in prices(&model, market, &changed).iter().zip(&before) {
                    assert!(now <= before);
                }
            }
        }
        let mut slopes = vec![0.0; count];
        model.derivative_into(market, &sold, &mut slopes);
        for k in 0..count {
            let step = 1e-6 * sold[k];
            let moved = |by: f64| {
                let mut changed = sold.clone();
                changed[k] += by;
                prices(&model, market, &changed)[k]
            };
            let difference = (moved(step) - moved(-step)) / (2.0 * step);
            let rounding = 1e-9 * (slopes[k].abs() + shocked[k] / sold[k]);
            let kinked = (moved(2.0 * step) == 0.0) != (moved(-2.0 * step) == 0.0);
            assert!(kinked || (slopes[k] - difference).abs() <= rounding);
        }
    }
    let mixed = SparseRows::from_triplets(2, 2, &[(0, 0, 0.01), (0, 1, -0.001)]);
    let model = CrossMatrix::new(mixed);
    assert_eq!(model.profile().order, Order::Unordered);
    let market = Market::new(&[1.0, 1.0], &[0.9, 0.9]);
    assert_eq!(prices(&model, market, &[0.0, 100.0]), [0.9 * 1.1, 0.9]);
}

/// Another way to walk a book: one unit of quantity after the other bid, in the order of prices.
fn walked(levels: &[BookLevel], units: f64) -> (f64, f64) {
    let mut bids: Vec<&BookLevel> = levels.iter().filter(|level| level.side == Side::Bid).collect();
    bids.sort_by(|a, b| b.price.total_cmp(&a.price));
    let (mut left, mut money, mut last) = (units, 0.0, f64::NAN);
    for bid in bids {
        if left <= 0.0 {
            break;
        }
        let here = left.min(bid.quantity);
        (left, money, last) = (left - here, money + here * bid.price, bid.price);
    }
    if left > 0.0 {
        last = 0.0;
    }
    (last, money / units)
}

#[test]
fn law_books_are_walked_from_the_best_bid_down() {
    let mut draws = Draws(13);
    for _ in 0..TRIALS {
        let initial = 64.0;
        let count = 1 + draws.between(0.0, 12.0) as usize;
        let levels: Vec<BookLevel> = (0..count)
            .map(|_| BookLevel {
                asset: 0,
                side: Side::Bid,
                price: 63.0 - draws.between(0.0, 300.0).floor() / 8.0,
                quantity: 1.0 + draws.between(0.0, 64.0).floor() / 4.0,
            })
            .chain([BookLevel {
                asset: 0,
                side: Side::Ask,
                price: 65.0,
                quantity: 1.0,
            }])
            .collect();
        let book = OrderBook::new(&levels, &[initial], Beyond::Zero).expect("sound");
        let total: f64 = levels[..count].iter().map(|level| level.quantity).sum();
        let shocked = [initial * draws.between(0.1, 1.2)];
        let (before, after) = ([initial], shocked);
        let market = Market::new(&before, &after);
        assert_eq!(prices(&book, market, &[0.0]), shocked);
        // Quarters are exact, so that sales end exactly on levels too.
        let units = (draws.between(0.0, 1.3 * total * 4.0).floor() + 1.0) / 4.0;
        let sold = [initial * units];
        model_laws("order-book", &book, market, &sold);
        let (last, average) = walked(&levels, units);
        let scale = shocked[0] / initial;
        assert!((prices(&book, market, &sold)[0] - last * scale).abs() <= 1e-13 * initial);
        assert!((averages(&book, market, &sold)[0] - average * scale).abs() <= 1e-12 * initial);
        for more in [sold[0].next_up(), sold[0] * 1.1] {
            assert!(prices(&book, market, &[more])[0] <= prices(&book, market, &sold)[0]);
            model_laws("order-book", &book, market, &[more]);
        }
        // From above: what is sold up to a step still gets the price before it.
        let little_less = prices(&book, market, &[sold[0].next_down()]);
        if levels.iter().all(|level| level.price > 0.0) && units < total {
            let next = prices(&book, market, &[sold[0].next_up()]);
            assert!(prices(&book, market, &sold) == little_less || next == prices(&book, market, &sold));
        }
        let kept = OrderBook::new(&levels, &[initial], Beyond::LastBid).expect("sound");
        let least = levels[..count]
            .iter()
            .map(|level| level.price)
            .fold(f64::INFINITY, f64::min);
        let floor = prices(&kept, market, &[initial * total * 50.0])[0];
        assert!((floor - least * scale).abs() <= 1e-13 * initial);
        // The order of levels leaves no trace.
        let mut turned = levels.clone();
        turned.reverse();
        assert_eq!(
            OrderBook::new(&turned, &[initial], Beyond::Zero),
            Ok(book.clone())
        );
        assert_eq!(book.profile().continuity, Continuity::FromAbove);
    }
}

#[test]
fn books_that_are_no_books_are_refused_by_level() {
    let level = |side, price, quantity| BookLevel {
        asset: 0,
        side,
        price,
        quantity,
    };
    let sound = [level(Side::Bid, 99.0, 1.0), level(Side::Ask, 101.0, 1.0)];
    assert!(OrderBook::new(&sound, &[100.0], Beyond::Zero).is_ok());
    for (bad, parameter) in [
        (level(Side::Bid, 0.0, 1.0), "price"),
        (level(Side::Bid, -1.0, 1.0), "price"),
        (level(Side::Ask, f64::NAN, 1.0), "price"),
        (level(Side::Bid, 98.0, 0.0), "quantity"),
        (level(Side::Bid, 98.0, -3.0), "quantity"),
        (level(Side::Bid, 98.0, f64::INFINITY), "quantity"),
        (level(Side::Bid, 100.5, 1.0), "price"),
        (level(Side::Ask, 99.0, 1.0), "price"),
        (
            BookLevel {
                asset: 1,
                ..level(Side::Bid, 98.0, 1.0)
            },
            "asset",
        ),
    ] {
        let levels = [sound[0], sound[1], bad];
        let problems = OrderBook::new(&levels, &[100.0], Beyond::Zero).expect_err("unsound");
        assert_eq!(problems[0].parameter, parameter, "{bad:?}");
        // Crossed quotes are reported at the bid, all else at the level itself.
        let crossed = bad == level(Side::Ask, 99.0, 1.0);
        assert_eq!(problems[0].row, Some(if crossed { 0 } else { 2 }), "{bad:?}");
    }
}
