//! Deleveraging rules: how much an institution must sell. Kernel for authors, model for the engine, spec for files.

use crate::lanes::by_row;
use crate::rows::Rows;
use crate::{
    BalanceSheet, Ball, Continuity, Dual, Execution, FractionsInLanes, InLanes, Interval, Jet, LANES, Lane,
    Order, Pack, PackedWork, ParameterTable, Parameters, Plain, Profile, Real, RuleInLanes, SpecError,
    vectorized,
};
use serde::de::DeserializeOwned;

/// What a rule asks of an institution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sale<N = f64> {
    /// Raise this much money at trial prices; `inf` sells everything, amounts above the holdings likewise. Negative
    /// money buys for that much, at most what is held already.
    Money(N),
    /// Sell this fraction of the holdings' value, in `[0, 1]`; in `[-1, 0)` buy.
    Fraction(N),
}

impl<N: Real> Sale<N> {
    /// Nothing to sell.
    pub fn nothing() -> Self {
        Self::Fraction(N::from(0.0))
    }

    /// The fraction of holdings that a pro-rata seller sells: `clip(money / M, -1, 1)`, or the fraction itself.
    #[inline(always)]
    pub fn fraction(self, sheet: &BalanceSheet<'_, N>) -> N {
        match self {
            Self::Money(money) => money.signed_fraction_of(sheet.marketable),
            Self::Fraction(fraction) => fraction,
        }
    }
}

/// A deleveraging rule for one institution at a time: what a rule author writes.
pub trait RuleKernel: Send + Sync {
    /// Parameters of one institution: columns of the institutions table and keys of `[deleveraging]`.
    type Row: DeserializeOwned + PartialEq + Send + Sync;
    /// Parameters of one asset that the rule needs, such as a risk weight; [`NoColumns`] for none.
    type AssetRow: DeserializeOwned + Send + Sync;

    /// Groups of parameters that state the same thing, of which one is given; the more specific place wins.
    const ALTERNATIVES: &'static [&'static [&'static str]] = &[];

    /// What the institution must sell at this trial state.
    fn sale(&self, sheet: &BalanceSheet<'_>, row: &Self::Row, assets: &[Self::AssetRow]) -> Sale;

    /// The same formula in any arithmetic: intervals for proofs, [`crate::Ball`]s for many scenarios side by side. `None`
    /// where the rule has a formula for doubles only.
    fn sale_in<N: Real>(
        &self,
        _sheet: &BalanceSheet<'_, N>,
        _row: &Self::Row,
        _assets: &[Self::AssetRow],
    ) -> Option<Sale<N>> {
        None
    }

    /// The sale with its slopes, for gradients; `None`: there are none. Default: [`Self::sale_in`] dual numbers.
    fn sale_in_duals(
        &self,
        sheet: &BalanceSheet<'_, Dual>,
        row: &Self::Row,
        assets: &[Self::AssetRow],
    ) -> Option<Sale<Dual>> {
        self.sale_in(sheet, row, assets)
    }

    /// [`Self::sale_in`] with one parameter, named as the row's field, moved by an amount: for derivatives in parameters.
    /// `None` where the rule has no such parameter or is not differentiated in it.
    fn sale_moved<N: Real>(
        &self,
        _parameter: &str,
        _by: N,
        _sheet: &BalanceSheet<'_, N>,
        _row: &Self::Row,
        _assets: &[Self::AssetRow],
    ) -> Option<Sale<N>> {
        None
    }

    /// Bounds of the exact sale at this trial state; `None`: no certificate. Default: [`Self::sale_in`] intervals.
    fn sale_bounds(
        &self,
        sheet: &BalanceSheet<'_, Interval>,
        row: &Self::Row,
        assets: &[Self::AssetRow],
    ) -> Option<Sale<Interval>> {
        self.sale_in(sheet, row, assets)
    }

    /// Sales and their slopes while the sheet runs through a box; `None`: policy iteration sees no slopes of this rule.
    /// Default: [`Self::sale_in`] jets.
    fn sale_jet(
        &self,
        sheet: &BalanceSheet<'_, Jet>,
        row: &Self::Row,
        assets: &[Self::AssetRow],
    ) -> Option<Sale<Jet>> {
        self.sale_in(sheet, row, assets)
    }

    /// Whether the bounds hold for wide sheets too: on a sheet of intervals they hold what any amounts within these intervals
    /// and any prices that [`BalanceSheet::price`] gives lead to. A formula over [`Real`] that reads nothing else does so.
    ///
    /// Only then do they serve to enclose all equilibria of a system that is not ordered; otherwise all that a rule may ask for, from
    /// buying to selling everything, counts as possible. Default: no.
    fn encloses(&self) -> bool {
        false
    }

    /// Whether the formula looks at amounts alone, not at single holdings and prices. Then institutions that share their
    /// parameters are computed side by side. Default: no.
    fn reads_amounts_only(&self) -> bool {
        false
    }

    /// Order and continuity of sales in prices and payments. May depend on the parameters.
    fn profile(&self, _row: &Self::Row, _assets: &[Self::AssetRow], _shape: RuleContext) -> Profile {
        Profile::default()
    }

    /// Checks one institution's parameters.
    fn check(&self, _row: &Self::Row) -> Result<(), SpecError> {
        Ok(())
    }

    /// Checks one asset's parameters.
    fn check_asset(&self, _row: &Self::AssetRow) -> Result<(), SpecError> {
        Ok(())
    }
}

/// What the order of a rule may depend on besides its parameters.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RuleContext {
    /// How sellers are paid.
    pub execution: Execution,
    /// Whether payments depend on assets, so that sellers' proceeds reach others.
    pub payments_respond: bool,
    /// Whether the strategy turns a fraction into money at trial prices: a fraction that stays while prices rise is
    /// then more money.
    pub raises_money: bool,
}

impl RuleContext {
    /// A context.
    pub fn new(execution: Execution, payments_respond: bool) -> Self {
        Self {
            execution,
            payments_respond,
            raises_money: false,
        }
    }

    /// The same for a strategy that turns fractions into money, or does not.
    #[must_use]
    pub fn raising_money(mut self, raises_money: bool) -> Self {
        self.raises_money = raises_money;
        self
    }
}

/// For rules and models that need no parameters of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct NoColumns {}

/// A deleveraging rule for a block of institutions: what the engine calls, once for each run of rows.
///
/// Rows are counted inside the block: `first` is the block's row of `sheets[0]`.
pub trait Rule: Send + Sync {
    /// What each institution must sell.
    fn sales_into(&self, first: usize, sheets: &[BalanceSheet<'_>], sales: &mut [Sale]);

    /// Bounds of the exact sales. Called only where the profile says `bounded`, or [`Self::encloses`] does.
    fn sale_bounds_into(
        &self,
        _first: usize,
        _sheets: &[BalanceSheet<'_, Interval>],
        _sales: &mut [Sale<Interval>],
    ) {
    }

    /// The sale of row `row` of the block and its slope, while the sheet runs through a box: where a system is small, these make
    /// policy iteration fast near tipping points. `None`: unknown.
    fn sale_jet(&self, _row: usize, _sheet: &BalanceSheet<'_, Jet>) -> Option<Sale<Jet>> {
        None
    }

    /// Whether the bounds hold for wide sheets too, as [`RuleKernel::encloses`] says.
    fn encloses(&self) -> bool {
        false
    }

    /// The sale of the institution in one row of the block, with its slopes; where `moved` names a parameter, with that
    /// parameter moved by the amount beside it. `None`: the rule has no slopes, or none in that parameter.
    ///
    /// What a rule sees of holdings it must see as money: derivatives in holdings rest on it that nothing changes where an
    /// asset is split and its prices, before and after the shock, fall in proportion.
    fn sale_in_duals(
        &self,
        _row: usize,
        _sheet: &BalanceSheet<'_, Dual>,
        _moved: Option<(&str, Dual)>,
    ) -> Option<Sale<Dual>> {
        None
    }

    /// Order, continuity, and whether rounding is bounded.
    fn profile(&self, _context: RuleContext) -> Profile {
        Profile::default()
    }

    /// The rule in lanes, if it has that form.
    fn in_lanes(&self) -> Option<&dyn RuleInLanes> {
        None
    }
}

macro_rules! forward_rule {
    ($($pointer:ty),*) => {$(
        impl<M: Rule + ?Sized> Rule for $pointer {
            fn sales_into(&self, first: usize, sheets: &[BalanceSheet<'_>], sales: &mut [Sale]) {
                (**self).sales_into(first, sheets, sales);
            }
            fn sale_bounds_into(&self, first: usize, sheets: &[BalanceSheet<'_, Interval>], sales: &mut [Sale<Interval>]) {
                (**self).sale_bounds_into(first, sheets, sales);
            }
            fn sale_jet(&self, row: usize, sheet: &BalanceSheet<'_, Jet>) -> Option<Sale<Jet>> {
                (**self).sale_jet(row, sheet)
            }
            fn encloses(&self) -> bool {
                (**self).encloses()
            }
            fn sale_in_duals(
                &self,
                row: usize,
                sheet: &BalanceSheet<'_, Dual>,
                moved: Option<(&str, Dual)>,
            ) -> Option<Sale<Dual>> {
                (**self).sale_in_duals(row, sheet, moved)
            }
            fn profile(&self, context: RuleContext) -> Profile {
                (**self).profile(context)
            }
            fn in_lanes(&self) -> Option<&dyn RuleInLanes> {
                (**self).in_lanes()
            }
        }
    )*};
}
forward_rule!(&M, Box<M>, std::sync::Arc<M>);

/// Lifts a [`RuleKernel`] to a [`Rule`]: one kernel, a row of parameters for each institution of the block.
#[derive(Clone, Debug)]
pub struct PerInstitution<K: RuleKernel> {
    kernel: K,
    rows: Rows<K::Row>,
    assets: Vec<K::AssetRow>,
}

impl<K: RuleKernel> PerInstitution<K> {
    /// A rule with the parameters of each institution of its block, and of each asset.
    pub fn new(kernel: K, rows: Vec<K::Row>, assets: Vec<K::AssetRow>) -> Self {
        Self {
            kernel,
            rows: Rows::new(rows),
            assets,
        }
    }

    /// Builds the rule from a scenario's parameters, with every problem of every row reported.
    pub fn from_shape(kernel: K, shape: &RuleShape<'_>) -> Result<Self, Vec<SpecError>> {
        let mut problems = Vec::new();
        let mut rows = Vec::new();
        let mut assets = Vec::new();
        match shape
            .institutions
            .rows_of::<K::Row>(shape.members, shape.parameters, K::ALTERNATIVES)
        {
            Ok(all) => rows = all,
            Err(errors) => problems.extend(errors),
        }
        match shape.assets.rows::<K::AssetRow>(shape.parameters, &[]) {
            Ok(all) => assets = all,
            Err(errors) => problems.extend(errors.into_iter().map(SpecError::of_asset)),
        }
        for (row, &institution) in rows.iter().zip(shape.members) {
            problems.extend(
                kernel
                    .check(row)
                    .err()
                    .map(|problem| problem.at_row(institution as usize)),
            );
        }
        for (asset, row) in assets.iter().enumerate() {
            problems.extend(
                kernel
                    .check_asset(row)
                    .err()
                    .map(|problem| problem.at_row(asset).of_asset()),
            );
        }
        if problems.is_empty() {
            Ok(Self::new(kernel, rows, assets))
        } else {
            Err(problems)
        }
    }
}

impl<K: RuleKernel> Rule for PerInstitution<K> {
    fn sales_into(&self, first: usize, sheets: &[BalanceSheet<'_>], sales: &mut [Sale]) {
        for ((sheet, sale), row) in sheets
            .iter()
            .zip(sales)
            .zip(self.rows.range(first..self.rows.len()))
        {
            *sale = self.kernel.sale(sheet, row, &self.assets);
        }
    }

    fn sale_bounds_into(
        &self,
        first: usize,
        sheets: &[BalanceSheet<'_, Interval>],
        sales: &mut [Sale<Interval>],
    ) {
        for ((sheet, sale), row) in sheets
            .iter()
            .zip(sales)
            .zip(self.rows.range(first..self.rows.len()))
        {
            // All that a rule may ask for, from buying as much as is held to selling it.
            *sale = self
                .kernel
                .sale_bounds(sheet, row, &self.assets)
                .unwrap_or(Sale::Fraction(Interval::new(-1.0, 1.0)));
        }
    }

    fn sale_jet(&self, row: usize, sheet: &BalanceSheet<'_, Jet>) -> Option<Sale<Jet>> {
        self.kernel.sale_jet(sheet, self.rows.get(row), &self.assets)
    }

    fn encloses(&self) -> bool {
        self.kernel.encloses()
    }

    fn sale_in_duals(
        &self,
        row: usize,
        sheet: &BalanceSheet<'_, Dual>,
        moved: Option<(&str, Dual)>,
    ) -> Option<Sale<Dual>> {
        let row = self.rows.get(row);
        match moved {
            None => self.kernel.sale_in_duals(sheet, row, &self.assets),
            Some((parameter, by)) => self.kernel.sale_moved(parameter, by, sheet, row, &self.assets),
        }
    }

    fn profile(&self, context: RuleContext) -> Profile {
        let best = Profile {
            order: Order::Antitone,
            continuity: Continuity::Both,
            bounded: true,
        };
        self.rows.distinct().iter().fold(best, |profile, row| {
            profile.and(self.kernel.profile(row, &self.assets, context))
        })
    }

    fn in_lanes(&self) -> Option<&dyn RuleInLanes> {
        let sheet = BalanceSheet::<Ball<Plain>>::empty();
        let formula = |row| self.kernel.sale_in(&sheet, row, &self.assets);
        let has_formula = self.rows.distinct().iter().all(|row| formula(row).is_some());
        has_formula.then_some(self)
    }
}

impl<K: RuleKernel> RuleInLanes for PerInstitution<K> {
    fn takes_institutions(&self) -> bool {
        self.kernel.reads_amounts_only()
    }
}

impl<K: RuleKernel, N: InLanes<Given = [f64; LANES]>> FractionsInLanes<N> for PerInstitution<K> {
    fn fractions_in_lanes(
        &self,
        lane: Lane,
        first: usize,
        sheets: &[BalanceSheet<'_, N>],
        fractions: &mut [N],
    ) -> bool {
        // Single prices on a sheet are given, so they do not move.
        let known = !N::MOVES || self.kernel.reads_amounts_only();
        if known {
            vectorized(ComputeFractions {
                rule: self,
                lane,
                first,
                sheets,
                fractions,
            });
        }
        known
    }
}

struct ComputeFractions<'s, 'b, K: RuleKernel, N: InLanes> {
    rule: &'s PerInstitution<K>,
    lane: Lane,
    first: usize,
    sheets: &'s [BalanceSheet<'b, N>],
    fractions: &'s mut [N],
}

impl<K: RuleKernel, N: InLanes<Given = [f64; LANES]>> PackedWork for ComputeFractions<'_, '_, K, N> {
    type Output = ();

    #[inline(always)]
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) {
        let PerInstitution { kernel, rows, assets } = self.rule;
        let institutions = self.lane.institutions();
        for (n, (sheet, fraction)) in self.sheets.iter().zip(self.fractions).enumerate() {
            let first = self.first + n * institutions;
            *fraction = by_row::<_, P, N>(
                rows,
                &(first..(first + institutions).min(rows.len())),
                #[inline(always)]
                |row| {
                    let sheet = sheet.load(like);
                    let sale = kernel.sale_in(&sheet, row, assets)?;
                    Some(sale.fraction(&sheet))
                },
            );
        }
    }
}

/// What a spec may look at when it builds a rule for a block of institutions.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct RuleShape<'a> {
    /// The institutions of the block, by id, in the order of the block's rows.
    pub members: &'a [u32],
    /// The keys of `[deleveraging]`, or of the named section of the block.
    pub parameters: &'a Parameters,
    /// The columns of the institutions table, all institutions.
    pub institutions: &'a ParameterTable,
    /// The columns of the assets table.
    pub assets: &'a ParameterTable,
}

impl<'a> RuleShape<'a> {
    /// A shape for building rules without a scenario file.
    pub fn new(
        members: &'a [u32],
        parameters: &'a Parameters,
        institutions: &'a ParameterTable,
        assets: &'a ParameterTable,
    ) -> Self {
        Self {
            members,
            parameters,
            institutions,
            assets,
        }
    }
}

/// A rule that a scenario file names and that needs more than rows of parameters.
pub trait RuleSpec: DeserializeOwned + 'static {
    /// The name in scenario files.
    const KIND: &'static str;
    /// What it builds.
    type Model: Rule + 'static;
    /// Builds the rule, or says all that is wrong.
    fn build(self, shape: &RuleShape<'_>) -> Result<Self::Model, Vec<SpecError>>;
}
