//! The cascade map in exact arithmetic, and proved bounds of its extreme fixed points.

use super::dyadic::Dyadic;
use super::functions;
use crate::case::{Case, CaseClearing, CaseImpact, CaseRule, CaseStrategy};

/// States are multiples of `2^-GRID`.
const GRID: i64 = 200;
/// Quotients and functions inside one pass are enclosed more narrowly than states are rounded.
const FINE: i64 = 230;
/// The outer chain stops when no component moves by more than `2^-SETTLED`.
const SETTLED: i64 = 160;

/// Which fixed point is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The largest in every component.
    Greatest,
    /// The smallest in every component.
    Least,
}

/// Where the true fixed point lies.
#[derive(Clone, Debug)]
pub struct ExactBracket {
    /// No component of the true fixed point lies below.
    pub low: Vec<Dyadic>,
    /// No component of the true fixed point lies above.
    pub high: Vec<Dyadic>,
    /// Passes of the map that it took.
    pub passes: u32,
    /// Whether the outer chain settled and the inner bound was verified, so that both lie close together.
    pub settled: bool,
}

impl ExactBracket {
    /// Largest distance of the bounds, near enough for messages.
    pub fn width(&self) -> f64 {
        self.low
            .iter()
            .zip(&self.high)
            .map(|(low, high)| (high - low).to_f64())
            .fold(0.0, f64::max)
    }
}

/// A number between two others.
#[derive(Clone, Debug)]
struct Between {
    low: Dyadic,
    high: Dyadic,
}

impl Between {
    fn exactly(value: Dyadic) -> Self {
        Self {
            low: value.clone(),
            high: value,
        }
    }

    /// `clip(part / whole, 0, 1)` with a part that is known exactly; 0 if it is not positive, else 1 if the whole is
    /// not positive.
    fn fraction(part: &Dyadic, whole: &Dyadic) -> Self {
        if !part.is_positive() {
            Self::exactly(Dyadic::zero())
        } else if part >= whole {
            Self::exactly(Dyadic::one())
        } else {
            Self {
                low: part.div_floor(whole, FINE),
                high: part.div_ceil(whole, FINE),
            }
        }
    }
}

/// Which way a pass is rounded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Toward {
    Up,
    Down,
}

enum ExactRule {
    None,
    /// Sells down to a leverage ratio `equity / assets = numerator / denominator`.
    Leverage {
        numerator: Dyadic,
        denominator: Dyadic,
    },
    Capital {
        min_ratio: Dyadic,
        other: Dyadic,
    },
    Shortfall(Dyadic),
    Default,
    Threshold {
        act_below: Dyadic,
        target: Dyadic,
        default_below: Option<Dyadic>,
    },
    Run {
        below: Dyadic,
        complete_below: Dyadic,
    },
}

enum ExactClearing {
    None,
    EisenbergNoe(Vec<bool>),
    RogersVeraart(Vec<(Dyadic, Dyadic)>),
    Furfine(Vec<Dyadic>),
}

struct Curve {
    initial: Dyadic,
    shocked: Dyadic,
    /// `None` is infinite.
    depth: Option<Dyadic>,
    kind: CurveKind,
}

enum CurveKind {
    None,
    Linear,
    Exponential,
    Power { c: Dyadic, g: f64 },
    SquareRoot { factor: Dyadic },
    Floored { floor: Dyadic },
}

/// The cascade map of a [`Case`] in exact arithmetic.
///
/// The state is `[prices | average prices (only with average-price execution) | payment ratios (only with
/// clearing)]`, as that of the engine.
pub struct ExactCascade {
    cash: Vec<Dyadic>,
    other: Vec<Dyadic>,
    external: Vec<Dyadic>,
    holdings: Vec<Vec<Dyadic>>,
    debts: Vec<Vec<Dyadic>>,
    owed: Vec<Dyadic>,
    liabilities: Vec<Dyadic>,
    rules: Vec<ExactRule>,
    weights: Vec<Dyadic>,
    curves: Vec<Curve>,
    clearing: ExactClearing,
    sequence: Option<Vec<usize>>,
    vwap: bool,
}

/// What an institution looks like at a state, exactly.
struct Sheet {
    marketable: Dyadic,
    at_average: Dyadic,
    received: Dyadic,
    /// Total assets, without gains of execution.
    assets: Dyadic,
}

impl ExactCascade {
    /// The map of a case; `None` where it is not isotone and so has no extreme fixed points to speak of.
    pub fn new(case: &Case) -> Option<Self> {
        if !case.is_ordered() {
            return None;
        }
        let d = Dyadic::from_f64;
        let all = |values: &[f64]| values.iter().map(|&value| d(value)).collect::<Vec<_>>();
        let table = |rows: &[Vec<f64>]| rows.iter().map(|row| all(row)).collect::<Vec<_>>();
        let external = all(&case.external_liabilities);
        let debts = table(&case.debts);
        let owed: Vec<Dyadic> = debts.iter().map(|row| sum(row.iter())).collect();
        let rules = case
            .rules
            .iter()
            .map(|rule| match *rule {
                CaseRule::MaxLeverage(cap) if cap.is_finite() => ExactRule::Leverage {
                    numerator: Dyadic::one(),
                    denominator: d(cap),
                },
                CaseRule::None | CaseRule::MaxLeverage(_) => ExactRule::None,
                CaseRule::MinLeverageRatio(ratio) => ExactRule::Leverage {
                    numerator: d(ratio),
                    denominator: Dyadic::one(),
                },
                CaseRule::CapitalRatio {
                    min_ratio,
                    other_risk_weight,
                } => ExactRule::Capital {
                    min_ratio: d(min_ratio),
                    other: d(other_risk_weight),
                },
                CaseRule::LiquidityShortfall(withdrawals) => ExactRule::Shortfall(d(withdrawals)),
                CaseRule::SellOnDefault => ExactRule::Default,
                CaseRule::LeverageThreshold {
                    act_below,
                    target,
                    default_below,
                } => ExactRule::Threshold {
                    act_below: d(act_below),
                    target: d(target),
                    default_below: default_below.map(d),
                },
                CaseRule::FundingWithdrawal {
                    run_below,
                    run_complete_below,
                } => ExactRule::Run {
                    below: d(run_below),
                    complete_below: d(run_complete_below),
                },
            })
            .collect();
        let shocked = case.shocked_prices();
        let curves = (0..case.asset_count())
            .map(|k| Curve {
                initial: d(case.prices[k]),
                shocked: d(shocked[k]),
                depth: case.depths[k].is_finite().then(|| d(case.depths[k])),
                kind: match &case.impact {
                    CaseImpact::None => CurveKind::None,
                    CaseImpact::Linear => CurveKind::Linear,
                    CaseImpact::Exponential => CurveKind::Exponential,
                    CaseImpact::Power { c, g } => CurveKind::Power { c: d(c[k]), g: g[k] },
                    CaseImpact::SquareRoot { kappa, volatility } => CurveKind::SquareRoot {
                        factor: &d(kappa[k]) * &d(volatility[k]),
                    },
                    CaseImpact::FlooredExponential { price_floors } => CurveKind::Floored {
                        floor: d(price_floors[k]),
                    },
                },
            })
            .collect();
        Some(Self {
            cash: all(&case.cash_after()),
            other: all(&case.other_assets),
            liabilities: owed
                .iter()
                .zip(&external)
                .map(|(owed, external)| owed + external)
                .collect(),
            external,
            holdings: table(&case.holdings),
            debts,
            owed,
            rules,
            weights: all(&case.risk_weights),
            curves,
            clearing: match &case.clearing {
                CaseClearing::None => ExactClearing::None,
                CaseClearing::EisenbergNoe { external_senior } => {
                    ExactClearing::EisenbergNoe(external_senior.clone())
                }
                CaseClearing::RogersVeraart { alpha, beta } => ExactClearing::RogersVeraart(
                    alpha.iter().zip(beta).map(|(&a, &b)| (d(a), d(b))).collect(),
                ),
                CaseClearing::Furfine { recovery } => ExactClearing::Furfine(all(recovery)),
            },
            sequence: (case.strategy == CaseStrategy::MostLiquidFirst).then(|| case.by_liquidity()),
            vwap: case.vwap,
        })
    }

    fn price_components(&self) -> usize {
        self.curves.len() * if self.vwap { 2 } else { 1 }
    }

    fn clears(&self) -> bool {
        !matches!(self.clearing, ExactClearing::None)
    }

    /// The healthiest state: prices after the shock, payments in full.
    pub fn top(&self) -> Vec<Dyadic> {
        let mut top: Vec<Dyadic> = self.curves.iter().map(|curve| curve.shocked.clone()).collect();
        if self.vwap {
            top.extend_from_within(..);
        }
        if self.clears() {
            top.extend(self.cash.iter().map(|_| Dyadic::one()));
        }
        top
    }

    /// An upper bound of the map's image.
    pub fn image_above(&self, state: &[Dyadic]) -> Vec<Dyadic> {
        self.image(state, Toward::Up)
    }

    /// A lower bound of the map's image.
    pub fn image_below(&self, state: &[Dyadic]) -> Vec<Dyadic> {
        self.image(state, Toward::Down)
    }

    fn sheet(&self, i: usize, state: &[Dyadic]) -> Sheet {
        let assets = self.curves.len();
        let value = |prices: &[Dyadic]| sum_of_products(&self.holdings[i], prices);
        let marketable = value(&state[..assets]);
        let at_average = if self.vwap {
            value(&state[assets..2 * assets])
        } else {
            marketable.clone()
        };
        let ratios = &state[self.price_components()..];
        let mut received = Dyadic::zero();
        for (j, row) in self.debts.iter().enumerate() {
            if !row[i].is_zero() {
                received = if self.clears() {
                    &received + &(&row[i] * &ratios[j])
                } else {
                    &received + &row[i]
                };
            }
        }
        let total = &(&(&self.cash[i] + &self.other[i]) + &marketable) + &received;
        Sheet {
            marketable,
            at_average,
            received,
            assets: total,
        }
    }

    /// The fraction of holdings that the rule asks a pro-rata seller to sell.
    fn fraction(&self, i: usize, sheet: &Sheet, prices: &[Dyadic]) -> Between {
        let equity = &sheet.assets - &self.liabilities[i];
        let premium = &sheet.at_average - &sheet.marketable;
        let zero = || Between::exactly(Dyadic::zero());
        match &self.rules[i] {
            ExactRule::None => zero(),
            // (A - lambda E) / (M + lambda (V - M)), lambda = denominator / numerator.
            ExactRule::Leverage {
                numerator,
                denominator,
            } => {
                let need = &(numerator * &sheet.assets) - &(denominator * &equity);
                if !self.vwap && !equity.is_positive() && need.is_positive() {
                    return Between::exactly(Dyadic::one());
                }
                let whole = &(numerator * &sheet.marketable) + &(denominator * &premium);
                Between::fraction(&need, &whole)
            }
            // 1 - (E / rho - a_o o) / W, with W + (V - M) / rho below it under average-price execution.
            ExactRule::Capital { min_ratio, other } => {
                let mut weighted = Dyadic::zero();
                let mut weighs = false;
                for ((held, weight), price) in self.holdings[i].iter().zip(&self.weights).zip(prices) {
                    weighs |= held.is_positive() && weight.is_positive();
                    weighted += &(&(held * weight) * price);
                }
                if !weighs {
                    return zero();
                }
                let rest = &(&self.other[i] + &sheet.received) * other;
                let need = &(min_ratio * &(&weighted + &rest)) - &equity;
                Between::fraction(&need, &(&(min_ratio * &weighted) + &premium))
            }
            ExactRule::Shortfall(withdrawals) => {
                let due = &self.owed[i] + withdrawals;
                let need = &(&due - &self.cash[i]) - &sheet.received;
                Between::fraction(&need, &sheet.at_average)
            }
            // Everything at E <= 0 or below the failure ratio; else, below the threshold, (A - E / target) of the holdings.
            ExactRule::Threshold {
                act_below,
                target,
                default_below,
            } => {
                let indebted = self.liabilities[i].is_positive();
                let below = |ratio: &Dyadic| equity < ratio * &sheet.assets;
                let fails = default_below.as_ref().is_some_and(below);
                if !indebted && !sheet.assets.is_negative()
                    || indebted && equity.is_positive() && !below(act_below)
                {
                    return zero();
                }
                let insolvent = !equity.is_positive() && (!self.vwap || indebted && default_below.is_some());
                if insolvent || indebted && equity.is_positive() && fails {
                    return Between::exactly(Dyadic::one());
                }
                let need = &(target * &sheet.assets) - &equity;
                Between::fraction(&need, &(&(target * &sheet.marketable) + &premium))
            }
            // What creditors outside withdraw and cash does not cover, over the holdings at what sellers are paid.
            ExactRule::Run {
                below,
                complete_below,
            } => {
                let (lent, cash) = (&self.external[i], &self.cash[i]);
                let excess = &(below * &sheet.assets) - &equity;
                let length = &sheet.assets * &(below - complete_below);
                let runs = self.liabilities[i].is_positive() && excess.is_positive();
                if runs && equity.is_positive() && excess < length {
                    let need = &(&excess * lent) - &(cash * &length);
                    return Between::fraction(&need, &(&length * &sheet.at_average));
                }
                let due = if runs || self.liabilities[i].is_positive() && !equity.is_positive() {
                    lent.clone()
                } else {
                    Dyadic::zero()
                };
                Between::fraction(&(&due - cash), &sheet.at_average)
            }
            ExactRule::Default => {
                if equity.is_negative() {
                    Between::exactly(Dyadic::one())
                } else {
                    zero()
                }
            }
        }
    }

    /// Units sold of each asset.
    fn units(&self, i: usize, fraction: &Between, sheet: &Sheet, prices: &[Dyadic]) -> Vec<Between> {
        let held = &self.holdings[i];
        let Some(sequence) = self.sequence.as_ref().filter(|_| fraction.low < Dyadic::one()) else {
            return held
                .iter()
                .map(|held| Between {
                    low: held * &fraction.low,
                    high: held * &fraction.high,
                })
                .collect();
        };
        let mut units = vec![Between::exactly(Dyadic::zero()); held.len()];
        let mut low = &fraction.low * &sheet.marketable;
        let mut high = &fraction.high * &sheet.marketable;
        for &k in sequence {
            let value = &held[k] * &prices[k];
            let part = |money: &Dyadic| Between::fraction(money, &value);
            units[k] = Between {
                low: &held[k] * &part(&low).low,
                high: &held[k] * &part(&high).high,
            };
            low = &low - &value;
            high = &high - &value;
        }
        units
    }

    fn image(&self, state: &[Dyadic], toward: Toward) -> Vec<Dyadic> {
        let count = self.curves.len();
        let prices = &state[..count];
        let mut sold = vec![Dyadic::zero(); count];
        let mut ratios = Vec::new();
        for i in 0..self.cash.len() {
            let sheet = self.sheet(i, state);
            let fraction = self.fraction(i, &sheet, prices);
            let units = if fraction.high.is_zero() {
                Vec::new()
            } else {
                self.units(i, &fraction, &sheet, prices)
            };
            for (total, units) in sold.iter_mut().zip(&units) {
                *total += match toward {
                    Toward::Up => &units.low,
                    Toward::Down => &units.high,
                };
            }
            if self.clears() {
                let mut gain = Dyadic::zero();
                if self.vwap {
                    for ((price, average), units) in prices.iter().zip(&state[count..]).zip(&units) {
                        let units = match toward {
                            Toward::Up => &units.high,
                            Toward::Down => &units.low,
                        };
                        gain += &(&(average - price) * units);
                    }
                }
                ratios.push(self.ratio(i, &sheet, &gain, toward));
            }
        }
        for (curve, sold) in self.curves.iter().zip(&mut sold) {
            *sold = &curve.initial * &*sold;
        }
        let mut image: Vec<Dyadic> = self
            .curves
            .iter()
            .zip(&sold)
            .map(|(c, sold)| c.price(sold, toward))
            .collect();
        if self.vwap {
            for (k, (curve, sold)) in self.curves.iter().zip(&sold).enumerate() {
                // The average is never below the final price, whatever the rounding of either.
                let average = curve.average(sold, toward).max(image[k].clone());
                image.push(average);
            }
        }
        image.extend(ratios);
        image
    }

    /// What creditors inside get for one unit of face value; `gain` is rounded the way of the pass.
    fn ratio(&self, i: usize, sheet: &Sheet, gain: &Dyadic, toward: Toward) -> Dyadic {
        let assets = &sheet.assets + gain;
        let whole = &self.liabilities[i];
        let part = |part: &Dyadic, whole: &Dyadic| {
            let fraction = Between::fraction(part, whole);
            match toward {
                Toward::Up => fraction.high.ceil(GRID),
                Toward::Down => fraction.low.floor(GRID),
            }
        };
        match &self.clearing {
            ExactClearing::None => Dyadic::one(),
            ExactClearing::EisenbergNoe(_) if self.owed[i].is_zero() => Dyadic::one(),
            ExactClearing::EisenbergNoe(senior) if senior[i] => {
                part(&(&assets - &self.external[i]), &self.owed[i])
            }
            ExactClearing::EisenbergNoe(_) => part(&assets, whole),
            ExactClearing::Furfine(recovery) => {
                if whole.is_zero() || assets >= *whole {
                    Dyadic::one()
                } else {
                    recovery[i].clone()
                }
            }
            ExactClearing::RogersVeraart(rows) => {
                if whole.is_zero() || assets >= *whole {
                    return Dyadic::one();
                }
                let (alpha, beta) = &rows[i];
                let outside = &assets - &sheet.received;
                let debt = outside.clone().min(Dyadic::zero());
                let left = &(alpha * &outside.max(Dyadic::zero())) + &debt;
                part(&(&left + &(beta * &sheet.received)), whole)
            }
        }
    }

    /// Proved bounds of the greatest or the least fixed point, in at most `limit` passes for each of both bounds.
    pub fn solve(&self, end: End, limit: u32) -> ExactBracket {
        let mut passes = 0;
        let top = self.top();
        let bottom = vec![Dyadic::zero(); top.len()];
        let (mut outer, far, outward, inward) = match end {
            End::Greatest => (top, bottom, Toward::Up, Toward::Down),
            End::Least => (bottom, top, Toward::Down, Toward::Up),
        };
        // The outer chain bounds the fixed point at every step.
        let small = Dyadic::power_of_two(-SETTLED);
        let mut settled = false;
        while passes < limit && !settled {
            let image = self.image(&outer, outward);
            passes += 1;
            settled = true;
            for (x, y) in outer.iter_mut().zip(image) {
                let moves = match end {
                    End::Greatest => y < *x,
                    End::Least => y > *x,
                };
                if moves {
                    settled &= (&*x - &y).abs() <= small;
                    *x = y;
                }
            }
        }
        let inner = self.inner(end, inward, &outer, limit, &mut passes);
        settled &= inner.is_some();
        let inner = inner.unwrap_or(far);
        let (low, high) = match end {
            End::Greatest => (inner, outer),
            End::Least => (outer, inner),
        };
        ExactBracket {
            low,
            high,
            passes,
            settled,
        }
    }

    /// A point on the far side of the fixed point, as the map itself proves: below the greatest one lies whatever
    /// lies below its image, above the least whatever lies above.
    fn inner(
        &self,
        end: End,
        inward: Toward,
        outer: &[Dyadic],
        limit: u32,
        passes: &mut u32,
    ) -> Option<Vec<Dyadic>> {
        let first = self.image(outer, inward);
        *passes += 1;
        // How far each component falls short of its own image.
        let short: Vec<Dyadic> = outer
            .iter()
            .zip(&first)
            .map(|(x, y)| match end {
                End::Greatest => (x - y).max(Dyadic::zero()),
                End::Least => (y - x).max(Dyadic::zero()),
            })
            .collect();
        let attempts = [(0_i64, 8_u32), (4, 24), (8, 32), (14, 40), (22, 60), (0, limit)];
        for (enlarged, steps) in attempts {
            let mut x: Vec<Dyadic> = outer
                .iter()
                .zip(&short)
                .map(|(x, short)| {
                    if enlarged == 0 || short.is_zero() {
                        return x.clone();
                    }
                    match end {
                        End::Greatest => (x - &short.scaled(enlarged)).max(Dyadic::zero()),
                        End::Least => x + &short.scaled(enlarged),
                    }
                })
                .collect();
            if self.vwap {
                // The map is isotone where averages are not below prices.
                let count = self.curves.len();
                for k in 0..count {
                    x[count + k] = x[count + k].clone().max(x[k].clone());
                }
            }
            for _ in 0..steps {
                let image = self.image(&x, inward);
                *passes += 1;
                let mut proved = true;
                for (x, y) in x.iter_mut().zip(image) {
                    let moves = match end {
                        End::Greatest => y < *x,
                        End::Least => y > *x,
                    };
                    if moves {
                        proved = false;
                        *x = y;
                    }
                }
                if proved {
                    return Some(x);
                }
            }
        }
        None
    }
}

fn sum<'a>(values: impl Iterator<Item = &'a Dyadic>) -> Dyadic {
    let mut total = Dyadic::zero();
    for value in values {
        total += value;
    }
    total
}

fn sum_of_products(a: &[Dyadic], b: &[Dyadic]) -> Dyadic {
    let mut total = Dyadic::zero();
    for (a, b) in a.iter().zip(b) {
        if !a.is_zero() {
            total += &(a * b);
        }
    }
    total
}

impl Curve {
    fn rounded(bounds: &(Dyadic, Dyadic), toward: Toward) -> Dyadic {
        match toward {
            Toward::Up => bounds.1.ceil(GRID),
            Toward::Down => bounds.0.floor(GRID).max(Dyadic::zero()),
        }
    }

    /// `part / whole`, enclosed.
    fn quotient(part: &Dyadic, whole: &Dyadic) -> (Dyadic, Dyadic) {
        (part.div_floor(whole, FINE), part.div_ceil(whole, FINE))
    }

    /// `c z^g` at sold money `Q`, enclosed, for the models of the form `1 - c z^g`.
    fn fall(&self, money: &Dyadic, depth: &Dyadic) -> (Dyadic, Dyadic, f64) {
        let z = Self::quotient(money, depth);
        match &self.kind {
            CurveKind::Power { c, g } => {
                let low = functions::pow(&z.0, *g, FINE as u64).0;
                let high = functions::pow(&z.1, *g, FINE as u64).1;
                (c * &low, c * &high, *g)
            }
            CurveKind::SquareRoot { factor } => {
                let low = functions::sqrt(&z.0, FINE as u64).0;
                let high = functions::sqrt(&z.1, FINE as u64).1;
                (factor * &low, factor * &high, 0.5)
            }
            _ => (z.0, z.1, 1.0),
        }
    }

    /// The exponent `Q / ((1 - floor / initial) depth)`, enclosed, and the floor.
    fn decay(&self, money: &Dyadic, depth: &Dyadic) -> ((Dyadic, Dyadic), Dyadic) {
        match &self.kind {
            CurveKind::Floored { floor } => (
                Self::quotient(&(money * &self.initial), &(&(&self.initial - floor) * depth)),
                floor.clone(),
            ),
            _ => (Self::quotient(money, depth), Dyadic::zero()),
        }
    }

    fn is_flat(&self, money: &Dyadic) -> bool {
        let at_floor = matches!(&self.kind, CurveKind::Floored { floor } if self.shocked <= *floor);
        at_floor || money.is_zero() || self.depth.is_none() || matches!(self.kind, CurveKind::None)
    }

    /// The price after sales of `money` at the initial price, rounded.
    fn price(&self, money: &Dyadic, toward: Toward) -> Dyadic {
        let Some(depth) = self.depth.as_ref().filter(|_| !self.is_flat(money)) else {
            return self.shocked.clone();
        };
        let bounds = match &self.kind {
            CurveKind::Exponential | CurveKind::Floored { .. } => {
                let (z, floor) = self.decay(money, depth);
                let height = &self.shocked - &floor;
                let low = functions::exp(&-&z.1, FINE as u64).0;
                let high = functions::exp(&-&z.0, FINE as u64).1;
                (&floor + &(&height * &low), &floor + &(&height * &high))
            }
            _ => {
                let (low, high, _) = self.fall(money, depth);
                let left = |fall: &Dyadic| (&Dyadic::one() - fall).max(Dyadic::zero());
                (&self.shocked * &left(&high), &self.shocked * &left(&low))
            }
        };
        Self::rounded(&bounds, toward).min(self.shocked.clone())
    }

    /// The average price over the path of sales of `money` at the initial price, rounded.
    fn average(&self, money: &Dyadic, toward: Toward) -> Dyadic {
        let Some(depth) = self.depth.as_ref().filter(|_| !self.is_flat(money)) else {
            return self.shocked.clone();
        };
        let bounds = match &self.kind {
            CurveKind::Exponential | CurveKind::Floored { .. } => {
                let (z, floor) = self.decay(money, depth);
                let height = &self.shocked - &floor;
                let low = functions::mean_decay(&z.1, FINE as u64).0;
                let high = functions::mean_decay(&z.0, FINE as u64).1;
                (&floor + &(&height * &low), &floor + &(&height * &high))
            }
            _ => {
                let (low, high, g) = self.fall(money, depth);
                (
                    &self.shocked * &mean_of_fall(&high, g).0,
                    &self.shocked * &mean_of_fall(&low, g).1,
                )
            }
        };
        Self::rounded(&bounds, toward).min(self.shocked.clone())
    }
}

/// Mean of `max(0, 1 - c z^g)` over the path, where `y = c z^g` at its end: `1 - y / (g + 1)` while `y <= 1`, else
/// `y^(-1/g) g / (g + 1)`.
fn mean_of_fall(y: &Dyadic, g: f64) -> (Dyadic, Dyadic) {
    let g_exact = Dyadic::from_f64(g);
    let g_plus_1 = &g_exact + &Dyadic::one();
    if *y <= Dyadic::one() {
        let low = &Dyadic::one() - &y.div_ceil(&g_plus_1, FINE);
        let high = &Dyadic::one() - &y.div_floor(&g_plus_1, FINE);
        return (low, high);
    }
    // y^(-1/g) = exp(-ln(y) / g).
    let ln = functions::ln(y, FINE as u64);
    let low = functions::exp(&-ln.1.div_ceil(&g_exact, FINE), FINE as u64).0;
    let high = functions::exp(&-ln.0.div_floor(&g_exact, FINE), FINE as u64).1;
    (
        (&low * &g_exact).div_floor(&g_plus_1, FINE),
        (&high * &g_exact).div_ceil(&g_plus_1, FINE),
    )
}

impl ExactCascade {
    /// Bounds of the price and of the average price of an asset after sales of `money` at the initial price.
    pub fn quotes(&self, asset: usize, money: &Dyadic) -> [(Dyadic, Dyadic); 2] {
        let curve = &self.curves[asset];
        let both = |value: fn(&Curve, &Dyadic, Toward) -> Dyadic| {
            (value(curve, money, Toward::Down), value(curve, money, Toward::Up))
        };
        [both(Curve::price), both(Curve::average)]
    }
}
