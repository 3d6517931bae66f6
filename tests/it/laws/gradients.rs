//! Gradients: the derivative of a solved system is the limit of differences of solved systems.

use super::systems::{Case, RuleKind, SETTINGS, Tape};
use super::{Verdict, law_with};
use delever::cascade::{Select, Shock, Status};
use delever::stress::StressError;
use delever::stress::sensitivity::{Sensitivity, SensitivitySettings, Target};
use proptest::test_runner::TestCaseError;

/// Parameters that the law moves, by the rule that has them.
const PARAMETERS: [&str; 3] = ["max_leverage", "min_ratio", "withdrawals"];

fn settings() -> SensitivitySettings {
    SensitivitySettings {
        solve: SETTINGS,
        parameters: PARAMETERS.map(str::to_owned).to_vec(),
        ..SensitivitySettings::default()
    }
}

/// A direction in which every input of a case may move, each in proportion to itself or to the balance sheet.
struct Direction {
    prices: Vec<f64>,
    cash: Vec<f64>,
    other: Vec<f64>,
    outside: Vec<f64>,
    depths: Vec<f64>,
    holdings: Vec<Vec<f64>>,
    parameters: Vec<f64>,
}

impl Direction {
    fn draw(case: &Case, tape: &mut Tape<'_>, with_holdings: bool) -> Self {
        let mut rate = || tape.between(-1.0, 1.0);
        Self {
            // Of the shocked price: a price of nothing stays there.
            prices: case
                .assets
                .iter()
                .map(|asset| rate() * (1.0 + asset.change))
                .collect(),
            cash: case.banks.iter().map(|_| rate()).collect(),
            other: case.banks.iter().map(|_| rate()).collect(),
            outside: (0..case.banks.len()).map(|n| rate() * size(case, n)).collect(),
            depths: case.assets.iter().map(|_| rate()).collect(),
            holdings: case
                .holdings
                .iter()
                .map(|row| {
                    row.iter()
                        .map(|_| if with_holdings { rate() } else { 0.0 })
                        .collect()
                })
                .collect(),
            parameters: case.banks.iter().map(|_| 0.1 * rate()).collect(),
        }
    }

    /// The case, moved this far.
    fn moved(&self, case: &Case, by: f64) -> Case {
        let mut case = case.clone();
        for (k, asset) in case.assets.iter_mut().enumerate() {
            asset.change += by * self.prices[k];
            asset.depth *= 1.0 + by * self.depths[k];
        }
        for (n, bank) in case.banks.iter_mut().enumerate() {
            bank.cash_change += by * self.cash[n];
            bank.other_change += by * self.other[n];
            bank.outside += by * self.outside[n];
            let factor = 1.0 + by * self.parameters[n];
            match bank.rule {
                RuleKind::LeverageCap => bank.max_leverage *= factor,
                RuleKind::CapitalRatio => bank.min_ratio *= factor,
                RuleKind::LiquidityShortfall => bank.withdrawals *= factor,
                _ => (),
            }
        }
        for (row, rates) in case.holdings.iter_mut().zip(&self.holdings) {
            for (units, rate) in row.iter_mut().zip(rates) {
                *units *= 1.0 + by * rate;
            }
        }
        case
    }

    fn shock(&self) -> Shock {
        Shock {
            prices: self.prices.clone(),
            cash: self.cash.clone(),
            other_assets: self.other.clone(),
            outside_assets: self.outside.clone(),
        }
    }
}

/// The size of a balance sheet.
fn size(case: &Case, n: usize) -> f64 {
    case.value_of(n, |asset| asset.price) + case.banks[n].cash + case.banks[n].other + case.claims_of(n)
}

/// The weighted sum of equities of the greatest equilibrium; `None` where it does not settle.
fn target(case: &Case, weights: &[f64]) -> Option<f64> {
    case.wire(|wired| {
        let both = wired.cascade.solve(wired.shock, Select::Greatest, &SETTINGS);
        let outcome = both.expect("drawn shocks fit").greatest.expect("asked for");
        let settled = matches!(outcome.status, Status::Certified | Status::Bracketed);
        let sum = outcome
            .institutions
            .iter()
            .zip(weights)
            .map(|(bank, w)| w * bank.equity)
            .sum();
        settled.then_some(sum)
    })
}

/// Whether the greatest equilibrium can vanish within this reach: at a tipping point, or at a kink.
fn may_vanish(case: &Case, reach: f64) -> bool {
    case.wire(|wired| {
        let Ok(sensitivity) = Sensitivity::at(wired.cascade, wired.shock, &settings()) else {
            return true;
        };
        let near = |kink: delever::cascade::Kink| kink.distance < reach;
        sensitivity.spectral_radius().upper > 0.9 || sensitivity.nearest_kink().is_some_and(near)
    })
}

/// Away from kinks, the gradient by one adjoint solve is the limit of differences of solved systems: along a random direction
/// in all inputs at once, relative 1e-6 of the sum of all effects. And it is the derivative by a forward solve, 1e-10.
///
/// Near a kink differences straddle it, and close to a tipping point they bend: such cases are skipped, by the distance and the
/// spectral radius that the gradient comes with. So are the few where a better equilibrium appears within the step.
#[test]
fn law_39_the_gradient_is_the_limit_of_differences_and_the_forward_derivative() {
    law_with(0.5, 0.13, |tape| {
        let case = Case::draw(tape);
        let weights: Vec<f64> = case.banks.iter().map(|_| tape.between(-1.0, 1.0)).collect();
        let fail = |what: String| TestCaseError::fail(format!("{what}\n{weights:?}\n{case:#?}"));
        let measured = case.wire(|wired| {
            let sensitivity = match Sensitivity::at(wired.cascade, wired.shock, &settings()) {
                Ok(sensitivity) => sensitivity,
                Err(StressError::NotSolved { .. }) => return Ok(None),
                Err(error) => return Err(fail(error.to_string())),
            };
            let radius = sensitivity.spectral_radius().upper;
            let distance = sensitivity
                .nearest_kink()
                .map_or(f64::INFINITY, |kink| kink.distance);
            let mut figure = delever::cascade::Figure::nothing(wired.cascade);
            figure.equity.clone_from(&weights);
            match sensitivity.gradient(&Target::Figure(figure)) {
                Ok(gradient) => {
                    let direction = Direction::draw(&case, tape, gradient.by_holding.is_some());
                    let along = sensitivity.along(&direction.shock());
                    let along = along.map_err(|error| fail(error.to_string()))?;
                    let binds = wired.solve(delever::solver::End::Greatest).binds();
                    Ok(Some((gradient, direction, along, radius, distance, binds)))
                }
                // A ring that lets nothing out answers without bound.
                Err(StressError::Singular | StressError::Inaccurate { .. }) if radius > 1.0 - 1e-6 => {
                    Ok(None)
                }
                Err(error) => Err(fail(error.to_string())),
            }
        })?;
        let Some((gradient, direction, along, radius, distance, binds)) = measured else {
            return Ok(Verdict::Skipped);
        };
        // By shocks alone: adjoint against forward.
        let (mut by_shock, mut effects) = (0.0, 0.0);
        let mut add = |slopes: &[f64], rates: &[f64]| {
            for (slope, rate) in slopes.iter().zip(rates) {
                by_shock += slope * rate;
                effects += (slope * rate).abs();
            }
        };
        add(&gradient.by_price_shock, &direction.prices);
        add(&gradient.by_cash_shock, &direction.cash);
        add(&gradient.by_other_assets_shock, &direction.other);
        add(&gradient.by_outside_assets, &direction.outside);
        let forward: f64 = along
            .equity
            .iter()
            .zip(&weights)
            .map(|(slope, w)| slope * w)
            .sum();
        if (forward - by_shock).abs() > 1e-10 * effects {
            return Err(fail(format!(
                "forward {forward}, adjoint {by_shock}, effects {effects}"
            )));
        }
        // Steeper maps bend more.
        let room = (1.0 - radius).max(0.0);
        let step = 1e-5 * room * room;
        let largest = (0..case.banks.len()).map(|n| size(&case, n)).fold(0.0, f64::max);
        if room < 0.1 || distance < 50.0 * step * largest / room {
            return Ok(Verdict::Skipped);
        }
        // All inputs at once.
        let mut expected = by_shock;
        let mut add = |effect: f64| {
            expected += effect;
            effects += effect.abs();
        };
        for (k, slope) in gradient.by_depth.iter().enumerate() {
            if case.assets[k].depth.is_finite() {
                add(slope.unwrap_or(0.0) * case.assets[k].depth * direction.depths[k]);
            }
        }
        for (bank, asset, slope) in gradient
            .by_holding
            .iter()
            .flat_map(delever::core::SparseRows::triplets)
        {
            let (bank, asset) = (bank as usize, asset as usize);
            add(slope * case.holdings[bank][asset] * direction.holdings[bank][asset]);
        }
        for (n, bank) in case.banks.iter().enumerate() {
            let (name, value) = match bank.rule {
                RuleKind::LeverageCap if bank.max_leverage.is_finite() => (PARAMETERS[0], bank.max_leverage),
                RuleKind::CapitalRatio => (PARAMETERS[1], bank.min_ratio),
                RuleKind::LiquidityShortfall => (PARAMETERS[2], bank.withdrawals),
                _ => continue,
            };
            let slope = gradient.by_parameter(name).expect("asked for")[n];
            let Some(slope) = slope else {
                return Err(fail(format!("no derivative of bank {n} by {name}")));
            };
            add(slope * value * direction.parameters[n]);
        }
        let at = |by: f64| target(&direction.moved(&case, by), &weights);
        let (Some(a), Some(b), Some(c), Some(d)) = (at(-2.0 * step), at(-step), at(step), at(2.0 * step))
        else {
            return Ok(Verdict::Skipped);
        };
        let total: f64 = (0..case.banks.len()).map(|n| size(&case, n)).sum();
        let rounding = 64.0 * f64::EPSILON * total / (step * room);
        // Where another equilibrium appears above this one, the greatest jumps to it, and nothing here could tell. It appears at
        // a tipping point or a kink of its own.
        let Some(here) = at(0.0) else {
            return Ok(Verdict::Skipped);
        };
        let jumps = |&(steps, there): &(f64, f64)| {
            (there - here - steps * step * expected).abs() > step * (0.05 * effects + rounding)
        };
        let points = [(-2.0, a), (-1.0, b), (1.0, c), (2.0, d)];
        if let Some((steps, _)) = points.into_iter().find(jumps) {
            let reach = 50.0 * step * largest;
            return if may_vanish(&direction.moved(&case, steps * step), reach) {
                Ok(Verdict::Skipped)
            } else {
                Err(fail(format!("a jump from {here}: {points:?}")))
            };
        }
        // Five points: the error is of the fourth order in the step.
        let difference = (8.0 * (c - b) - (d - a)) / (12.0 * step);
        if (difference - expected).abs() > 1e-6 * effects + rounding {
            return Err(fail(format!(
                "differences {difference}, gradient {expected}, effects {effects}, rounding {rounding}, step {step}, \
                 radius {radius}, distance {distance}"
            )));
        }
        Ok(Verdict::of(binds))
    });
}
