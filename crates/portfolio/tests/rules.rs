//! Rules and strategies on random balance sheets: those that are declared antitone are antitone to the last bit, bounds
//! hold the values, and each unordered one is broken by a small case.

#![allow(clippy::expect_used)]

use delever_core::{
    BalanceSheet, Continuity, Execution, Interval, NoColumns, Order, PerInstitution, Real, Rule, RuleContext,
    RuleKernel, Sale, SparseRow, Strategy, StrategyScratch,
};
use delever_portfolio::rules::{
    CapitalRatio, CapitalRatioRow, FundingWithdrawal, FundingWithdrawalRow, Haircut, LeverageCap,
    LeverageCapRow, LeverageTarget, LeverageTargetRow, LeverageThreshold, LeverageThresholdRow, Liquidity,
    LiquidityShortfall, LiquidityShortfallRow, Margin, Redemption, RedemptionRow, RiskWeight, SellOnDefault,
    ValueAtRisk, ValueAtRiskRow,
};
use delever_portfolio::strategies::{ImpactCurve, LeastImpact, PeckingOrder, ProRata};
use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::cell::Cell;

const CASES: u32 = 20_000;
const COLUMNS: [u32; 5] = [0, 1, 2, 3, 4];

/// Numbers in `[0, 1)`, read one after the other; zeros beyond the end.
struct Tape<'t>(&'t [f64]);

impl Tape<'_> {
    fn unit(&mut self) -> f64 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0.0,
        }
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Evenly on the logarithmic scale.
    fn across(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.unit())
    }

    fn pick(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count - 1)
    }

    fn maybe(&mut self, probability: f64, low: f64, high: f64) -> f64 {
        if self.unit() < probability {
            self.between(low, high)
        } else {
            0.0
        }
    }
}

/// One institution at one trial state.
#[derive(Clone, Debug)]
struct Books {
    cash: f64,
    other: f64,
    received: f64,
    repaid: f64,
    external: f64,
    liabilities: f64,
    equity_initial: f64,
    assets_initial: f64,
    held: Vec<f64>,
    initial: Vec<f64>,
    prices: Vec<f64>,
}

impl Books {
    /// A fund of one asset with a price of 1 before the shock.
    fn fund(cash: f64, units: f64, price: f64, liabilities: f64) -> Self {
        let assets_initial = cash + units;
        Self {
            cash,
            other: 0.0,
            received: 0.0,
            repaid: 0.0,
            external: liabilities,
            liabilities,
            equity_initial: assets_initial - liabilities,
            assets_initial,
            held: vec![units],
            initial: vec![1.0],
            prices: vec![price],
        }
    }

    /// A random one. A third of the ratios of equity to assets lie within a few units in the last place of `edges`.
    fn draw(tape: &mut Tape<'_>, edges: &[f64]) -> Self {
        let count = 1 + tape.pick(COLUMNS.len());
        let size = tape.across(0.1, 1e6);
        let initial: Vec<f64> = (0..count).map(|_| tape.across(0.1, 10.0)).collect();
        let prices = initial
            .iter()
            .map(|price| price * tape.between(0.2, 1.1))
            .collect();
        let held = initial
            .iter()
            .map(|price| tape.maybe(0.8, 0.01, 1.0) * size / price)
            .collect();
        let mut books = Self {
            cash: size * tape.maybe(0.7, -0.02, 0.3),
            other: size * tape.maybe(0.5, 0.0, 0.5),
            received: size * tape.maybe(0.5, 0.0, 0.5),
            repaid: size * tape.maybe(0.3, 0.0, 0.1),
            external: 0.0,
            liabilities: 0.0,
            equity_initial: 0.0,
            assets_initial: 0.0,
            held,
            initial,
            prices,
        };
        let assets = books.sheet::<f64>().assets();
        let ratio = if tape.unit() < 0.35 {
            edges[tape.pick(edges.len())]
        } else {
            tape.between(-0.05, 0.4)
        };
        books.liabilities = (assets * (1.0 - ratio)).max(0.0);
        for _ in 0..tape.pick(4) {
            books.liabilities = books.liabilities.next_up();
        }
        if tape.unit() < 0.05 {
            books.liabilities = 0.0;
        }
        books.external = books.liabilities * tape.unit();
        let before: f64 = books.held.iter().zip(&books.initial).map(|(h, p)| h * p).sum();
        books.assets_initial = books.cash + books.other + books.received + before;
        books.equity_initial = books.assets_initial - books.liabilities;
        books
    }

    fn sheet<N: Real<Given = f64>>(&self) -> BalanceSheet<'_, N> {
        let mut sheet = BalanceSheet::empty();
        sheet.cash = self.cash;
        sheet.other_assets = self.other;
        sheet.repaid = self.repaid;
        sheet.external_liabilities = self.external;
        sheet.received = N::from(self.received);
        sheet.debts_received = sheet.received;
        sheet.debts_face = N::from(self.liabilities) - N::from(self.external);
        sheet.liabilities = N::from(self.liabilities);
        sheet.equity_initial = self.equity_initial;
        sheet.assets_initial = self.assets_initial;
        for (&held, &price) in self.held.iter().zip(&self.prices) {
            sheet.marketable = sheet.marketable + N::from(held) * N::from(price);
        }
        sheet.marketable_at_average = sheet.marketable;
        sheet.holdings = SparseRow {
            columns: &COLUMNS[..self.held.len()],
            values: &self.held,
        };
        (sheet.initial_prices, sheet.prices, sheet.average_prices) =
            (&self.initial, &self.prices, &self.prices);
        sheet.settle();
        sheet
    }

    /// The same, healthier: prices, cash or payments rise, by a unit in the last place or by more.
    fn healthier(&self, tape: &mut Tape<'_>) -> Self {
        let mut better = self.clone();
        let one_ulp = tape.unit() < 0.6;
        let place = tape.pick(self.prices.len() + 2);
        let factor = 1.0 + tape.across(1e-15, 0.3);
        let raise = |x: &mut f64| {
            *x = if one_ulp {
                x.next_up()
            } else {
                (*x * factor).max(*x)
            };
        };
        match place {
            0 => raise(&mut better.received),
            1 => raise(&mut better.cash),
            _ => raise(&mut better.prices[place - 2]),
        }
        if tape.unit() < 0.3 {
            better
                .prices
                .iter_mut()
                .for_each(|price| *price = price.next_up());
        }
        better
    }
}

fn asked<N: Real>(sale: Sale<N>) -> N {
    let (Sale::Money(asked) | Sale::Fraction(asked)) = sale;
    asked
}

fn fails(why: String) -> Result<(), TestCaseError> {
    Err(TestCaseError::fail(why))
}

/// Runs a test on random tapes; at least this share of the cases must sell something, and not all.
fn run(cases: u32, binding: f64, test: impl Fn(&mut Tape<'_>) -> Result<bool, TestCaseError>) {
    let bound = Cell::new(0_u32);
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&vec(0.0_f64..1.0, 64), |cells| {
            if test(&mut Tape(&cells))? {
                bound.set(bound.get() + 1);
            }
            Ok(())
        })
        .expect("the property holds");
    let share = f64::from(bound.get()) / f64::from(cases);
    assert!(share >= binding, "only {share} of the cases bind");
}

/// What the rule asks for falls, bitwise, when the institution gets healthier; and its bounds hold it.
fn antitone_and_bounded<K: RuleKernel>(
    kernel: &K,
    edges: &[f64],
    binding: f64,
    parameters: impl Fn(&mut Tape<'_>, &Books) -> (K::Row, Vec<K::AssetRow>),
) {
    run(CASES, binding, |tape| {
        let worse = Books::draw(tape, edges);
        let (row, assets) = parameters(tape, &worse);
        let context = RuleContext::new(Execution::Terminal, true);
        assert_eq!(kernel.profile(&row, &assets, context).order, Order::Antitone);
        let better = worse.healthier(tape);
        let (sheet, healthy) = (worse.sheet::<f64>(), better.sheet::<f64>());
        let sales = (
            kernel.sale(&sheet, &row, &assets),
            kernel.sale(&healthy, &row, &assets),
        );
        if !(asked(sales.0) >= asked(sales.1) && sales.0.fraction(&sheet) >= sales.1.fraction(&healthy)) {
            fails(format!("{sales:?}\n{worse:#?}\n{better:#?}"))?;
        }
        let bounds = kernel
            .sale_bounds(&worse.sheet::<Interval>(), &row, &assets)
            .expect("bounded");
        let (inside, value) = (asked(bounds), asked(sales.0));
        if !(inside.low <= value && value <= inside.high) {
            fails(format!("{value} outside {bounds:?}\n{worse:#?}"))?;
        }
        Ok(asked(sales.0) > 0.0 && sales.0.fraction(&sheet) < 1.0)
    });
}

#[test]
fn leverage_rules_are_antitone_to_the_last_bit() {
    antitone_and_bounded(&LeverageCap, &[0.05, 0.0], 0.15, |tape, _| {
        let ratio = if tape.unit() < 0.5 {
            0.05
        } else {
            tape.between(0.01, 0.3)
        };
        (LeverageCapRow::cap(1.0 / ratio), vec![])
    });
    let thresholds = [0.04, 0.05, 0.03, 0.0];
    antitone_and_bounded(&LeverageThreshold, &thresholds, 0.15, |tape, _| {
        let act_below = [0.04, 0.2, 1.0, 0.3][tape.pick(4)];
        let row = LeverageThresholdRow {
            act_below,
            target: if act_below < 1.0 {
                [0.05_f64, 0.04][tape.pick(2)].max(act_below)
            } else {
                0.05
            },
            default_below: [None, Some(0.03), Some(0.0)][tape.pick(3)],
        };
        assert_eq!(LeverageThreshold.check(&row), Ok(()));
        (row, vec![])
    });
    antitone_and_bounded(&LeverageTarget, &[0.05, 0.0], 0.2, |tape, _| {
        let row = LeverageTargetRow {
            target_leverage: [None, Some(20.0), Some(1.0)][tape.pick(3)],
            two_sided: false,
        };
        (row, vec![])
    });
}

#[test]
fn funding_rules_are_antitone_to_the_last_bit() {
    antitone_and_bounded(&FundingWithdrawal, &[0.05, 0.2, 0.0], 0.15, |tape, _| {
        let run_below = [0.05, 0.2, 1.0][tape.pick(3)];
        let row = FundingWithdrawalRow {
            run_below,
            run_complete_below: run_below * [0.0, 0.5, 1.0][tape.pick(3)],
        };
        assert_eq!(FundingWithdrawal.check(&row), Ok(()));
        (row, vec![])
    });
    antitone_and_bounded(&LiquidityShortfall, &[0.0], 0.15, |tape, books| {
        let withdrawals = books.external * tape.unit();
        (LiquidityShortfallRow { withdrawals }, vec![])
    });
    antitone_and_bounded(&Redemption, &[0.0, 0.1], 0.25, |tape, _| {
        let row = RedemptionRow {
            base_flow: tape.between(-0.2, 0.2),
            gate: tape.between(0.2, 1.2).min(1.0),
            swing_price: tape.maybe(0.5, 0.0, 0.1),
            ..RedemptionRow::sensitivity(tape.across(0.05, 5.0))
        };
        assert_eq!(Redemption.check(&row), Ok(()));
        (row, vec![])
    });
}

#[test]
fn rules_with_weights_by_asset_are_antitone_to_the_last_bit() {
    antitone_and_bounded(&CapitalRatio, &[0.0, 0.04], 0.1, |tape, _| {
        let row = CapitalRatioRow {
            min_ratio: tape.between(0.02, 0.2),
            other_risk_weight: tape.between(0.0, 1.0),
        };
        let assets = (0..5).map(|_| RiskWeight {
            risk_weight: tape.between(0.0, 2.0),
        });
        (row, assets.collect())
    });
    // Mild and strong procyclicality alike.
    antitone_and_bounded(&Haircut, &[0.0, 0.1], 0.2, |tape, _| {
        let assets = (0..5).map(|_| Margin {
            haircut: tape.maybe(0.8, 0.0, 1.0),
            procyclicality: tape.maybe(0.7, 0.0, 3.0),
        });
        (NoColumns {}, assets.collect())
    });
    antitone_and_bounded(&SellOnDefault, &[0.0], 0.0, |_, _| (NoColumns {}, vec![]));
}

/// Units fall, bitwise, when prices rise and the money falls; bounds hold them, purchases too.
fn strategy_is_ordered(build: impl Fn(&mut Tape<'_>, &Books) -> Box<dyn Strategy>) {
    run(CASES / 4, 0.5, |tape| {
        let mut worse = Books::draw(tape, &[0.1]);
        if tape.unit() < 0.1 {
            worse.prices[0] = 0.0;
        }
        let strategy = build(tape, &worse);
        assert_eq!(strategy.profile(Execution::Terminal).order, Order::Antitone);
        let better = worse.healthier(tape);
        let marketable = worse.sheet::<f64>().marketable;
        let money = marketable * tape.between(-0.1, 1.05);
        let less = if tape.unit() < 0.5 {
            money
        } else {
            money.next_down()
        };
        let mut scratch = StrategyScratch::default();
        let mut units = |books: &Books, money: f64| {
            let mut units = vec![f64::NAN; books.held.len()];
            strategy.units_into(Sale::Money(money), &books.sheet(), &mut scratch, &mut units);
            units
        };
        let (sold, healthy) = (units(&worse, money), units(&better, less));
        let ordered = money < 0.0 || sold.iter().zip(&healthy).all(|(worse, better)| worse >= better);
        let within = sold
            .iter()
            .zip(&worse.held)
            .all(|(&sold, &held)| sold.abs() <= held);
        let raised: f64 = sold.iter().zip(&worse.prices).map(|(s, q)| s * q).sum();
        let exact = (raised - money.min(marketable)).abs() <= 1e-12 * marketable;
        let count = sold.len();
        let (mut low, mut high) = (vec![0.0; count], vec![0.0; count]);
        let slack = if tape.unit() < 0.5 {
            0.0
        } else {
            1e-9 * money.abs()
        };
        let sale = Sale::Money(Interval::new(money - slack, money + slack));
        strategy.unit_bounds_into(
            sale,
            &worse.sheet(),
            &mut StrategyScratch::default(),
            &mut low,
            &mut high,
        );
        let bounded = (0..count).all(|n| low[n] <= sold[n] && sold[n] <= high[n]);
        let wide = |n: usize| (high[n] - low[n]) * worse.prices[n] > 1e-11 * marketable;
        let sharp = slack > 0.0 || !(0..count).any(wide);
        if !(ordered && within && exact && bounded && sharp) {
            fails(format!(
                "ordered {ordered}, within {within}, exact {exact}, bounds {bounded}, sharp {sharp}: {money},\n\
                 {sold:?} and {healthy:?} in {low:?} {high:?}\n{worse:#?}\n{better:#?}"
            ))?;
        }
        Ok(sold.iter().any(|&sold| sold > 0.0))
    });
}

#[test]
fn strategies_are_antitone_to_the_last_bit_and_bounded() {
    strategy_is_ordered(|_, _| Box::new(ProRata));
    strategy_is_ordered(|tape, _| {
        let priority: Vec<f64> = (0..5).map(|_| tape.pick(3) as f64).collect();
        Box::new(PeckingOrder::by_priority(&priority))
    });
    let curve = |tape: &mut Tape<'_>, books: &Books, g: f64| ImpactCurve {
        c: if tape.unit() < 0.1 {
            0.0
        } else {
            tape.across(0.1, 2.0)
        },
        g,
        depth: if tape.unit() < 0.1 {
            f64::INFINITY
        } else {
            (1.0 + books.assets_initial.abs()) * tape.across(0.1, 1e4)
        },
    };
    strategy_is_ordered(|tape, books| {
        let g = [1.0, 0.5, tape.across(0.1, 3.0)][tape.pick(3)];
        let curves: Vec<_> = (0..books.held.len()).map(|_| curve(tape, books, g)).collect();
        Box::new(LeastImpact::new(&curves, &books.initial))
    });
    strategy_is_ordered(|tape, books| {
        let g = tape.across(0.2, 3.0);
        let curves: Vec<_> = (0..books.held.len())
            .map(|n| curve(tape, books, if n == 0 { g } else { 0.5 }))
            .collect();
        Box::new(LeastImpact::new(&curves, &books.initial))
    });
}

/// What is repaid is no longer due.
#[test]
fn what_is_repaid_is_no_longer_due() {
    let mut books = Books::fund(5.0, 100.0, 1.0, 40.0);
    books.external = 30.0;
    let row = LiquidityShortfallRow { withdrawals: 12.0 };
    let due = |books: &Books| LiquidityShortfall.sale(&books.sheet(), &row, &[]);
    assert_eq!(due(&books), Sale::Money(17.0));
    books.repaid = 6.0;
    assert_eq!(due(&books), Sale::Money(11.0));
    // A run takes a half: of 30 still owed and 6 repaid 18 are asked for, and 6 + 5 of cash are there.
    books.liabilities = 84.0;
    let row = FundingWithdrawalRow {
        run_below: 0.4,
        run_complete_below: 0.0,
    };
    let need = |books: &Books| FundingWithdrawal.sale(&books.sheet(), &row, &[]);
    let Sale::Money(due) = need(&books) else { panic!() };
    assert!((due - 7.0).abs() < 1e-13, "{due}");
    // Who has repaid more than is asked for needs nothing.
    (books.repaid, books.external) = (40.0, 0.0);
    assert_eq!(need(&books), Sale::Money(0.0));
}

#[test]
fn funding_withdrawal_by_hand() {
    let row = |run_complete_below| FundingWithdrawalRow {
        run_below: 0.25,
        run_complete_below,
    };
    let need = |liabilities: f64, row: FundingWithdrawalRow| {
        FundingWithdrawal.sale(&Books::fund(16.0, 112.0, 1.0, liabilities).sheet(), &row, &[])
    };
    // Assets of 128. At 25 % nobody runs; at 12.5 % a half; from 0 on down everyone.
    assert_eq!(need(96.0, row(0.0)), Sale::Money(0.0));
    assert_eq!(need(112.0, row(0.0)), Sale::Money(40.0));
    assert_eq!(need(112.0, row(0.125)), Sale::Money(96.0));
    assert_eq!(need(128.0, row(0.0)), Sale::Money(112.0));
    assert_eq!(need(160.0, row(0.0)), Sale::Money(144.0));
    assert_eq!(need(0.0, row(0.0)), Sale::Money(0.0));
    // All at once strictly below the threshold.
    assert_eq!(need(96.0, row(0.25)), Sale::Money(0.0));
    assert_eq!(
        need(96.0_f64.next_up(), row(0.25)),
        Sale::Money(80.0_f64.next_up())
    );
}

#[test]
fn leverage_threshold_by_hand() {
    let row = LeverageThresholdRow {
        act_below: 0.04,
        target: 0.05,
        default_below: Some(0.03),
    };
    let sells = |row: &LeverageThresholdRow, units: f64, liabilities: f64| {
        let sale = LeverageThreshold.sale(&Books::fund(0.0, units, 1.0, liabilities).sheet(), row, &[]);
        let Sale::Money(money) = sale else { panic!() };
        money
    };
    // The threshold itself is healthy; a unit in the last place below it is not.
    assert_eq!(sells(&row, 100.0, 96.0), 0.0);
    assert!((sells(&row, 100.0, 96.0_f64.next_up()) - 20.0).abs() < 1e-11);
    assert_eq!(sells(&row, 100.0, 96.5), 30.0);
    // At 3 % it still sells to target, below it everything.
    assert!((sells(&row, 100.0, 97.0) - 40.0).abs() < 1e-11);
    assert_eq!(sells(&row, 100.0, 97.0_f64.next_up()), f64::INFINITY);
    assert_eq!(sells(&row, 100.0, 100.0), f64::INFINITY);
    // At 1 every institution with debt is below, as in leverage targeting; without debt nothing is to be done.
    let always = LeverageThresholdRow {
        act_below: 1.0,
        target: 0.05,
        default_below: None,
    };
    assert_eq!(sells(&always, 100.0, 94.0), 0.0);
    assert_eq!(sells(&always, 100.0, 96.0), 20.0);
    assert_eq!(sells(&always, 100.0, 0.0), 0.0);
    // The cap, continuous; the jump, continuous from above, and unordered where gains reach others.
    let profile = |row, execution| LeverageThreshold.profile(row, &[], RuleContext::new(execution, true));
    assert_eq!(profile(&always, Execution::Vwap).order, Order::Antitone);
    assert_eq!(profile(&always, Execution::Terminal).continuity, Continuity::Both);
    assert_eq!(
        profile(&row, Execution::Terminal).continuity,
        Continuity::FromAbove
    );
    assert_eq!(profile(&row, Execution::Terminal).order, Order::Antitone);
    assert_eq!(profile(&row, Execution::Vwap).order, Order::Unordered);
    for assets in [97.0, 99.5, 104.0, 120.0] {
        let books = Books::fund(0.0, assets, 1.0, 96.0);
        let cap = LeverageCapRow {
            max_leverage: None,
            min_leverage_ratio: Some(0.05),
        };
        let sheet = books.sheet();
        assert_eq!(
            LeverageThreshold.sale(&sheet, &always, &[]),
            LeverageCap.sale(&sheet, &cap, &[])
        );
    }
}

#[test]
fn leverage_target_by_hand_and_its_purchases() {
    let mut books = Books::fund(10.0, 90.0, 0.9, 80.0); // leverage 5 before, a loss of 9 of 20
    let one_sided = LeverageTargetRow::default();
    let two_sided = LeverageTargetRow {
        two_sided: true,
        ..one_sided
    };
    let sale = |books: &Books, row: &LeverageTargetRow| LeverageTarget.sale(&books.sheet(), row, &[]);
    assert_eq!(sale(&books, &one_sided), Sale::Money(36.0)); // (5 - 1) times 9
    assert_eq!(sale(&books, &two_sided), Sale::Money(36.0));
    books.prices[0] = 1.1;
    assert_eq!(sale(&books, &one_sided), Sale::Money(0.0));
    let Sale::Money(bought) = sale(&books, &two_sided) else {
        panic!()
    };
    assert!((bought + 36.0).abs() < 1e-12, "{bought}");
    let fraction = sale(&books, &two_sided).fraction(&books.sheet());
    assert!((fraction + 36.0 / 99.0).abs() < 1e-15, "{fraction}");
    // It buys no more than it holds; what is worth nothing it does not buy.
    books.prices[0] = 9.0;
    assert_eq!(sale(&books, &two_sided).fraction(&books.sheet()), -1.0);
    let worthless = Books::fund(5.0, 1.0, 0.0, 0.0);
    assert_eq!(Sale::Money(-1.0).fraction(&worthless.sheet()), 0.0);
    // Insolvent from the start: no leverage to return to, and everything goes at E <= 0.
    assert_eq!(
        sale(&Books::fund(0.0, 100.0, 1.25, 120.0), &one_sided),
        Sale::Money(0.0)
    );
    assert_eq!(
        sale(&Books::fund(0.0, 100.0, 1.0, 120.0), &one_sided),
        Sale::Money(f64::INFINITY)
    );
    assert_eq!(
        sale(&Books::fund(10.0, 5.0, 1.0, 0.0), &one_sided),
        Sale::Money(0.0)
    );
}

/// Cash-rich and hardly in debt: after a rise of the price what is needed buys a smaller part of the holdings.
#[test]
fn two_sided_targeting_is_unordered() {
    let row = LeverageTargetRow {
        target_leverage: Some(1.5),
        two_sided: true,
    };
    let fraction = |price: f64| {
        let books = Books::fund(100.0, 100.0, price, 20.0);
        LeverageTarget
            .sale(&books.sheet(), &row, &[])
            .fraction(&books.sheet())
    };
    assert_eq!((fraction(1.0), fraction(2.0)), (-0.7, -0.6));
    let rule = PerInstitution::new(LeverageTarget, vec![row], vec![]);
    assert_eq!(rule.profile(RuleContext::default()).order, Order::Unordered);
}

/// Who leaves with a smaller share of a larger fund may take more money.
#[test]
fn cash_first_redemptions_are_unordered() {
    let row = RedemptionRow {
        liquidity: Liquidity::CashFirst,
        ..RedemptionRow::sensitivity(1.0)
    };
    let need = |price: f64| Redemption.sale(&Books::fund(0.0, 100.0, price, 0.0).sheet(), &row, &[]);
    assert_eq!((need(0.25), need(0.5)), (Sale::Money(18.75), Sale::Money(25.0)));
    let profile = Redemption.profile(&row, &[], RuleContext::default());
    assert_eq!(profile.order, Order::Unordered);
    // Cash above the buffer pays first, less a discount for those who leave: a half of 100 at 4/5, from 30 - 20.
    let row = RedemptionRow {
        cash_buffer: 0.2,
        swing_price: 0.2,
        ..row
    };
    let mut books = Books::fund(30.0, 140.0, 0.5, 0.0);
    books.equity_initial = 200.0;
    let Sale::Money(need) = Redemption.sale(&books.sheet(), &row, &[]) else {
        panic!()
    };
    assert!((need - 30.0).abs() < 1e-12, "{need}");
}

/// Behind a closed gate one half is redeemed at any price: in a pecking order a rise of the second asset sells more of
/// the first.
#[test]
fn vertical_slices_in_a_pecking_order_are_unordered() {
    let row = RedemptionRow {
        base_flow: 0.5,
        ..RedemptionRow::sensitivity(0.0)
    };
    let sold = |second: f64| {
        let mut books = Books::fund(0.0, 100.0, 1.0, 0.0);
        (books.held, books.initial, books.prices) = (vec![100.0; 2], vec![1.0; 2], vec![1.0, second]);
        let sheet = books.sheet();
        let mut units = [0.0; 2];
        let sale = Redemption.sale(&sheet, &row, &[]);
        let first_first = PeckingOrder::by_priority(&[0.0, 1.0]);
        first_first.units_into(sale, &sheet, &mut StrategyScratch::default(), &mut units);
        units[0]
    };
    assert_eq!((sold(0.5), sold(0.75)), (75.0, 87.5));
    let context = RuleContext::default();
    let order = |context| Redemption.profile(&row, &[], context).order;
    assert_eq!(order(context), Order::Antitone);
    assert_eq!(order(context.raising_money(true)), Order::Unordered);
}

#[test]
fn redemption_by_hand() {
    let mut books = Books::fund(0.0, 100.0, 0.75, 0.0);
    let sells = |row: &RedemptionRow, books: &Books| asked(Redemption.sale(&books.sheet::<f64>(), row, &[]));
    let row = RedemptionRow {
        base_flow: 0.25,
        swing_price: 0.5,
        ..RedemptionRow::sensitivity(1.0)
    };
    assert_eq!(sells(&row, &books), 0.25); // half of 0.25 + 0.25
    // Inflows offset outflows, and no inflow buys.
    let inflows = RedemptionRow {
        base_flow: -0.5,
        swing_price: 0.0,
        ..row
    };
    assert_eq!(sells(&inflows, &books), 0.0);
    assert_eq!(sells(&RedemptionRow { gate: 0.125, ..row }, &books), 0.0625);
    // Gains draw nobody out, and without equity before the shock only the base flow leaves.
    books.prices[0] = 1.5;
    assert_eq!(sells(&row, &books), 0.125);
    (books.equity_initial, books.prices[0]) = (0.0, 0.1);
    assert_eq!(sells(&row, &books), 0.125);
}

#[test]
fn haircut_by_hand() {
    let sells = |books: &Books, haircut: f64, procyclicality: f64| {
        let margin = Margin {
            haircut,
            procyclicality,
        };
        asked(Haircut.sale(&books.sheet::<f64>(), &NoColumns {}, &[margin]))
    };
    let books = Books::fund(0.0, 100.0, 0.5, 40.0); // E = 10
    // X = 12.5; m = 0.5, X = 25; m = 1, X = 50.
    for (procyclicality, fraction) in [(0.0, 0.2), (0.5, 0.6), (9.0, 0.8)] {
        let sold: f64 = sells(&books, 0.25, procyclicality);
        assert!((sold - fraction).abs() < 1e-15, "{sold} and not {fraction}");
    }
    assert_eq!(sells(&books, 0.125, 0.0), 0.0); // X = 6.25
    assert_eq!(sells(&books, 0.0, 0.0), 0.0);
    let insolvent = Books::fund(0.0, 100.0, 0.5, 50.0);
    assert_eq!(sells(&insolvent, 0.01, 0.0), 1.0);
    assert_eq!(sells(&insolvent, 0.0, 0.0), 0.0); // no margin, no rule
}

/// Gains raise perceived variance as losses do.
#[test]
fn value_at_risk_by_hand_and_unordered() {
    let row = ValueAtRiskRow {
        leverage_scale: 1.0,
        cyclicality: -0.5,
        historic_volatility: 0.25,
        volatility_offset: 0.0,
        shock_weight: 1.0,
    };
    let need = |row: &ValueAtRiskRow, price: f64| {
        asked(ValueAtRisk.sale(&Books::fund(0.0, 100.0, price, 80.0).sheet::<f64>(), row, &[]))
    };
    assert_eq!(need(&row, 1.25), 0.0); // leverage 4 is allowed, 125 / 45 is there
    assert_eq!(need(&row, 1.5), 10.0); // leverage 2 is allowed: 150 - 140
    assert_eq!(need(&row, 1.0), 0.0); // no variance, no limit
    let profile = ValueAtRisk.profile(&row, &[], RuleContext::default());
    assert_eq!(profile.order, Order::Unordered);
    // Without weight on the shock: 1 / 0.25, and a constant leverage at b = 0.
    let calm = ValueAtRiskRow {
        shock_weight: 0.0,
        ..row
    };
    let variant = |leverage_scale, cyclicality| ValueAtRiskRow {
        leverage_scale,
        cyclicality,
        ..calm
    };
    assert_eq!(need(&calm, 1.0), 20.0);
    assert_eq!(need(&variant(2.0, 0.0), 1.0), 60.0);
    // 16 times 0.25, and 1/4 over 0.0625.
    assert_eq!(need(&variant(16.0, 0.5), 1.0), 20.0);
    assert_eq!(need(&variant(0.25, -1.0), 1.0), 20.0);
    // Never below a leverage of 1: all debt is repaid.
    assert_eq!(need(&variant(0.01, 0.0), 1.0), 80.0);
    // Volatility and offset add as 3 and 4 make 5: a leverage of 1.25 / 0.3125.
    let offset = ValueAtRiskRow {
        historic_volatility: 0.1875,
        volatility_offset: 0.25,
        leverage_scale: 1.25,
        ..calm
    };
    assert_eq!(need(&offset, 1.0), 20.0);
}

#[test]
fn parameters_out_of_range_are_named() {
    fn named<K: RuleKernel>(kernel: &K, row: &K::Row, name: &str) {
        assert_eq!(kernel.check(row).expect_err(name).parameter, name);
    }
    let threshold = |act_below, target, default_below| LeverageThresholdRow {
        act_below,
        target,
        default_below,
    };
    named(&LeverageThreshold, &threshold(0.0, 0.05, None), "act_below");
    named(&LeverageThreshold, &threshold(1.5, 0.05, None), "act_below");
    named(&LeverageThreshold, &threshold(f64::NAN, 0.05, None), "act_below");
    named(&LeverageThreshold, &threshold(0.04, 1.0, None), "target");
    named(&LeverageThreshold, &threshold(0.04, 0.03, None), "target");
    named(
        &LeverageThreshold,
        &threshold(0.04, 0.05, Some(0.05)),
        "default_below",
    );
    named(
        &LeverageThreshold,
        &threshold(0.04, 0.05, Some(-0.01)),
        "default_below",
    );
    let target = |leverage| LeverageTargetRow {
        target_leverage: Some(leverage),
        two_sided: false,
    };
    named(&LeverageTarget, &target(0.5), "target_leverage");
    named(&LeverageTarget, &target(f64::INFINITY), "target_leverage");
    let run = |run_below, run_complete_below| FundingWithdrawalRow {
        run_below,
        run_complete_below,
    };
    named(&FundingWithdrawal, &run(0.0, 0.0), "run_below");
    named(&FundingWithdrawal, &run(0.1, 0.2), "run_complete_below");
    let fund = RedemptionRow::sensitivity(1.0);
    named(&Redemption, &RedemptionRow { gate: 1.5, ..fund }, "gate");
    let swing_price = -0.1;
    named(&Redemption, &RedemptionRow { swing_price, ..fund }, "swing_price");
    let base_flow = 2.0;
    named(&Redemption, &RedemptionRow { base_flow, ..fund }, "base_flow");
    let cash_buffer = 2.0;
    named(&Redemption, &RedemptionRow { cash_buffer, ..fund }, "cash_buffer");
    named(&Redemption, &RedemptionRow::sensitivity(-1.0), "flow_sensitivity");
    for (haircut, procyclicality, name) in [(1.1, 0.0, "haircut"), (0.1, -1.0, "procyclicality")] {
        let margin = Margin {
            haircut,
            procyclicality,
        };
        assert_eq!(Haircut.check_asset(&margin).expect_err(name).parameter, name);
    }
    let risk = ValueAtRiskRow {
        leverage_scale: 1.0,
        cyclicality: -0.5,
        historic_volatility: 0.1,
        volatility_offset: 0.0,
        shock_weight: 0.5,
    };
    assert_eq!(ValueAtRisk.check(&risk), Ok(()));
    let wrong = |name: &str, change: fn(&mut ValueAtRiskRow)| {
        let mut row = risk;
        change(&mut row);
        named(&ValueAtRisk, &row, name);
    };
    wrong("leverage_scale", |row| row.leverage_scale = 0.0);
    wrong("cyclicality", |row| row.cyclicality = 11.0);
    wrong("historic_volatility", |row| row.historic_volatility = -0.1);
    wrong("volatility_offset", |row| row.volatility_offset = f64::NAN);
    wrong("shock_weight", |row| row.shock_weight = 1.5);
}
