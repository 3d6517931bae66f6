//! References, boxes and shared pointers to a model are the model: every method is forwarded.

use delever_core::{
    Anchor, BalanceSheet, Ball, Claims, ClaimsInLanes, Contingent, ContingentBounds, Continuity, Dual,
    Execution, FractionsInLanes, ImpactInLanes, ImpactModel, InLanes, Interval, Jet, Lane, Market,
    MarketSlopes, NoColumns, Order, PerInstitution, Plain, Profile, RatiosInLanes, Real, Rule, RuleContext,
    RuleInLanes, RuleKernel, Sale, Single, SparseRows, Strategy, StrategyScratch,
};
use std::sync::Arc;

impl RuleInLanes for Probe {}

impl<N: InLanes> FractionsInLanes<N> for Probe {
    fn fractions_in_lanes(&self, _: Lane, _: usize, _: &[BalanceSheet<'_, N>], fractions: &mut [N]) -> bool {
        fractions.fill(N::from(0.75));
        true
    }
}

impl ClaimsInLanes for Probe {}

impl<N: InLanes> RatiosInLanes<N> for Probe {
    fn ratios_in_lanes(&self, _: Lane, _: &[u32], _: &[BalanceSheet<'_, N>], ratios: &mut [N]) -> bool {
        ratios.fill(N::from(0.5));
        true
    }
}

impl ImpactInLanes for Probe {
    fn survive(&self, _: usize, sold: &mut [Ball<Plain>]) {
        sold.fill(Ball::from(0.25));
    }
    fn survive_alone(&self, _: usize, sold: &mut [Ball<Single>]) {
        sold.fill(Ball::from(0.25));
    }
}

/// Answers every method with something that no default gives.
struct Probe {
    rows: SparseRows,
}

const PROFILE: Profile = Profile {
    order: Order::Isotone,
    continuity: Continuity::FromAbove,
    bounded: true,
};

impl ImpactModel for Probe {
    fn in_lanes(&self) -> Option<&dyn ImpactInLanes> {
        Some(self)
    }
    fn prices_into(&self, _: Market<'_>, _: &[f64], prices: &mut [f64]) {
        prices.fill(1.0);
    }
    fn average_prices_into(&self, _: Market<'_>, _: &[f64], prices: &mut [f64]) {
        prices.fill(2.0);
    }
    fn derivative_into(&self, _: Market<'_>, _: &[f64], derivative: &mut [f64]) {
        derivative.fill(3.0);
    }
    fn price_slopes(&self, _: Market<'_>, sold: &[f64]) -> Option<MarketSlopes> {
        Some(MarketSlopes {
            by_sold: self.rows.clone(),
            by_shocked: sold.to_vec(),
            by_depth: Vec::new(),
            kink: Vec::new(),
            shocked_kink: Vec::new(),
        })
    }
    fn price_bounds_into(&self, _: Market<'_>, _: &[f64], low: &mut [f64], high: &mut [f64]) {
        low.fill(4.0);
        high.fill(5.0);
    }
    fn average_price_bounds_into(&self, _: Market<'_>, _: &[f64], low: &mut [f64], high: &mut [f64]) {
        low.fill(6.0);
        high.fill(7.0);
    }
    fn price_jets_into(&self, _: Market<'_>, sold: &[Jet], prices: &mut [Jet], averages: &mut [Jet]) -> bool {
        prices.copy_from_slice(sold);
        averages.fill(Jet::from(8.0));
        true
    }
    fn is_by_asset(&self) -> bool {
        true
    }
    fn price_enclosure_into(
        &self,
        _: Market<'_>,
        least: &[f64],
        most: &[f64],
        low: &mut [f64],
        high: &mut [f64],
    ) -> bool {
        (low[0], high[0]) = (least[0] + 8.0, most[0] + 9.0);
        true
    }
    fn average_price_enclosure_into(
        &self,
        _: Market<'_>,
        least: &[f64],
        most: &[f64],
        low: &mut [f64],
        high: &mut [f64],
    ) -> bool {
        (low[0], high[0]) = (least[0] + 10.0, most[0] + 11.0);
        true
    }
    fn profile(&self) -> Profile {
        PROFILE
    }
    fn has_average_prices(&self) -> bool {
        true
    }
    fn has_derivative(&self) -> bool {
        true
    }
}

impl Rule for Probe {
    fn in_lanes(&self) -> Option<&dyn RuleInLanes> {
        Some(self)
    }
    fn sales_into(&self, first: usize, _: &[BalanceSheet<'_>], sales: &mut [Sale]) {
        sales.fill(Sale::Money(first as f64));
    }
    fn sale_bounds_into(&self, first: usize, _: &[BalanceSheet<'_, Interval>], sales: &mut [Sale<Interval>]) {
        sales.fill(Sale::Money(Interval::from(first as f64 + 1.0)));
    }
    fn sale_jet(&self, row: usize, _: &BalanceSheet<'_, Jet>) -> Option<Sale<Jet>> {
        Some(Sale::Money(Jet::from(row as f64 + 2.0)))
    }
    fn encloses(&self) -> bool {
        true
    }

    fn sale_in_duals(
        &self,
        row: usize,
        _: &BalanceSheet<'_, Dual>,
        moved: Option<(&str, Dual)>,
    ) -> Option<Sale<Dual>> {
        Some(Sale::Money(moved.map_or(Dual::from(row as f64), |(_, by)| by)))
    }
    fn profile(&self, _: RuleContext) -> Profile {
        PROFILE
    }
}

impl Strategy for Probe {
    fn units_into(&self, _: Sale, _: &BalanceSheet<'_>, _: &mut StrategyScratch, units: &mut [f64]) {
        units.fill(1.0);
    }
    fn unit_bounds_into(
        &self,
        _: Sale<Interval>,
        _: &BalanceSheet<'_, Interval>,
        _: &mut StrategyScratch,
        low: &mut [f64],
        high: &mut [f64],
    ) {
        low.fill(2.0);
        high.fill(3.0);
    }
    fn unit_jets_into(
        &self,
        _: Sale<Jet>,
        _: &BalanceSheet<'_, Jet>,
        _: &mut StrategyScratch,
        units: &mut [Jet],
    ) -> bool {
        units.fill(Jet::from(4.0));
        true
    }

    fn units_in_duals(
        &self,
        _: Sale<Dual>,
        _: &BalanceSheet<'_, Dual>,
        _: &mut StrategyScratch,
        units: &mut [Dual],
    ) -> bool {
        units.fill(Dual::variable(4.0, 1));
        true
    }
    fn profile(&self, _: Execution) -> Profile {
        PROFILE
    }
    fn encloses(&self) -> bool {
        true
    }

    fn sells_pro_rata(&self) -> bool {
        true
    }
    fn holdings_are_money(&self) -> bool {
        false
    }
    fn raises_money(&self) -> bool {
        true
    }
}

impl Claims for Probe {
    fn in_lanes(&self) -> Option<&dyn ClaimsInLanes> {
        Some(self)
    }
    fn components(&self) -> usize {
        7
    }
    fn entitlements(&self) -> &SparseRows {
        &self.rows
    }
    fn share_entitlements(&self) -> Option<&SparseRows> {
        Some(&self.rows)
    }
    fn has_contingent(&self) -> bool {
        true
    }
    fn contingent(&self, institution: u32, state: &[f64]) -> Contingent {
        Contingent {
            received: f64::from(institution),
            owed: state[0],
        }
    }
    fn contingent_bounds(&self, institution: u32, low: &[f64], high: &[f64]) -> Option<ContingentBounds> {
        Some(ContingentBounds {
            received: Interval::from(f64::from(institution)),
            owed: Interval::new(low[0], high[0]),
        })
    }
    fn encloses(&self) -> bool {
        true
    }
    fn failure_equity(&self, institution: u32) -> f64 {
        f64::from(institution) + 2.0
    }
    fn slopes_into(
        &self,
        _: Anchor,
        institution: u32,
        _: &BalanceSheet<'_, Interval>,
        other: Interval,
        slopes: &mut [f64],
    ) {
        slopes[0] = f64::from(institution) + other.low;
    }
    fn shareholdings_into(&self, equity: &[f64], values: &mut [f64]) {
        values[0] = equity[0] + 0.5;
    }
    fn range_into(&self, equity: &[Interval], bottom: &mut [f64], top: &mut [f64]) {
        bottom.fill(1.0);
        top.fill(equity[0].high);
    }
    fn settle_into(&self, _: &[u32], _: &[BalanceSheet<'_>], components: &mut [f64]) {
        components.fill(3.0);
    }
    fn settle_bounds_into(
        &self,
        _: &[u32],
        _: &[BalanceSheet<'_, Interval>],
        low: &mut [f64],
        high: &mut [f64],
    ) {
        low.fill(4.0);
        high.fill(5.0);
    }
    fn component_jets_into(
        &self,
        institution: u32,
        _: &BalanceSheet<'_, Jet>,
        components: &mut [Jet],
    ) -> bool {
        components.fill(Jet::from(f64::from(institution)));
        true
    }

    fn settle_in_duals(&self, institution: u32, _: &BalanceSheet<'_, Dual>, components: &mut [Dual]) -> bool {
        components.fill(Dual::from(f64::from(institution)));
        true
    }
    fn payment(&self, institution: u32, _: &BalanceSheet<'_>) -> f64 {
        f64::from(institution)
    }
    fn value_destroyed(&self, institution: u32, _: &BalanceSheet<'_>) -> f64 {
        f64::from(institution) + 1.0
    }
    fn profile(&self, _: Execution) -> Profile {
        PROFILE
    }
    fn not_unique(&self, _: &[bool]) -> bool {
        true
    }
}

fn impact(model: impl ImpactModel) {
    assert!(model.in_lanes().is_some());
    let market = Market::new(&[1.0], &[1.0]);
    let (mut a, mut b) = ([0.0], [0.0]);
    model.prices_into(market, &[0.0], &mut a);
    model.average_prices_into(market, &[0.0], &mut b);
    assert_eq!((a, b), ([1.0], [2.0]));
    model.derivative_into(market, &[0.0], &mut a);
    assert_eq!(a, [3.0]);
    let slopes = model.price_slopes(market, &[7.0]).expect("known");
    assert_eq!(slopes.by_shocked, [7.0]);
    model.price_bounds_into(market, &[0.0], &mut a, &mut b);
    assert_eq!((a, b), ([4.0], [5.0]));
    model.average_price_bounds_into(market, &[0.0], &mut a, &mut b);
    assert_eq!((a, b), ([6.0], [7.0]));
    let (mut prices, mut averages) = ([Jet::from(0.0)], [Jet::from(0.0)]);
    assert!(
        model.is_by_asset() && model.price_jets_into(market, &[Jet::from(9.0)], &mut prices, &mut averages)
    );
    assert_eq!((prices[0], averages[0]), (Jet::from(9.0), Jet::from(8.0)));
    assert!(model.price_enclosure_into(market, &[1.0], &[2.0], &mut a, &mut b));
    assert_eq!((a, b), ([9.0], [11.0]));
    assert!(model.average_price_enclosure_into(market, &[1.0], &[2.0], &mut a, &mut b));
    assert_eq!((a, b), ([11.0], [13.0]));
    assert!(model.profile() == PROFILE && model.has_average_prices() && model.has_derivative());
}

fn rule(model: impl Rule) {
    assert!(model.in_lanes().is_some());
    let mut sales = [Sale::nothing()];
    model.sales_into(4, &[BalanceSheet::empty()], &mut sales);
    assert_eq!(sales, [Sale::Money(4.0)]);
    let mut bounds = [Sale::nothing()];
    model.sale_bounds_into(4, &[BalanceSheet::empty()], &mut bounds);
    assert_eq!(bounds, [Sale::Money(Interval::from(5.0))]);
    let sale = model.sale_jet(4, &BalanceSheet::empty());
    assert_eq!(sale, Some(Sale::Money(Jet::from(6.0))));
    let (sheet, by) = (BalanceSheet::<Dual>::empty(), Dual::variable(0.0, 2));
    assert_eq!(
        model.sale_in_duals(4, &sheet, None),
        Some(Sale::Money(Dual::from(4.0)))
    );
    assert_eq!(
        model.sale_in_duals(4, &sheet, Some(("x", by))),
        Some(Sale::Money(by))
    );
    assert_eq!(model.profile(RuleContext::default()), PROFILE);
    assert!(model.encloses());
}

fn strategy(model: impl Strategy) {
    let (mut low, mut high) = ([0.0], [0.0]);
    let scratch = &mut StrategyScratch::default();
    model.units_into(Sale::nothing(), &BalanceSheet::empty(), scratch, &mut low);
    assert_eq!(low, [1.0]);
    model.unit_bounds_into(
        Sale::nothing(),
        &BalanceSheet::empty(),
        scratch,
        &mut low,
        &mut high,
    );
    assert_eq!((low, high), ([2.0], [3.0]));
    let mut units = [Jet::from(0.0)];
    let sheet = BalanceSheet::empty();
    assert!(model.unit_jets_into(Sale::nothing(), &sheet, scratch, &mut units) && units == [Jet::from(4.0)]);
    assert_eq!(model.profile(Execution::Terminal), PROFILE);
    assert!(model.raises_money() && model.encloses());
    let mut duals = [Dual::NOTHING];
    assert!(model.units_in_duals(Sale::nothing(), &BalanceSheet::empty(), scratch, &mut duals));
    assert_eq!(duals, [Dual::variable(4.0, 1)]);
    assert_eq!(model.profile(Execution::Terminal), PROFILE);
    assert!(model.raises_money() && !model.holdings_are_money() && model.sells_pro_rata());
}

fn claims(model: impl Claims) {
    assert!(model.in_lanes().is_some());
    let (mut low, mut high) = ([0.0], [0.0]);
    assert_eq!((model.components(), model.entitlements().row_count()), (7, 3));
    assert!(model.share_entitlements().is_some() && model.failure_equity(3) == 5.0);
    let contingent = model.contingent(2, &[0.5]);
    assert!(model.has_contingent() && contingent.received == 2.0 && contingent.owed == 0.5);
    let bounds = model
        .contingent_bounds(2, &[0.25], &[0.5])
        .expect("a probe knows");
    assert_eq!(
        (bounds.received, bounds.owed),
        (Interval::from(2.0), Interval::new(0.25, 0.5))
    );
    assert!(model.encloses());
    model.shareholdings_into(&[8.0], &mut low);
    assert_eq!(low, [8.5]);
    model.slopes_into(
        Anchor::Lower,
        2,
        &BalanceSheet::empty(),
        Interval::from(0.25),
        &mut low,
    );
    assert_eq!(low, [2.25]);
    model.range_into(&[Interval::from(2.0)], &mut low, &mut high);
    assert_eq!((low, high), ([1.0], [2.0]));
    model.settle_into(&[0], &[BalanceSheet::empty()], &mut low);
    assert_eq!(low, [3.0]);
    let mut duals = [Dual::NOTHING];
    assert!(model.settle_in_duals(6, &BalanceSheet::empty(), &mut duals));
    assert_eq!(duals, [Dual::from(6.0)]);
    model.settle_bounds_into(&[0], &[BalanceSheet::empty()], &mut low, &mut high);
    assert_eq!((low, high), ([4.0], [5.0]));
    let mut components = [Jet::from(0.0)];
    assert!(model.component_jets_into(5, &BalanceSheet::empty(), &mut components));
    assert_eq!(components, [Jet::from(5.0)]);
    let sheet = BalanceSheet::empty();
    assert_eq!(
        (model.payment(8, &sheet), model.value_destroyed(8, &sheet)),
        (8.0, 9.0)
    );
    assert!(model.profile(Execution::Vwap) == PROFILE && model.not_unique(&[]));
}

#[test]
fn every_method_is_forwarded_through_every_pointer() {
    let probe = || Probe {
        rows: SparseRows::empty(3, 21),
    };
    let (by_reference, shared) = (probe(), Arc::new(probe()));
    impact(&by_reference);
    impact(Box::new(probe()) as Box<dyn ImpactModel>);
    impact(shared.clone());
    rule(&by_reference);
    rule(Box::new(probe()) as Box<dyn Rule>);
    rule(shared.clone());
    strategy(&by_reference);
    strategy(Box::new(probe()) as Box<dyn Strategy>);
    strategy(shared.clone());
    claims(&by_reference);
    claims(Box::new(probe()) as Box<dyn Claims>);
    claims(shared);
}

/// Asks for nothing, and bounds nothing.
struct Unbounded;

impl RuleKernel for Unbounded {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, _: &BalanceSheet<'_>, _: &NoColumns, _: &[NoColumns]) -> Sale {
        Sale::nothing()
    }
}

#[test]
fn a_rule_without_bounds_may_sell_and_buy_everything() {
    let rule = PerInstitution::new(Unbounded, vec![NoColumns {}], vec![]);
    let mut bounds = [Sale::nothing()];
    rule.sale_bounds_into(0, &[BalanceSheet::empty()], &mut bounds);
    assert_eq!(bounds, [Sale::Fraction(Interval::new(-1.0, 1.0))]);
    assert!(!rule.encloses());
}
