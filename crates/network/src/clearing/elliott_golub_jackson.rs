//! Elliott, Golub and Jackson (2014): organisations that own one another and lose value when they fail.

use super::elsinger::WhollyOwned;
use super::ownership::{accumulate, upper_bound, wholly_owned};
use super::refuse_swaps;
use delever_core::error_free::CompensatedSum;
use delever_core::{
    BalanceSheet, Claims, ClaimsSpec, Continuity, Dual, Execution, Interval, Jet, NetworkView, Order,
    Profile, Real, SparseRows, SpecError,
};

/// Parameters of [`ElliottGolubJackson`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct FailureRow {
    /// Market value strictly below which the organisation fails, money.
    pub failure_value: f64,
    /// What its failure destroys, money.
    pub failure_cost: f64,
}

/// Organisations own fractions of one another; those that fall below a value fail, which costs them more.
///
/// With `C` the fractions (row = holder, column = issuer), `o_i = sum_j C_ji` the fraction of `i` that is held inside, and
/// `e` outside assets less external liabilities:
///
/// * book value `V_i = x_i - cost_i 1{(1 - o_i) x_i < failure_value_i}` with `x_i = e_i + sum_j C_ij V_j`,
/// * market value, what outsiders own: `v_i = (1 - o_i) V_i`.
///
/// So `v = A (e - b)` with `A = diag(1 - o) (I - C)^-1`. Values may be negative: there is no floor. The greatest solution
/// has the fewest failures; several can exist. Reported equity is `x`, own failure cost not deducted, and `default_cost` that
/// cost. Debts between institutions are no part of the model. Source: Elliott, Golub and Jackson (2014), American Economic
/// Review 104(10).
///
/// ```
/// use delever_network::{ContagionGraphBuilder, clearing::{ElliottGolubJackson, FailureRow}};
/// let mut builder = ContagionGraphBuilder::new(2);
/// builder.shareholding(0, 1, 0.5).shareholding(1, 0, 0.5);
/// let graph = builder.build().expect("valid");
/// let row = FailureRow { failure_value: 0.8, failure_cost: 1.0 };
/// let model = ElliottGolubJackson::new(graph.shareholdings(), vec![row; 2]).expect("owned outside");
/// let cascade = model.failure_waves(&[0.0, 1.5], &[]);
/// assert_eq!(cascade.waves, [vec![0], vec![1]]);
/// ```
#[derive(Clone, Debug)]
pub struct ElliottGolubJackson {
    rows: Vec<FailureRow>,
    shareholdings: SparseRows,
    /// `failure_value / (1 - o)`: the book value below which an organisation fails.
    failure_equity: Vec<Interval>,
    debts: SparseRows,
}

/// How failures spread, wave by wave: what [`ElliottGolubJackson::failure_waves`] returns.
#[derive(Clone, Debug, PartialEq)]
pub struct FailureWaves {
    /// Who fails in each wave, ascending; those that had failed before are in none.
    pub waves: Vec<Vec<u32>>,
    /// `V`, money.
    pub book_values: Vec<f64>,
    /// `v`, money.
    pub market_values: Vec<f64>,
    /// Failure costs paid, money.
    pub total_cost: f64,
}

impl ElliottGolubJackson {
    /// A model over shareholdings (row = holder, column = issuer, value = fraction).
    ///
    /// # Panics
    /// If there are not as many rows as institutions.
    pub fn new(shareholdings: &SparseRows, rows: Vec<FailureRow>) -> Result<Self, WhollyOwned> {
        let count = shareholdings.row_count();
        assert_eq!(rows.len(), count);
        let issuers = wholly_owned(shareholdings);
        if !issuers.is_empty() {
            return Err(WhollyOwned { issuers });
        }
        let mut owned = vec![CompensatedSum::default(); count];
        for (_, issuer, fraction) in shareholdings.triplets() {
            owned[issuer as usize].add(fraction);
        }
        let failure_equity: Vec<Interval> = rows
            .iter()
            .zip(&owned)
            .map(|(row, owned)| {
                let (low, high) = owned.bounds();
                let outside = Interval::from(1.0) - Interval { low, high };
                Interval::from(row.failure_value) / outside
            })
            .collect();
        // Who is owned wholly inside, though the set he belongs to is not, has no market value of his own to fall below.
        let issuers: Vec<u32> = (0..count as u32)
            .filter(|&n| {
                let bounds = failure_equity[n as usize];
                !(bounds.low.is_finite() && bounds.high.is_finite())
            })
            .collect();
        if !issuers.is_empty() {
            return Err(WhollyOwned { issuers });
        }
        Ok(Self {
            rows,
            shareholdings: shareholdings.clone(),
            failure_equity,
            debts: SparseRows::empty(count, count),
        })
    }

    /// The best case by waves: all that fall below their failure value at the values of a wave fail together in the next, until
    /// nobody does. At most as many waves as organisations.
    ///
    /// `outside` is what each organisation has besides shares, less what it owes, money. Those in `already_failed` count as
    /// failed from the start and pay no failure cost: in studies where the shock itself is the first failure.
    ///
    /// # Panics
    /// If there are not as many amounts as organisations.
    pub fn failure_waves(&self, outside: &[f64], already_failed: &[u32]) -> FailureWaves {
        assert_eq!(outside.len(), self.rows.len());
        let mut base = outside.to_vec();
        let mut failed = vec![false; base.len()];
        for &n in already_failed {
            failed[n as usize] = true;
        }
        let (mut waves, mut total_cost) = (Vec::new(), 0.0);
        let mut book_values = vec![0.0; base.len()];
        loop {
            accumulate(&self.shareholdings, &base, &mut book_values);
            let wave: Vec<u32> = (0..base.len() as u32)
                .filter(|&n| !failed[n as usize] && book_values[n as usize] < self.failure_equity(n))
                .collect();
            if wave.is_empty() {
                break;
            }
            for &n in &wave {
                let cost = self.rows[n as usize].failure_cost;
                failed[n as usize] = true;
                base[n as usize] -= cost;
                total_cost += cost;
            }
            waves.push(wave);
        }
        let market_values = self.market_values(&book_values);
        FailureWaves {
            waves,
            book_values,
            market_values,
            total_cost,
        }
    }

    /// `v = (1 - o) V`: what outsiders own of each organisation, money.
    ///
    /// # Panics
    /// If there are not as many values as organisations.
    pub fn market_values(&self, book_values: &[f64]) -> Vec<f64> {
        assert_eq!(book_values.len(), self.rows.len());
        let mut owned = vec![0.0; book_values.len()];
        for (_, issuer, fraction) in self.shareholdings.triplets() {
            owned[issuer as usize] += fraction;
        }
        let outside = owned.iter().map(|owned| 1.0 - owned);
        book_values
            .iter()
            .zip(outside)
            .map(|(value, outside)| value * outside)
            .collect()
    }

    #[inline(always)]
    fn book_value<N: Real>(&self, institution: u32, sheet: &BalanceSheet<'_, N>, failure_equity: N) -> N {
        let equity = sheet.assets() - sheet.liabilities;
        let cost = N::from(self.rows[institution as usize].failure_cost);
        equity.if_below(failure_equity, || equity - cost, || equity)
    }
}

impl Claims for ElliottGolubJackson {
    fn components(&self) -> usize {
        1
    }

    fn entitlements(&self) -> &SparseRows {
        &self.debts
    }

    fn share_entitlements(&self) -> Option<&SparseRows> {
        Some(&self.shareholdings)
    }

    fn shareholdings_into(&self, equity: &[f64], values: &mut [f64]) {
        let mut worth = vec![0.0; equity.len()];
        accumulate(&self.shareholdings, equity, &mut worth);
        for (n, value) in values.iter_mut().enumerate() {
            *value = self.shareholdings.row(n).product_sum(&worth);
        }
    }

    fn range_into(&self, equity: &[Interval], bottom: &mut [f64], top: &mut [f64]) {
        let best: Vec<f64> = equity.iter().map(|bounds| bounds.high).collect();
        upper_bound(&self.shareholdings, &best, top);
        let worst: Vec<f64> = equity
            .iter()
            .zip(&self.rows)
            .map(|(bounds, row)| (Interval::from(row.failure_cost) - Interval::from(bounds.low)).high)
            .collect();
        upper_bound(&self.shareholdings, &worst, bottom);
        for value in bottom {
            *value = -*value;
        }
    }

    fn settle_into(&self, institutions: &[u32], sheets: &[BalanceSheet<'_>], components: &mut [f64]) {
        for ((&institution, sheet), value) in institutions.iter().zip(sheets).zip(components) {
            *value = self.book_value(institution, sheet, self.failure_equity(institution));
        }
    }

    fn settle_bounds_into(
        &self,
        institutions: &[u32],
        sheets: &[BalanceSheet<'_, Interval>],
        low: &mut [f64],
        high: &mut [f64],
    ) {
        for (n, (&institution, sheet)) in institutions.iter().zip(sheets).enumerate() {
            let bounds = self.book_value(institution, sheet, self.failure_equity[institution as usize]);
            (low[n], high[n]) = (bounds.low, bounds.high);
        }
    }

    fn component_jets_into(
        &self,
        institution: u32,
        sheet: &BalanceSheet<'_, Jet>,
        components: &mut [Jet],
    ) -> bool {
        let failure_equity = Jet::constant(self.failure_equity[institution as usize].into());
        components[0] = self.book_value(institution, sheet, failure_equity);
        true
    }

    fn settle_in_duals(
        &self,
        institution: u32,
        sheet: &BalanceSheet<'_, Dual>,
        components: &mut [Dual],
    ) -> bool {
        let threshold = Dual::from(self.failure_equity(institution));
        components.fill(self.book_value(institution, sheet, threshold));
        true
    }

    fn payment(&self, _: u32, sheet: &BalanceSheet<'_>) -> f64 {
        sheet.liabilities
    }

    fn value_destroyed(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        let equity = sheet.assets() - sheet.liabilities;
        if equity < self.failure_equity(institution) {
            self.rows[institution as usize].failure_cost
        } else {
            0.0
        }
    }

    fn failure_equity(&self, institution: u32) -> f64 {
        let bounds = self.failure_equity[institution as usize];
        bounds.low + (bounds.high - bounds.low) / 2.0
    }

    fn encloses(&self) -> bool {
        true
    }

    fn profile(&self, _: Execution) -> Profile {
        Profile {
            order: Order::Isotone,
            continuity: Continuity::FromAbove,
            bounded: true,
        }
    }
}

/// Builds [`ElliottGolubJackson`] from scenario files.
#[derive(serde::Deserialize)]
pub(crate) struct ElliottGolubJacksonSpec {}

impl ClaimsSpec for ElliottGolubJacksonSpec {
    const KIND: &'static str = "elliott-golub-jackson";
    type Model = ElliottGolubJackson;

    fn build(self, view: &NetworkView<'_>) -> Result<ElliottGolubJackson, Vec<SpecError>> {
        let mut problems: Vec<SpecError> = refuse_swaps(Self::KIND, view).into_iter().collect();
        if view.debts.iter().any(|(_, layer)| layer.entry_count() > 0) {
            problems.push(SpecError::unsupported(
                "debts",
                "`elliott-golub-jackson` knows shareholdings only; `elsinger` and `weber-weske` clear debts beside them",
            ));
        }
        let rows = match view.institutions.rows::<FailureRow>(view.parameters, &[]) {
            Ok(rows) => rows,
            Err(errors) => {
                problems.extend(errors);
                return Err(problems);
            }
        };
        for (n, row) in rows.iter().enumerate() {
            if !(row.failure_cost >= 0.0 && row.failure_cost.is_finite()) {
                problems
                    .push(SpecError::out_of_range("failure_cost", row.failure_cost, "at least 0").at_row(n));
            }
            if !row.failure_value.is_finite() {
                problems
                    .push(SpecError::out_of_range("failure_value", row.failure_value, "a number").at_row(n));
            }
        }
        match ElliottGolubJackson::new(view.shareholdings, rows) {
            Ok(model) if problems.is_empty() => Ok(model),
            Ok(_) => Err(problems),
            Err(closed) => {
                problems.extend(closed.reported());
                Err(problems)
            }
        }
    }
}
