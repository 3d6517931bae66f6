//! Raising money at the least own price impact.

use super::{ProRata, bound_purchases, money, sequential};
use delever_core::{
    BalanceSheet, Dual, Execution, Interval, Profile, Real, Sale, SparseRow, SpecError, Strategy,
    StrategyScratch, StrategyShape,
};

/// How far sales of `s` units push one asset's price: a relative fall of `c (p s / depth)^g`, with `p` the price
/// before the shock. `c = g = 1` is linear impact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImpactCurve {
    /// Relative fall when sales equal the depth, 0 or more.
    pub c: f64,
    /// Exponent, from 0.01 to 10.
    pub g: f64,
    /// Market depth, money; `inf` is no impact.
    pub depth: f64,
}

impl ImpactCurve {
    /// Linear impact with this depth.
    pub fn linear(depth: f64) -> Self {
        Self {
            c: 1.0,
            g: 1.0,
            depth,
        }
    }
}

/// Parameters by asset, as the impact models name them.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize)]
pub(crate) struct Row {
    depth: Option<f64>,
    adv: Option<f64>,
    c: Option<f64>,
    g: Option<f64>,
    kappa: Option<f64>,
    volatility: Option<f64>,
}

impl Row {
    fn curve(&self) -> Result<ImpactCurve, SpecError> {
        let need = |name: &str, value: Option<f64>| value.ok_or_else(|| SpecError::missing(name));
        let coefficient = |name: &str, value: f64| {
            if value >= 0.0 && value.is_finite() {
                Ok(value)
            } else {
                Err(SpecError::out_of_range(name, value, "0 or more"))
            }
        };
        let depth = |name: &str, value: f64| {
            if value > 0.0 {
                Ok(value)
            } else {
                Err(SpecError::out_of_range(
                    name,
                    value,
                    "above 0 to sell at least impact",
                ))
            }
        };
        if let Some(kappa) = self.kappa {
            // Only the square-root law has a kappa.
            let volatility = need("volatility", self.volatility)?;
            return Ok(ImpactCurve {
                c: coefficient("kappa", kappa)? * coefficient("volatility", volatility)?,
                g: 0.5,
                depth: depth("adv", need("adv", self.adv)?)?,
            });
        }
        let (name, given) = match self.depth {
            Some(value) => ("depth", value),
            None => ("adv", self.adv.ok_or_else(|| SpecError::missing("depth"))?),
        };
        let g = self.g.unwrap_or(1.0);
        if !(0.01..=10.0).contains(&g) {
            return Err(SpecError::out_of_range("g", g, "from 0.01 to 10"));
        }
        Ok(ImpactCurve {
            c: coefficient("c", self.c.unwrap_or(1.0))?,
            g,
            depth: depth(name, given)?,
        })
    }
}

/// Raises the money that a pro-rata seller would raise at trial prices, at the least own price impact:
/// minimises `sum_k q_k c_k (p_k / depth_k)^g_k s_k^(1 + g_k) / (1 + g_k)` over `0 <= s_k <= h_k` with
/// `sum_k q_k s_k = money`.
///
/// At the optimum every asset that is not sold out has fallen by the same relative `mu`:
/// `s_k = min(h_k, (depth_k / p_k) (mu / c_k)^(1 / g_k))`. With one exponent for all assets this is water-filling: assets
/// run dry in the order of `h_k` over their weight. In floating point `mu` is the largest double that raises no more
/// than the money, which a few steps of bisection find. Assets without impact are sold first, at one fraction. A rule
/// that buys buys pro rata.
///
/// Ordered as [`super::PeckingOrder`] is: a rise of any price lets `mu` fall, and with it the sales of every asset. That
/// is so because falls are relative, so that the weights do not depend on trial prices.
///
/// In a scenario the curve is that of `[impact]`: `depth` (else `adv`), `c` and `g` (1 where not given); where `kappa`
/// is given, the square-root law with `volatility` and `adv`.
///
/// Source: the optimal liquidation of Braouezec and Wagalath (2018), with power-law impact of one's own sales alone.
///
/// ```
/// use delever_core::{BalanceSheet, Sale, SparseRow, Strategy, StrategyScratch};
/// use delever_portfolio::strategies::{ImpactCurve, LeastImpact};
/// let curves = [ImpactCurve::linear(100.0), ImpactCurve::linear(300.0)];
/// let strategy = LeastImpact::new(&curves, &[1.0, 1.0]);
/// let mut sheet = BalanceSheet::empty();
/// sheet.holdings = SparseRow { columns: &[0, 1], values: &[50.0, 50.0] };
/// (sheet.prices, sheet.marketable) = (&[1.0, 1.0], 100.0);
/// let (mut scratch, mut units) = (StrategyScratch::default(), [0.0; 2]);
/// strategy.units_into(Sale::Money(40.0), &sheet, &mut scratch, &mut units);
/// assert_eq!(units, [10.0, 30.0]); // both fall by 10 %
/// strategy.units_into(Sale::Money(80.0), &sheet, &mut scratch, &mut units);
/// assert!((units[0] - 30.0).abs() < 1e-12 && units[1] == 50.0); // the deeper one is sold out
/// ```
#[derive(Clone, Debug)]
pub struct LeastImpact {
    curves: Vec<ImpactCurve>,
    /// Whether all assets have one exponent, so that weights hold the coefficients too.
    one_exponent: bool,
    /// Units that go with a fall of one (of `c` where exponents differ): `depth / p`, with one exponent times
    /// `c^(-1/g)` up to a common factor; infinite without impact.
    weights: Vec<f64>,
    weight_bounds: Vec<Interval>,
}

/// A number that the optimum is computed with: doubles for the sales, intervals for their bounds.
trait Number: Real {
    /// `self^(1 / g)` for `self >= 0`.
    fn root(self, g: f64) -> Self;
    /// The weight of an asset.
    fn weight(strategy: &LeastImpact, asset: usize) -> Self;
}

impl Number for f64 {
    fn root(self, g: f64) -> Self {
        self.pow(1.0 / g)
    }

    fn weight(strategy: &LeastImpact, asset: usize) -> Self {
        strategy.weights[asset]
    }
}

impl Number for Interval {
    fn root(self, g: f64) -> Self {
        let exponent = 1.0 / g;
        if g == 1.0 {
            return self;
        }
        // The exact exponent lies between the neighbours of the rounded one, and powers are monotone in it.
        self.pow(exponent.next_down()).hull(self.pow(exponent.next_up()))
    }

    fn weight(strategy: &LeastImpact, asset: usize) -> Self {
        strategy.weight_bounds[asset]
    }
}

fn weight<N: Number>(curve: &ImpactCurve, price: f64, steepest: Option<f64>) -> N {
    let per_fall = N::from(curve.depth) / N::from(price);
    match steepest {
        Some(steepest) if steepest != curve.c => {
            per_fall * (N::from(steepest) / N::from(curve.c)).root(curve.g)
        }
        _ => per_fall,
    }
}

impl LeastImpact {
    /// The strategy for assets with these curves and prices before the shock.
    ///
    /// # Panics
    /// If there are fewer prices than curves.
    pub fn new(curves: &[ImpactCurve], initial_prices: &[f64]) -> Self {
        let one_exponent = curves.iter().all(|curve| curve.g == curves[0].g);
        let steepest = curves.iter().fold(0.0_f64, |most, curve| most.max(curve.c));
        let steepest = one_exponent.then_some(steepest);
        let (mut weights, mut weight_bounds) = (Vec::new(), Vec::new());
        for (curve, &price) in curves.iter().zip(&initial_prices[..curves.len()]) {
            let free = curve.c == 0.0 || curve.depth.is_infinite() || price == 0.0;
            let value = if free {
                f64::INFINITY
            } else {
                weight(curve, price, steepest)
            };
            weights.push(value);
            weight_bounds.push(if value.is_infinite() {
                Interval::from(value)
            } else {
                weight(curve, price, steepest)
            });
        }
        Self {
            curves: curves.to_vec(),
            one_exponent,
            weights,
            weight_bounds,
        }
    }

    pub(crate) fn from_shape(shape: &StrategyShape<'_>) -> Result<Self, Vec<SpecError>> {
        let rows: Vec<Row> = shape.assets.rows(shape.impact, &[])?;
        let (mut curves, mut problems) = (Vec::with_capacity(rows.len()), Vec::new());
        for (asset, row) in rows.iter().enumerate() {
            match row.curve() {
                Ok(curve) => curves.push(curve),
                Err(problem) => problems.push(problem.at_row(asset).of_asset()),
            }
        }
        if problems.is_empty() {
            Ok(Self::new(&curves, shape.market.initial))
        } else {
            Err(problems)
        }
    }

    /// Units sold of one holding at a level of the water.
    fn sold<N: Number>(&self, row: SparseRow<'_>, place: u32, level: f64) -> N {
        let asset = row.columns[place as usize] as usize;
        let grown = if self.one_exponent {
            N::from(level)
        } else {
            let curve = &self.curves[asset];
            (N::from(level) / N::from(curve.c)).root(curve.g)
        };
        (N::weight(self, asset) * grown).at_most(row.values[place as usize])
    }

    /// Money raised at a level of the water.
    fn raised<N: Number>(&self, sheet: &BalanceSheet<'_, N>, sequence: &[u32], level: f64) -> N {
        let row = sheet.holdings;
        let mut sum = N::from(0.0);
        for &place in sequence {
            let price = sheet.price(row.columns[place as usize] as usize);
            sum = sum + price * self.sold(row, place, level);
        }
        sum
    }

    /// Puts the holdings with impact into the order in which they run dry, and returns what those without impact
    /// are worth. With one exponent `levels` then holds the money that a unit of water raises, from each of them on.
    fn arrange<N: Real<Given = f64>>(&self, sheet: &BalanceSheet<'_, N>, scratch: &mut StrategyScratch) -> N {
        let StrategyScratch { sequence, levels } = scratch;
        let row = sheet.holdings;
        let mut free = N::from(0.0);
        sequence.clear();
        levels.clear();
        for (place, (asset, held)) in row.iter().enumerate() {
            let weight = self.weights[asset];
            levels.push(held / weight);
            if weight.is_infinite() {
                free = free + sheet.price(asset) * N::from(held);
            } else {
                sequence.push(place as u32);
            }
        }
        if self.one_exponent {
            sequence
                .sort_unstable_by(|&a, &b| levels[a as usize].total_cmp(&levels[b as usize]).then(a.cmp(&b)));
            // Sums, not differences of sums: a deep asset must not swallow the digits of shallow ones behind it.
            let mut rate = 0.0;
            for (position, &place) in sequence.iter().enumerate().rev() {
                let asset = row.columns[place as usize] as usize;
                rate += sheet.prices[asset] * self.weights[asset];
                levels[position] = rate;
            }
        }
        free
    }

    /// Slopes at the optimum (implicit function theorem): what changes in the money to raise and in what those units fetch
    /// that stay, moves the level of the water, and with it all that are neither sold out nor untouched.
    fn slopes_of_optimum(&self, money: Dual, sheet: &BalanceSheet<'_, Dual>, units: &mut [Dual]) {
        let row = sheet.holdings;
        let price = |place: usize| sheet.prices[row.columns[place] as usize];
        let weight = |place: usize| self.weights[row.columns[place] as usize];
        let exponent = |place: usize| {
            if self.one_exponent {
                1.0
            } else {
                self.curves[row.columns[place] as usize].g
            }
        };
        let places = 0..row.columns.len();
        let free = |place: &usize| weight(*place).is_infinite();
        let worth = places.clone().filter(free).fold(Dual::from(0.0), |sum, place| {
            sum + price(place) * Dual::from(row.values[place])
        });
        let share = money.fraction_of(worth);
        let mut rest = (money - worth).at_least(0.0);
        let mut kink = rest.kink.min(share.kink);
        let pays = rest.value > 0.0;
        let open = |place: &usize, sold: f64| pays && !free(place) && sold < row.values[*place];
        // What raises money per unit of the logarithm of the level.
        let mut flow = 0.0;
        for place in places.clone().filter(|place| pays && !free(place)) {
            let sold = units[place].value;
            rest = rest - price(place) * Dual::from(sold);
            if open(&place, sold) {
                flow += price(place).value * sold / exponent(place);
            }
        }
        let rise = if flow > 0.0 {
            rest.chain(0.0, 1.0 / flow)
        } else {
            Dual::from(0.0)
        };
        let mut level = None;
        for place in places.clone() {
            let (sold, held) = (units[place].value, row.values[place]);
            units[place] = if free(&place) {
                share * Dual::from(held)
            } else if open(&place, sold) {
                let moved = Dual::from(sold) + rise.chain(0.0, sold / exponent(place));
                level = Some((place, moved));
                moved.at_most(held)
            } else {
                Dual::from(sold)
            };
            kink = kink.min(units[place].kink);
        }
        // Who is sold out comes back when the water falls below what it holds.
        if let Some((first, level)) = level {
            let level = level / Dual::from(weight(first));
            for place in places.filter(|place| pays && !free(place)) {
                if units[place].value >= row.values[place] {
                    let natural = if self.one_exponent {
                        level
                    } else {
                        let curve = |place: usize| &self.curves[row.columns[place] as usize];
                        let fall = level.pow(curve(first).g) * Dual::from(curve(first).c / curve(place).c);
                        fall.pow(1.0 / curve(place).g)
                    };
                    kink = kink.min(
                        (natural * Dual::from(weight(place)))
                            .at_most(row.values[place])
                            .kink,
                    );
                }
            }
        }
        for sold in units {
            sold.kink = sold.kink.min(kink);
        }
    }

    /// About the level at which the money is raised: where the search for the largest one that fits begins.
    fn near(&self, money: f64, row: SparseRow<'_>, prices: &[f64], scratch: &StrategyScratch) -> f64 {
        if !self.one_exponent {
            return self.near_by_newton(money, row, prices, &scratch.sequence);
        }
        // The money raised is linear in the level between two assets that run dry.
        let mut raised = 0.0;
        for (&place, &rate) in scratch.sequence.iter().zip(&scratch.levels) {
            let asset = row.columns[place as usize] as usize;
            let held = row.values[place as usize];
            let level = (money - raised) / rate;
            if rate > 0.0 && level <= held / self.weights[asset] {
                return level.at_least(0.0);
            }
            raised += prices[asset] * held;
        }
        f64::INFINITY
    }

    /// Newton's method in the logarithm of the level, kept inside what is known to be too little and too much.
    fn near_by_newton(&self, money: f64, row: SparseRow<'_>, prices: &[f64], sequence: &[u32]) -> f64 {
        const STEPS: usize = 40;
        let (mut low, mut high, mut level) = (0.0, f64::INFINITY, 1.0_f64);
        for _ in 0..STEPS {
            let (mut raised, mut slope) = (0.0, 0.0);
            for &place in sequence {
                let asset = row.columns[place as usize] as usize;
                let sold: f64 = self.sold(row, place, level);
                raised += prices[asset] * sold;
                if sold < row.values[place as usize] {
                    slope += prices[asset] * sold / self.curves[asset].g;
                }
            }
            let gap = money - raised;
            if gap.abs() <= f64::EPSILON * money {
                break;
            }
            if gap > 0.0 {
                low = level;
            } else {
                high = level;
            }
            let next = level * Real::exp((gap / slope).clamp(-8.0, 8.0));
            level = if next > low && next < high {
                next
            } else if high.is_infinite() {
                low * 16.0
            } else if low == 0.0 {
                high / 16.0
            } else {
                (low * high).sqrt()
            };
        }
        level
    }
}

/// The largest level from 0 to infinity that fits, found outward from a guess; levels below one that fits fit.
fn largest_level(guess: f64, fits: impl Fn(f64) -> bool) -> f64 {
    // Doubles >= 0 are ordered as their bits are.
    let fits = |bits: u64| fits(f64::from_bits(bits));
    let most = f64::INFINITY.to_bits();
    let (mut low, mut high) = (guess.to_bits(), guess.to_bits());
    let mut step = 1_u64;
    if fits(low) {
        loop {
            if low == most {
                return f64::INFINITY;
            }
            high = low.saturating_add(step).min(most);
            if !fits(high) {
                break;
            }
            (low, step) = (high, step.saturating_mul(4));
        }
    } else {
        loop {
            low = high.saturating_sub(step);
            if low == 0 || fits(low) {
                break;
            }
            (high, step) = (low, step.saturating_mul(4));
        }
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        if fits(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::from_bits(low)
}

impl Strategy for LeastImpact {
    fn units_into(
        &self,
        sale: Sale,
        sheet: &BalanceSheet<'_>,
        scratch: &mut StrategyScratch,
        units: &mut [f64],
    ) {
        let money = money(sale, sheet);
        let (row, prices) = (sheet.holdings, sheet.prices);
        if money < 0.0 {
            return ProRata.units_into(sale, sheet, scratch, units);
        }
        if money == 0.0 {
            return units.fill(0.0);
        }
        if money.fraction_of(sheet.marketable) >= 1.0 {
            return units.copy_from_slice(row.values);
        }
        let free = self.arrange(sheet, scratch);
        let share = money.fraction_of(free);
        for (sold, &held) in units.iter_mut().zip(row.values) {
            *sold = share * held;
        }
        let rest = money - free;
        if rest <= 0.0 {
            // Not a search for the largest level whose money rounds to nothing.
            for &place in &scratch.sequence {
                units[place as usize] = 0.0;
            }
            return;
        }
        let level = largest_level(self.near(rest, row, prices, scratch), |level| {
            self.raised::<f64>(sheet, &scratch.sequence, level) <= rest
        });
        for &place in &scratch.sequence {
            units[place as usize] = self.sold(row, place, level);
        }
    }

    fn unit_bounds_into(
        &self,
        sale: Sale<Interval>,
        sheet: &BalanceSheet<'_, Interval>,
        scratch: &mut StrategyScratch,
        low: &mut [f64],
        high: &mut [f64],
    ) {
        let money = money(sale, sheet);
        let (row, prices) = (sheet.holdings, sheet.prices);
        let all = money.fraction_of(sheet.marketable);
        low.copy_from_slice(row.values);
        high.copy_from_slice(row.values);
        if all.low < 1.0 {
            let free = self.arrange(sheet, scratch);
            let share = money.fraction_of(free);
            let rest = (money - free).at_least(0.0);
            // Weights are bounds too: the least level is the one at which even the most that may be raised is no more
            // than the money, and above the largest level the least that may be raised exceeds it.
            let raised = |level| self.raised::<Interval>(sheet, &scratch.sequence, level);
            let search = |rest: f64, fits: &dyn Fn(f64) -> bool| {
                if rest > 0.0 {
                    largest_level(self.near(rest, row, prices, scratch), fits)
                } else {
                    0.0
                }
            };
            let least = search(rest.low, &|level| raised(level).high <= rest.low);
            let most = search(rest.high, &|level| raised(level).low <= rest.high);
            for place in 0..row.values.len() {
                let held = Interval::from(row.values[place]);
                let asset = row.columns[place] as usize;
                let (part_low, part_high) = if self.weights[asset].is_infinite() {
                    ((share * held).low, (share * held).high.min(held.high))
                } else {
                    let sold = |level| self.sold::<Interval>(row, place as u32, level);
                    let sold_low = if rest.low > 0.0 { sold(least).low } else { 0.0 };
                    let sold_high = if rest.high > 0.0 {
                        sold(most.next_up()).high
                    } else {
                        0.0
                    };
                    (sold_low, sold_high)
                };
                low[place] = if money.low <= 0.0 { 0.0 } else { part_low };
                if all.high < 1.0 {
                    high[place] = if money.high <= 0.0 { 0.0 } else { part_high };
                }
            }
        }
        bound_purchases(sale, sheet, low, high);
    }

    fn encloses(&self) -> bool {
        true
    }

    fn units_in_duals(
        &self,
        sale: Sale<Dual>,
        sheet: &BalanceSheet<'_, Dual>,
        scratch: &mut StrategyScratch,
        units: &mut [Dual],
    ) -> bool {
        let money = money(sale, sheet);
        if money.value < 0.0 {
            return ProRata.units_in_duals(sale, sheet, scratch, units);
        }
        let all = money.fraction_of(sheet.marketable);
        if money.value > 0.0 && all.value < 1.0 {
            self.slopes_of_optimum(money, sheet, units);
        } else {
            // Nothing or everything.
            for sold in units.iter_mut() {
                *sold = Dual::from(sold.value);
            }
        }
        for sold in units {
            sold.kink = sold.kink.min(all.kink);
        }
        true
    }

    fn profile(&self, execution: Execution) -> Profile {
        sequential(execution)
    }

    /// Weights are units for a fall, so they know the unit.
    fn holdings_are_money(&self) -> bool {
        false
    }

    fn raises_money(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Seller {
        curves: Vec<ImpactCurve>,
        initial: Vec<f64>,
        prices: Vec<f64>,
        held: Vec<f64>,
    }

    impl Seller {
        fn marketable(&self) -> f64 {
            self.prices.iter().zip(&self.held).map(|(q, h)| q * h).sum()
        }

        fn sells(&self, sale: Sale) -> Vec<f64> {
            let columns: Vec<u32> = (0..self.held.len() as u32).collect();
            let mut sheet = BalanceSheet::empty();
            sheet.holdings = SparseRow {
                columns: &columns,
                values: &self.held,
            };
            (sheet.prices, sheet.marketable) = (&self.prices, self.marketable());
            let strategy = LeastImpact::new(&self.curves, &self.initial);
            let mut units = vec![f64::NAN; self.held.len()];
            strategy.units_into(sale, &sheet, &mut StrategyScratch::default(), &mut units);
            units
        }

        fn raised(&self, units: &[f64]) -> f64 {
            self.prices.iter().zip(units).map(|(q, s)| q * s).sum()
        }

        /// The relative fall of one asset after own sales.
        fn fall(&self, asset: usize, units: f64) -> f64 {
            let curve = self.curves[asset];
            curve.c * (self.initial[asset] * units / curve.depth).powf(curve.g)
        }

        fn cost(&self, units: &[f64]) -> f64 {
            (0..units.len())
                .map(|k| self.prices[k] * units[k] * self.fall(k, units[k]) / (1.0 + self.curves[k].g))
                .sum()
        }

        /// Feasible, raises the money, and falls are equal where units are left, smaller where all are sold.
        fn check(&self, money: f64) {
            let units = self.sells(Sale::Money(money));
            let raised = self.raised(&units);
            assert!((raised - money).abs() <= 1e-12 * money, "{raised} for {money}");
            let open = (0..units.len()).filter(|&k| units[k] < self.held[k]);
            let level = open.clone().map(|k| self.fall(k, units[k])).fold(0.0, f64::max);
            for (k, &sold) in units.iter().enumerate() {
                assert!((0.0..=self.held[k]).contains(&sold));
                let fall = self.fall(k, sold);
                if sold < self.held[k] {
                    assert!((fall - level).abs() <= 1e-12 * level, "{k}: {fall}, {level}");
                } else {
                    assert!(fall <= level * (1.0 + 1e-12), "{k}: {fall}, {level}");
                }
            }
        }
    }

    /// Numbers in `[0, 1)`, the same in every run.
    fn draws() -> impl FnMut() -> f64 {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    fn seller(draw: &mut impl FnMut() -> f64, count: usize, exponent: impl Fn(f64) -> f64) -> Seller {
        let mut numbers = |low: f64, high: f64| -> Vec<f64> {
            (0..count).map(|_| low * (high / low).powf(draw())).collect()
        };
        let (c, depth, g) = (numbers(0.1, 2.0), numbers(10.0, 1e5), numbers(0.1, 1.0));
        Seller {
            curves: (0..count)
                .map(|k| ImpactCurve {
                    c: c[k],
                    g: exponent(g[k]),
                    depth: depth[k],
                })
                .collect(),
            initial: numbers(0.5, 20.0),
            prices: numbers(0.2, 20.0),
            held: numbers(0.1, 1e4),
        }
    }

    #[test]
    fn falls_are_equalised_and_exactly_the_money_is_raised() {
        let mut draw = draws();
        for round in 0..3_000 {
            let count = 1 + (draw() * 12.0) as usize;
            let (common, shared) = (0.3 + 1.5 * draw(), round % 3 < 2);
            let seller = seller(&mut draw, count, |own| {
                if round % 3 == 0 {
                    1.0
                } else if shared {
                    common
                } else {
                    0.3 + 1.7 * own
                }
            });
            seller.check((0.001 + 0.998 * draw()) * seller.marketable());
        }
    }

    #[test]
    fn no_point_of_a_fine_grid_costs_less() {
        let mut draw = draws();
        for round in 0..60 {
            let mut seller = seller(&mut draw, 3, |own| if round % 2 == 0 { 0.5 } else { 0.4 + own });
            // Three assets of like size, so that the grid meets the optimum's neighbourhood.
            for k in 0..3 {
                seller.held[k] = (50.0 + 100.0 * draw()) / seller.prices[k];
                seller.curves[k].depth = 100.0 + 400.0 * draw();
            }
            let money = (0.1 + 0.8 * draw()) * seller.marketable();
            let units = seller.sells(Sale::Money(money));
            let least = seller.cost(&units);
            let mut nearest = f64::INFINITY;
            let steps = 200;
            for first in 0..=steps {
                for second in 0..=steps {
                    let part = |step: i32, k: usize| f64::from(step) / f64::from(steps) * seller.held[k];
                    let mut other = vec![part(first, 0), part(second, 1), 0.0];
                    other[2] = (money - seller.raised(&other)) / seller.prices[2];
                    if (0.0..=seller.held[2]).contains(&other[2]) {
                        nearest = nearest.min(seller.cost(&other));
                    }
                }
            }
            assert!(least <= nearest * (1.0 + 1e-12), "{least} against {nearest}");
            assert!(nearest <= least * 1.01, "{nearest} is far from {least}");
        }
    }

    #[test]
    fn ends_assets_without_impact_and_worthless_ones() {
        let mut seller = Seller {
            curves: vec![
                ImpactCurve::linear(100.0),
                ImpactCurve::linear(f64::INFINITY),
                ImpactCurve::linear(50.0),
            ],
            initial: vec![1.0; 3],
            prices: vec![1.0; 3],
            held: vec![30.0, 20.0, 10.0],
        };
        assert_eq!(seller.sells(Sale::Money(0.0)), [0.0; 3]);
        assert_eq!(seller.sells(Sale::nothing()), [0.0; 3]);
        assert_eq!(seller.sells(Sale::Money(5.0)), [0.0, 5.0, 0.0]);
        assert_eq!(seller.sells(Sale::Money(20.0)), [0.0, 20.0, 0.0]);
        assert_eq!(seller.sells(Sale::Money(26.0)), [4.0, 20.0, 2.0]);
        assert_eq!(seller.sells(Sale::Fraction(0.5)), [20.0 / 3.0, 20.0, 10.0 / 3.0]);
        assert_eq!(seller.sells(Sale::Money(60.0)), [30.0, 20.0, 10.0]);
        assert_eq!(seller.sells(Sale::Fraction(1.0)), [30.0, 20.0, 10.0]);
        assert_eq!(seller.sells(Sale::Money(f64::INFINITY)), [30.0, 20.0, 10.0]);
        assert_eq!(seller.sells(Sale::Money(-30.0)), [-15.0, -10.0, -5.0]);
        // What is worth nothing goes along at the common fall: otherwise a rise from nothing would start its sale.
        seller.prices[2] = 0.0;
        assert_eq!(seller.sells(Sale::Money(26.0)), [6.0, 20.0, 3.0]);
        assert_eq!(seller.sells(Sale::Money(50.0)), [30.0, 20.0, 10.0]);
    }
}
