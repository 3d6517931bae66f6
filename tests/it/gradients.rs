//! Gradients, the spectral radius and distances to kinks on cases that can be worked out, and at scale.

use crate::fixture::*;
use delever::cascade::{CascadeError, CascadeMap, Participant};
use delever::core::NoColumns;
use delever::network::clearing::{EisenbergNoeRow, Elsinger, RogersVeraartRow};
use delever::portfolio::rules::NoSales;
use delever::prelude::*;
use delever::solver::{FixedPointMap, Method};
use delever::stress::StressError;
use delever::stress::sensitivity::{Sensitivity, SensitivitySettings, Target};

#[test]
fn eisenberg_noe_2001_derivatives_of_payments() {
    let owed = [vec![0.0, 20.0, 10.0], vec![5.0, 0.0, 24.0], vec![10.0, 0.0, 0.0]];
    let case = Clearing::new(&[10.0; 3], &owed, &[0.0; 3]);
    let claims = OneLayer::new(
        EisenbergNoe,
        vec![EisenbergNoeRow::default(); 3],
        case.debts(),
        &case.external(),
    );
    let models = Models {
        impact: Box::new(PerAsset::new(NoImpact, vec![])),
        execution: Execution::Terminal,
        rules: no_sales(3),
        strategy: Box::new(ProRata),
        claims: Box::new(claims),
    };
    let cascade = Cascade::new(&case.system, &case.graph, models).expect("models fit");
    let shock = Shock::none(&case.system);
    let sensitivity = Sensitivity::at(&cascade, &shock, &SensitivitySettings::default()).expect("solved");
    // (I - L P')^-1 L with L the defaulters, 0 and 1, and P the shares in which they pay.
    let exact = [
        [87.0 / 77.0, 15.0 / 77.0, 0.0],
        [58.0 / 77.0, 87.0 / 77.0, 0.0],
        [0.0; 3],
    ];
    let mut sum = [0.0; 3];
    for (debtor, expected) in exact.iter().enumerate() {
        let gradient = sensitivity.gradient(&Target::Payments(debtor)).expect("regular");
        all_close(&gradient.by_outside_assets, expected, 1e-14, "dp/de");
        all_close(
            &gradient.by_cash_shock,
            &expected.iter().map(|x| 10.0 * x).collect::<Vec<_>>(),
            1e-13,
            "cash",
        );
        expected.iter().zip(&mut sum).for_each(|(x, sum)| *sum += x);
    }
    // One adjoint for the sum of all payments.
    let mut figure = delever::cascade::Figure::nothing(&cascade);
    figure.payments.fill(1.0);
    let gradient = sensitivity.gradient(&Target::Figure(figure)).expect("regular");
    let adjoint = [145.0 / 77.0, 102.0 / 77.0, 0.0];
    all_close(&gradient.by_outside_assets, &adjoint, 1e-14, "adjoint");
    all_close(&sum, &adjoint, 1e-14, "sum");
    close(gradient.value, 270.0 / 11.0 + 290.0 / 11.0 + 10.0, 1e-12, "sum p");
    // Banks 0 and 1 fail; 2 pays 10 and keeps 30. Receipts of 0 and 1 pass at 2/3 one way, at 5/29 the other.
    let rho = (2.0 / 3.0 * 5.0 / 29.0_f64).sqrt();
    let radius = sensitivity.spectral_radius();
    assert!(radius.lower <= rho * (1.0 + 1e-14) && rho <= radius.upper * (1.0 + 1e-14) && radius.converged);
    let kink = sensitivity.nearest_kink().expect("defaults are near");
    assert_eq!(kink.of, Participant::Institution(1));
    close(kink.distance, 29.0 / 11.0, 1e-12, "what bank 1 lacks");
}

/// One bank, one asset, a cap on leverage, linear impact.
struct Spiral {
    system: System,
    graph: ContagionGraph,
    slope: f64,
    ratio: f64,
}

impl Spiral {
    fn new(debt: f64, ratio: f64, slope: f64) -> Self {
        let mut builder = SystemBuilder::new();
        builder.asset("a", 1.0);
        let bank = Institution {
            external_liabilities: debt,
            ..Institution::default()
        };
        builder.institution("b", bank).holding("b", "a", 1.0);
        Self {
            system: builder.build().expect("valid"),
            graph: ContagionGraphBuilder::new(1).build().expect("valid"),
            slope,
            ratio,
        }
    }

    fn with<R>(&self, price: f64, use_it: impl FnOnce(&Cascade<'_>, &Shock) -> R) -> R {
        let row = LeverageCapRow {
            max_leverage: None,
            min_leverage_ratio: Some(self.ratio),
        };
        let depth = DepthRow {
            depth: 1.0 / self.slope,
        };
        let models = Models {
            impact: Box::new(PerAsset::new(Linear, vec![depth])),
            execution: Execution::Terminal,
            rules: everyone(Box::new(PerInstitution::new(LeverageCap, vec![row], vec![])), 1),
            strategy: Box::new(ProRata),
            claims: Box::new(FaceValue::new(1)),
        };
        let cascade = Cascade::new(&self.system, &self.graph, models).expect("models fit");
        let shock = Shock {
            prices: vec![price - 1.0],
            ..Shock::none(&self.system)
        };
        use_it(&cascade, &shock)
    }
}

fn taken<'c>(cascade: &'c Cascade<'c>, shock: &Shock) -> Sensitivity<'c> {
    let mut settings = SensitivitySettings {
        parameters: vec!["max_leverage".to_owned(), "min_leverage_ratio".to_owned()],
        ..SensitivitySettings::default()
    };
    // Near the tipping point iteration is slow.
    settings.solve.max_iterations = 3_000_000;
    Sensitivity::at(cascade, shock, &settings).expect("solved")
}

/// `(s + kappa) (1 - b s) = c`, `kappa = 1/r - 1`, `c = D / (r q0)`: `rho = b (s + kappa) / (1 - b s)`, `ds/dc = 1 / ((1 - b s)(1 - rho))`.
#[test]
fn single_bank_leverage_spiral_slopes_in_closed_form() {
    let (debt, r) = (0.9_f64, 0.08_f64);
    let kappa = 1.0 / r - 1.0;
    let mut inside = 0;
    let points = [0.02_f64, 0.05, 0.08, 0.09]
        .into_iter()
        .flat_map(|b| [1.0, 0.98, 0.9775, 0.97, 0.95].map(|q0| (b, q0)));
    for (b, q0) in points {
        // The least root of the quadratic; nothing where there is no need, everything where there is no root.
        let c = debt / (r * q0);
        let (half, gap) = (1.0 - kappa * b, c - kappa);
        let discriminant = half * half - 4.0 * b * gap;
        let s = match (gap > 0.0, discriminant >= 0.0) {
            (false, _) => 0.0,
            (true, true) if half > 0.0 => ((half - discriminant.sqrt()) / (2.0 * b)).min(1.0),
            (true, _) => 1.0,
        };
        Spiral::new(debt, r, b).with(q0, |cascade, shock| {
            let sensitivity = taken(cascade, shock);
            let gradient = sensitivity.gradient(&Target::TotalEquity).expect("regular");
            let what = format!("b {b}, q0 {q0}");
            let kink = sensitivity.nearest_kink().expect("sales start or end somewhere");
            if s == 0.0 || s == 1.0 {
                // Nothing or everything is sold, whatever small shocks come.
                close(gradient.by_price_shock[0], 1.0 - b * s, 1e-12, &what);
                assert_eq!(sensitivity.spectral_radius().upper, 0.0, "{what}");
                let (need, lambda) = (debt - (1.0 / r - 1.0) * (q0 * (1.0 - b * s) - debt), 1.0 / r);
                let distance = if s == 0.0 {
                    -need / (lambda - 1.0)
                } else {
                    // Sold out: by the gain that lets some be kept, if not by that which ends insolvency.
                    let worth = q0 * (1.0 - b);
                    if worth < debt {
                        debt - worth
                    } else {
                        (need - worth) / lambda
                    }
                };
                close(kink.distance, distance, 1e-12, &what);
                return;
            }
            inside += 1;
            let rho = b * (s + kappa) / (1.0 - b * s);
            let radius = sensitivity.spectral_radius();
            assert!(
                radius.lower <= rho + 1e-9 && rho - 1e-9 <= radius.upper && radius.converged,
                "{what}"
            );
            let by_c = 1.0 / ((1.0 - b * s) * (1.0 - rho));
            // q = q0 (1 - b s), dc/dq0 = -c/q0, dc/dE = 0.
            let by_price = (1.0 - b * s) + q0 * b * by_c * c / q0;
            close(gradient.by_price_shock[0], by_price, 1e-8 * by_price, &what);
            // q0 b: dq/db at s, and what follows from it; depth = 1/b.
            let by_b = -q0 * s + -q0 * b * (by_c * s * (s + kappa));
            let by_depth = gradient.by_depth[0].expect("linear impact has a depth");
            close(by_depth, -by_b * b * b, 1e-8 * by_depth.abs(), &what);
            // lambda: need' = -(A - D), so s' = -(q - D) / q before feedback; kappa and c move with lambda.
            let by_lambda = -q0 * b * by_c * (debt / q0 - (1.0 - b * s));
            let by_cap = gradient.by_parameter("max_leverage").expect("asked for")[0].expect("a cap");
            close(by_cap, by_lambda, 1e-8 * by_cap.abs(), &what);
            let by_ratio =
                gradient.by_parameter("min_leverage_ratio").expect("asked for")[0].expect("a ratio");
            close(by_ratio, -by_lambda / (r * r), 1e-8 * by_ratio.abs(), &what);
        });
    }
    assert!(inside >= 7, "{inside}");
}

/// As the shock approaches the tipping point at 0.9765625, `1 - rho` falls like the root of the gap.
#[test]
fn gradients_blow_up_at_the_tipping_point_as_one_over_the_root_of_the_gap() {
    let spiral = Spiral::new(0.9, 0.08, 0.08);
    let tipping = 0.976_562_5;
    let mut last: Option<(f64, f64)> = None;
    for exponent in 3..=6 {
        let gap = 10.0_f64.powi(-exponent);
        let (slope, rho) = spiral.with(tipping * (1.0 + gap), |cascade, shock| {
            let sensitivity = taken(cascade, shock);
            let gradient = sensitivity.gradient(&Target::TotalEquity).expect("regular");
            (gradient.by_price_shock[0], sensitivity.spectral_radius().upper)
        });
        if let Some((before, rho_before)) = last {
            let (growth, shrinking) = (slope / before, (1.0 - rho_before) / (1.0 - rho));
            let root = 10.0_f64.sqrt();
            assert!((growth / root - 1.0).abs() < 0.05, "{growth} at a gap of {gap}");
            assert!(
                (shrinking / root - 1.0).abs() < 0.05,
                "{shrinking} at a gap of {gap}"
            );
        }
        last = Some((slope, rho));
    }
}

/// A web of banks with several assets, some of which sell, fail, or do neither.
struct Web {
    system: System,
    graph: ContagionGraph,
}

impl Web {
    fn new(banks: usize, assets: usize) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut builder = SystemBuilder::new();
        for k in 0..assets {
            builder.asset(&format!("a{k:03}"), 0.5 + draw());
        }
        let mut debts = ContagionGraphBuilder::new(banks);
        let mut owed = vec![0.0; banks];
        let mut claims = vec![0.0; banks];
        for (debtor, owed) in owed.iter_mut().enumerate() {
            for _ in 0..4 {
                let creditor = (draw() * banks as f64) as usize;
                if creditor != debtor {
                    let amount = 0.5 + 2.0 * draw();
                    debts.debt(debtor as u32, creditor as u32, amount, 0);
                    *owed += amount;
                    claims[creditor] += amount;
                }
            }
        }
        let mut rows = Vec::new();
        for n in 0..banks {
            let row: Vec<(usize, f64)> = (0..6)
                .map(|_| ((draw() * assets as f64) as usize, 4.0 + 8.0 * draw()))
                .collect();
            rows.push((n, row, draw()));
        }
        for (n, row, ratio) in &rows {
            let held: f64 = row.iter().map(|(_, units)| units).sum();
            let assets = held + claims[*n] + 1.0;
            let amounts = Institution {
                cash: 1.0,
                other_assets: 0.2,
                external_liabilities: (assets * (0.97 - 0.06 * ratio) - owed[*n]).max(0.0),
            };
            builder.institution(&bank(*n), amounts);
            for (k, units) in row {
                builder.holding(&bank(*n), &format!("a{k:03}"), *units);
            }
        }
        Self {
            system: builder.build().expect("valid"),
            graph: debts.build().expect("valid"),
        }
    }

    fn with<R>(&self, rogers_veraart: bool, use_it: impl FnOnce(&Cascade<'_>, &Shock) -> R) -> R {
        let count = self.system.institution_count();
        let mut held = vec![0.0; self.system.asset_count()];
        for (_, asset, units) in self.system.holdings().triplets() {
            held[asset as usize] += units;
        }
        let depths = held
            .iter()
            .map(|held| DepthRow {
                depth: 12.0 * held.max(1.0),
            })
            .collect();
        let external: Vec<f64> = self
            .system
            .institutions()
            .iter()
            .map(|i| i.external_liabilities)
            .collect();
        let debts = self.graph.debts()[0].1.clone();
        let claims: Box<dyn delever::core::Claims> = if rogers_veraart {
            let rows = vec![RogersVeraartRow::pari_passu(0.9, 0.8); count];
            Box::new(OneLayer::new(RogersVeraart, rows, debts, &external))
        } else {
            let rows = vec![EisenbergNoeRow::default(); count];
            Box::new(OneLayer::new(EisenbergNoe, rows, debts, &external))
        };
        let caps = (0..count)
            .map(|n| LeverageCapRow::cap(18.0 + (n % 7) as f64 * 6.0))
            .collect();
        let models = Models {
            impact: Box::new(PerAsset::new(Exponential, depths)),
            execution: Execution::Terminal,
            rules: everyone(Box::new(PerInstitution::new(LeverageCap, caps, vec![])), count),
            strategy: Box::new(ProRata),
            claims,
        };
        let cascade = Cascade::new(&self.system, &self.graph, models).expect("models fit");
        let shock = Shock {
            prices: (0..self.system.asset_count())
                .map(|k| -0.005 - 0.001 * (k % 5) as f64)
                .collect(),
            ..Shock::none(&self.system)
        };
        use_it(&cascade, &shock)
    }
}

/// More unknowns than elimination is used for: the Krylov method gives what differences of solved systems give, and what the
/// forward solve gives.
#[test]
fn a_large_system_is_differentiated_by_products_alone() {
    let web = Web::new(600, 80);
    for rogers_veraart in [false, true] {
        web.with(rogers_veraart, |cascade, shock| {
            let sensitivity =
                Sensitivity::at(cascade, shock, &SensitivitySettings::default()).expect("solved");
            assert_eq!(sensitivity.linearization().dim(), 680);
            let radius = sensitivity.spectral_radius();
            assert!(
                radius.converged && radius.lower > 0.05 && radius.upper < 0.95,
                "{radius:?}"
            );
            let gradient = sensitivity.gradient(&Target::TotalEquity).expect("regular");
            assert!(gradient.residual < 1e-12);
            let solve = |shock: &Shock| {
                let both = cascade.solve(shock, Select::Greatest, &Settings::default());
                greatest(&both.expect("fits")).clone()
            };
            let now = solve(shock);
            let sellers = now
                .institutions
                .iter()
                .filter(|bank| bank.state == InstitutionState::Deleveraging)
                .count();
            assert!(
                now.totals.defaults >= 5 && sellers >= 20,
                "{} fail, {sellers} sell",
                now.totals.defaults
            );
            close(
                gradient.value,
                now.totals.equity,
                1e-9 * now.totals.equity.abs().max(1.0),
                "equity",
            );
            // Each asset alone, by differences that stay within the nearest kink.
            let kink = sensitivity.nearest_kink().expect("many are near some").distance;
            for asset in [0, 17, 79] {
                let mut rates = Shock::none(&web.system);
                rates.prices[asset] = 1.0;
                let along = sensitivity.along(&rates).expect("regular");
                let forward: f64 = along.equity.iter().sum();
                close(
                    gradient.by_price_shock[asset],
                    forward,
                    1e-10 * forward.abs(),
                    "forward",
                );
                let step = (kink / 200.0).min(1e-5);
                let moved = |by: f64| {
                    let mut shock = shock.clone();
                    shock.prices[asset] += by;
                    solve(&shock).totals.equity
                };
                let difference = (moved(step) - moved(-step)) / (2.0 * step);
                close(difference, forward, 1e-5 * forward.abs(), "differences");
            }
        });
    }
}

/// Errors of plain iteration shrink by the spectral radius in every step.
#[test]
fn plain_iteration_converges_at_the_spectral_radius() {
    let web = Web::new(40, 8);
    web.with(false, |cascade, shock| {
        let sensitivity = Sensitivity::at(cascade, shock, &SensitivitySettings::default()).expect("solved");
        let radius = sensitivity.spectral_radius();
        let map = CascadeMap::new(cascade, shock).expect("fits");
        let (mut bottom, mut x) = (vec![0.0; map.dim()], vec![0.0; map.dim()]);
        map.bounds_into(&mut bottom, &mut x);
        let mut work = map.workspace();
        let mut image = x.clone();
        let mut changes = Vec::new();
        for _ in 0..400 {
            map.apply(&x, &mut image, &mut work);
            let change: f64 = x.iter().zip(&image).map(|(old, new)| (new - old).abs()).sum();
            std::mem::swap(&mut x, &mut image);
            if change < 1e-11 {
                break;
            }
            changes.push(change);
        }
        let last = changes.len() - 1;
        let rate = changes[last] / changes[last - 1];
        assert!(last > 10, "{last}");
        assert!(
            (rate - radius.upper).abs() < 1e-3 * radius.upper,
            "{rate} {radius:?}"
        );
    });
}

/// A bank of 100 in an asset that falls to 97, with debts of 90: what it must gain or lose to start or stop selling.
#[test]
fn distances_to_kinks_are_money() {
    let mut builder = SystemBuilder::new();
    builder.asset("a", 1.0).asset("b", 1.0);
    let amounts = |debt| Institution {
        external_liabilities: debt,
        ..Institution::default()
    };
    builder
        .institution("seller", amounts(90.0))
        .holding("seller", "a", 100.0);
    builder
        .institution("sound", amounts(85.0))
        .holding("sound", "a", 100.0);
    // Nobody gains or loses by what this one sells: its asset has no impact.
    builder
        .institution("elsewhere", amounts(99.0))
        .holding("elsewhere", "b", 100.0);
    let system = builder.build().expect("valid");
    let graph = ContagionGraphBuilder::new(3).build().expect("valid");
    let depths = vec![DepthRow { depth: 1e4 }, DepthRow { depth: f64::INFINITY }];
    let models = Models {
        impact: Box::new(PerAsset::new(Linear, depths)),
        execution: Execution::Terminal,
        rules: everyone(
            Box::new(PerInstitution::new(
                LeverageCap,
                vec![LeverageCapRow::cap(11.0); 3],
                vec![],
            )),
            3,
        ),
        strategy: Box::new(ProRata),
        claims: Box::new(FaceValue::new(3)),
    };
    let cascade = Cascade::new(&system, &graph, models).expect("models fit");
    let shock = Shock {
        prices: vec![-0.03, -0.03],
        ..Shock::none(&system)
    };
    let sensitivity = Sensitivity::at(&cascade, &shock, &SensitivitySettings::default()).expect("solved");
    let id = |name: &str| system.institution(name).expect("there").index() as u32;
    let distance = |of: Participant| {
        let kinks = sensitivity.linearization().kinks();
        kinks.iter().find(|kink| kink.of == of).expect("listed").distance
    };
    let price = {
        let both = cascade
            .solve(&shock, Select::Greatest, &Settings::default())
            .expect("fits");
        greatest(&both).assets[0].price
    };
    let worth = 100.0 * price;
    // need = 90 - 10 (A - 90): selling ends with need / 10 more; all is sold when need reaches the holdings, which is nearer to a fall
    // of the holdings, as they shrink while the need grows: (worth - need) / 11.
    let need = 90.0 - 10.0 * (worth - 90.0);
    let (stops, sold_out, insolvent) = (need / 10.0, (worth - need) / 11.0, worth - 90.0);
    close(
        distance(Participant::Institution(id("seller"))),
        stops.min(sold_out).min(insolvent),
        1e-12,
        "seller",
    );
    // 85 - 10 (A - 85) < 0: it starts selling when it loses this.
    close(
        distance(Participant::Institution(id("sound"))),
        (10.0 * (worth - 85.0) - 85.0) / 10.0,
        1e-12,
        "sound",
    );
    assert_eq!(distance(Participant::Institution(id("elsewhere"))), f64::INFINITY);
    // The price of asset a reaches zero when its depth is sold.
    let sold = need / price;
    close(distance(Participant::Asset(0)), 1e4 - sold, 1e-8, "depth");
    let nearest = sensitivity.nearest_kink().expect("there is one");
    close(
        nearest.distance,
        stops.min(sold_out).min(insolvent),
        1e-12,
        "nearest",
    );
}

/// Seniority and shareholdings, differences of one solve against the adjoint.
#[test]
fn seniority_and_shareholdings_have_gradients() {
    let layers = [
        (0, vec![vec![0.0, 8.0, 0.0], vec![0.0; 3], vec![4.0, 0.0, 0.0]]),
        (1, vec![vec![0.0, 0.0, 9.0], vec![6.0, 0.0, 2.0], vec![0.0; 3]]),
    ];
    let held = [vec![0.0, 0.3, 0.1], vec![0.0, 0.0, 0.4], vec![0.2, 0.0, 0.0]];
    let solve = |e: [f64; 3]| {
        let case = Clearing::layered(&e, &layers, &held, &[1.0, 0.0, 2.0]);
        equities(greatest(&case.elsinger()))
    };
    let e = [5.0, 4.0, 3.0];
    let case = Clearing::layered(&e, &layers, &held, &[1.0, 0.0, 2.0]);
    let model = Elsinger::new(case.graph.debts(), case.graph.shareholdings(), &case.external());
    let models = Models {
        impact: Box::new(PerAsset::new(NoImpact, vec![])),
        execution: Execution::Terminal,
        rules: no_sales(3),
        strategy: Box::new(ProRata),
        claims: Box::new(model.expect("some held outside")),
    };
    let cascade = Cascade::new(&case.system, &case.graph, models).expect("models fit");
    let shock = Shock::none(&case.system);
    let sensitivity = Sensitivity::at(&cascade, &shock, &SensitivitySettings::default()).expect("solved");
    let step = 1e-3; // piecewise linear, so any step within a piece is exact
    assert!(sensitivity.nearest_kink().expect("some").distance > 0.05);
    let mut moves = false;
    for target in 0..3 {
        let gradient = sensitivity.gradient(&Target::Equity(target)).expect("regular");
        for cash in 0..3 {
            let (mut up, mut down) = (e, e);
            up[cash] += step;
            down[cash] -= step;
            let difference = (solve(up)[target] - solve(down)[target]) / (2.0 * step);
            close(gradient.by_outside_assets[cash], difference, 1e-10, "dE/de");
            moves |= cash != target && difference.abs() > 0.01;
        }
    }
    assert!(moves);
}

#[test]
fn what_cannot_be_differentiated_is_refused() {
    /// A rule without slopes.
    struct Opaque;
    impl delever::core::Rule for Opaque {
        fn sales_into(
            &self,
            _: usize,
            _: &[delever::core::BalanceSheet<'_>],
            sales: &mut [delever::core::Sale],
        ) {
            sales.fill(delever::core::Sale::nothing());
        }
    }
    let spiral = Spiral::new(0.9, 0.08, 0.08);
    let models = |rule: Box<dyn delever::core::Rule>, execution| Models {
        impact: Box::new(PerAsset::new(Linear, vec![DepthRow { depth: 12.5 }])),
        execution,
        rules: everyone(rule, 1),
        strategy: Box::new(ProRata),
        claims: Box::new(FaceValue::new(1)),
    };
    let none = || Box::new(PerInstitution::new(NoSales, vec![NoColumns {}], vec![]));
    let shock = Shock::none(&spiral.system);
    let settings = SensitivitySettings::default();
    let refusal = |models: Models, settings: &SensitivitySettings| {
        let cascade = Cascade::new(&spiral.system, &spiral.graph, models).expect("models fit");
        Sensitivity::at(&cascade, &shock, settings).err()
    };
    assert_eq!(
        refusal(models(none(), Execution::Vwap), &settings),
        Some(StressError::Cascade(CascadeError::SlopesExecution))
    );
    assert_eq!(
        refusal(models(Box::new(Opaque), Execution::Terminal), &settings),
        Some(StressError::Cascade(CascadeError::NoSlopes {
            block: "rule",
            institution: Some(0)
        }))
    );
    let debts = delever::core::SparseRows::empty(1, 1);
    let swap = delever::core::CreditDefaultSwap {
        writer: 0,
        holder: 0,
        reference: 0,
        notional: 1.0,
    };
    let swaps = OneLayer::new(EisenbergNoe, vec![EisenbergNoeRow::default()], debts, &[0.9])
        .with_credit_default_swaps(&[swap]);
    let contingent = Models {
        claims: Box::new(swaps),
        ..models(none(), Execution::Terminal)
    };
    assert_eq!(
        refusal(contingent, &settings),
        Some(StressError::Cascade(CascadeError::SlopesContingent))
    );
    let mut hasty = settings.clone();
    hasty.solve.max_iterations = 3;
    hasty.solve.method = Method::Iteration;
    spiral.with(0.9775, |cascade, shock| {
        let refused = Sensitivity::at(cascade, shock, &hasty).err();
        assert!(
            matches!(
                refused,
                Some(StressError::NotSolved {
                    status: Status::MaxIterations,
                    ..
                })
            ),
            "{refused:?}"
        );
        let sensitivity = Sensitivity::at(cascade, shock, &settings).expect("solved");
        assert_eq!(
            sensitivity.gradient(&Target::Equity(1)).err(),
            Some(StressError::UnknownInstitution {
                institution: 1,
                count: 1
            })
        );
        assert_eq!(
            sensitivity.gradient(&Target::Price(3)).err(),
            Some(StressError::UnknownAsset { asset: 3, count: 1 })
        );
        let longer = Shock {
            prices: vec![0.0; 2],
            ..Shock::none(&spiral.system)
        };
        assert!(matches!(
            sensitivity.along(&longer).err(),
            Some(StressError::Length {
                given: 2,
                expected: 1,
                ..
            })
        ));
    });
    // A closed ring in which nobody pays anything: the first coin would go round, and it is a kink away.
    let ring = Clearing::new(&[0.0, 0.0], &[vec![0.0, 2.0], vec![2.0, 0.0]], &[0.0; 2]);
    let claims = OneLayer::new(
        EisenbergNoe,
        vec![EisenbergNoeRow::default(); 2],
        ring.debts(),
        &ring.external(),
    );
    let models = Models {
        impact: Box::new(PerAsset::new(NoImpact, vec![])),
        execution: Execution::Terminal,
        rules: no_sales(2),
        strategy: Box::new(ProRata),
        claims: Box::new(claims),
    };
    let cascade = Cascade::new(&ring.system, &ring.graph, models).expect("models fit");
    let settings = SensitivitySettings {
        end: delever::solver::End::Least,
        ..settings
    };
    let shock = Shock::none(&ring.system);
    let sensitivity = Sensitivity::at(&cascade, &shock, &settings).expect("nobody pays: a fixed point");
    assert_eq!(sensitivity.nearest_kink().map(|kink| kink.distance), Some(0.0));
}
