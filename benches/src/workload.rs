//! A synthetic banking system in four sizes, its shocks and its models.
//!
//! Money is measured in the smallest institution's total assets without interbank claims; prices are 1 before the shock.
//!
//! * An institution has size `s`, `log s` uniform over a decade. Besides interbank claims it owns `0.05 s` of cash, `0.5 s` of
//!   marketable assets, the rest in loans. It spreads its marketable assets over different assets drawn at random, with weights
//!   uniform in `[0.5, 1.5)`, and owes `0.1 s` to different institutions drawn at random, with such weights too.
//! * Equity is a fraction of total assets, uniform in `[0.051, 0.07)`: leverage from 14 to 19.6. Leverage is capped at 20, so nobody
//!   is in breach before the shock, and about half of the institutions are after prices have fallen by 2 %.
//! * One institution in 25 has no cap and thin equity, uniform in `[0.005, 0.02)` of total assets: some of these default when
//!   prices fall, and pass losses on to those who lent to them.
//! * An asset's depth is [`Size::depth`] times what all institutions hold of it: with 30, selling all of it would lower its price
//!   by 3.3 %. Since leverage multiplies a fall by nearly 20, a round of sales still breeds a third of another or more. Plain
//!   iteration from the shocked prices to `1e-10` takes 21.3 steps in S and 17.8 in M, averaged over scenarios.
//! * In scenario `n` the price of asset `k` changes by `-0.02 + 0.01 z + 0.005 z_k`, `z` and `z_k` standard normal.
//!
//! The models are the leverage cap, pro rata sales, exponential impact at the final price and clearing after Eisenberg and Noe;
//! without debts, no clearing. The same seed gives the same bits on every platform.

use crate::draws::Draws;
use delever::core::elementary::exp;
use delever::core::{NoColumns, SparseRows};
use delever::network::clearing::EisenbergNoeRow;
use delever::prelude::*;
use delever_testkit::naive::large::LargeSystem;
use std::f64::consts::LN_10;

/// Cap on assets over equity of institutions that have one.
pub const MAX_LEVERAGE: f64 = 20.0;
/// Mean, common deviation and own deviation of a scenario's change of a price.
pub const PRICE_CHANGE: (f64, f64, f64) = (-0.02, 0.01, 0.005);

const SEED: u64 = 20_260;
/// Streams of the system's own draws. Scenario `n` reads stream `n`, so these are out of reach.
const PORTFOLIOS: u64 = u64::MAX;
const NETWORK: u64 = u64::MAX - 1;
const BALANCE_SHEETS: u64 = u64::MAX - 2;

const CASH: f64 = 0.05;
const MARKETABLE: f64 = 0.5;
const LOANS: f64 = 0.45;
const INTERBANK_DEBTS: f64 = 0.1;
/// Equity over total assets, of institutions with a cap and of those without.
const EQUITY: (f64, f64) = (0.051, 0.07);
const THIN_EQUITY: (f64, f64) = (0.005, 0.02);
/// One institution in so many has no cap.
const UNCAPPED: usize = 25;
const WEIGHT: (f64, f64) = (0.5, 1.5);

/// How large a system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 50 institutions, 40 assets, 12 holdings and 5 debts each.
    S,
    /// 1,000 institutions, 500 assets, 20 holdings and 10 debts each.
    M,
    /// 100,000 institutions, 5,000 assets, 30 holdings and 10 debts each.
    L,
    /// 1,000,000 institutions, 300 assets, 4 holdings each and no debts.
    X,
}

impl Size {
    /// All sizes, smallest first.
    pub const ALL: [Self; 4] = [Self::S, Self::M, Self::L, Self::X];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::M => "M",
            Self::L => "L",
            Self::X => "X",
        }
    }

    /// The size of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.name() == name)
    }

    /// Institutions, assets, holdings of each institution, debts of each institution.
    pub fn counts(self) -> (usize, usize, usize, usize) {
        match self {
            Self::S => (50, 40, 12, 5),
            Self::M => (1_000, 500, 20, 10),
            Self::L => (100_000, 5_000, 30, 10),
            Self::X => (1_000_000, 300, 4, 0),
        }
    }

    /// Depth of an asset over what all institutions hold of it together.
    pub fn depth(self) -> f64 {
        match self {
            // A portfolio of few assets is hit less evenly: fewer sell together, which a shallower market makes up for.
            Self::S => 29.0,
            Self::M | Self::L | Self::X => 30.0,
        }
    }

    /// Holdings and debts of all institutions.
    pub fn entries(self) -> usize {
        let (institutions, _, holdings, debts) = self.counts();
        institutions * (holdings + debts)
    }
}

/// A system of one size, and all that is needed to run it.
pub struct Workload {
    size: Size,
    system: System,
    graph: ContagionGraph,
    depths: Vec<f64>,
}

impl Workload {
    /// Generates the system. The largest takes some seconds.
    pub fn new(size: Size) -> Self {
        let (institutions, assets, holdings_each, debts_each) = size.counts();
        let asset_names: Vec<String> = (0..assets).map(|n| format!("A{n:05}")).collect();
        let names: Vec<String> = (0..institutions).map(|n| format!("B{n:07}")).collect();
        let mut sheets = Draws::new(SEED, BALANCE_SHEETS);
        let sizes: Vec<f64> = (0..institutions).map(|_| exp(LN_10 * sheets.uniform())).collect();

        let mut builder = SystemBuilder::new();
        for name in &asset_names {
            builder.asset(name, 1.0);
        }
        let mut held = vec![0.0; assets];
        let mut draws = Draws::new(SEED, PORTFOLIOS);
        let mut chosen = Vec::new();
        for (name, size) in names.iter().zip(&sizes) {
            draws.distinct(holdings_each, assets, None, &mut chosen);
            for (&asset, units) in chosen
                .iter()
                .zip(split(MARKETABLE * size, holdings_each, &mut draws))
            {
                held[asset] += units;
                builder.holding(name, &asset_names[asset], units);
            }
        }

        let mut graph = ContagionGraphBuilder::new(institutions);
        let mut claims = vec![0.0; institutions];
        let mut draws = Draws::new(SEED, NETWORK);
        for (debtor, size) in sizes.iter().enumerate() {
            draws.distinct(debts_each, institutions, Some(debtor), &mut chosen);
            for (&creditor, amount) in
                chosen
                    .iter()
                    .zip(split(INTERBANK_DEBTS * size, debts_each, &mut draws))
            {
                claims[creditor] += amount;
                graph.debt(debtor as u32, creditor as u32, amount, 0);
            }
        }

        let debts = if debts_each > 0 { INTERBANK_DEBTS } else { 0.0 };
        for (n, ((name, size), claims)) in names.iter().zip(&sizes).zip(claims).enumerate() {
            let assets = (CASH + MARKETABLE + LOANS) * size + claims;
            let range = if max_leverage(n).is_finite() {
                EQUITY
            } else {
                THIN_EQUITY
            };
            let equity = sheets.between(range.0, range.1) * assets;
            builder.institution(
                name,
                Institution {
                    cash: CASH * size,
                    other_assets: LOANS * size,
                    external_liabilities: assets - equity - debts * size,
                },
            );
        }
        Self {
            size,
            system: builder.build().expect("a sound system"),
            graph: graph.build().expect("a sound graph"),
            depths: held.iter().map(|units| size.depth() * units).collect(),
        }
    }

    /// Its size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Balance sheets and holdings.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Debts.
    pub fn graph(&self) -> &ContagionGraph {
        &self.graph
    }

    /// Row = creditor, column = debtor.
    fn debts(&self) -> SparseRows {
        let count = self.system.institution_count();
        match self.graph.debts() {
            [(_, only)] => only.clone(),
            _ => SparseRows::empty(count, count),
        }
    }

    /// The models: leverage cap, pro rata, exponential impact, Eisenberg-Noe where there are debts.
    pub fn models(&self) -> Models {
        let count = self.system.institution_count();
        let external: Vec<f64> = self
            .system
            .institutions()
            .iter()
            .map(|institution| institution.external_liabilities)
            .collect();
        let depths = self.depths.iter().map(|&depth| DepthRow { depth }).collect();
        let rule = PerInstitution::new(
            LeverageCap,
            (0..count).map(|n| LeverageCapRow::cap(max_leverage(n))).collect(),
            vec![NoColumns::default(); self.system.asset_count()],
        );
        Models {
            impact: Box::new(PerAsset::new(Exponential, depths)),
            execution: Execution::Terminal,
            rules: vec![RuleBlock {
                name: String::new(),
                rule: Box::new(rule),
                members: (0..count as u32).collect(),
            }],
            strategy: Box::new(ProRata),
            claims: if self.graph.debts().is_empty() {
                Box::new(FaceValue::new(count))
            } else {
                let rows = vec![EisenbergNoeRow::default(); count];
                Box::new(OneLayer::new(EisenbergNoe, rows, self.debts(), &external))
            },
        }
    }

    /// The compiled cascade.
    pub fn cascade(&self) -> Cascade<'_> {
        Cascade::new(&self.system, &self.graph, self.models()).expect("models fit")
    }

    /// The shock of one scenario.
    pub fn shock(&self, scenario: u64) -> Shock {
        let mut draws = Draws::new(SEED, scenario);
        let common = draws.normal();
        self.shock_with(common, &mut draws)
    }

    /// The shock of an average scenario: the common normal number is at its mean. What single solves are measured on.
    pub fn average_shock(&self) -> Shock {
        self.shock_of(0.0)
    }

    /// A shock with this common normal number: at -2, prices fall by 4 %.
    pub fn shock_of(&self, common: f64) -> Shock {
        self.shock_with(common, &mut Draws::new(SEED, 0))
    }

    /// Shocks of the scenarios of a batch.
    pub fn shocks(&self, scenarios: std::ops::Range<u64>) -> Vec<Shock> {
        scenarios.map(|scenario| self.shock(scenario)).collect()
    }

    fn shock_with(&self, common: f64, draws: &mut Draws) -> Shock {
        let (mean, common_deviation, own_deviation) = PRICE_CHANGE;
        let mut shock = Shock::none(&self.system);
        for change in &mut shock.prices {
            *change = mean + common_deviation * common + own_deviation * draws.normal();
        }
        shock
    }

    /// The same system after a shock, for the naive engine.
    pub fn naive(&self, shock: &Shock) -> LargeSystem {
        let count = self.system.institution_count();
        let rows = |matrix: &SparseRows| (0..count).map(|n| matrix.row(n).iter().collect()).collect();
        let institutions = self.system.institutions();
        LargeSystem {
            outside_assets: institutions.iter().map(|i| i.cash + i.other_assets).collect(),
            external_liabilities: institutions.iter().map(|i| i.external_liabilities).collect(),
            max_leverage: (0..count).map(max_leverage).collect(),
            holdings: rows(self.system.holdings()),
            debts: rows(&self.debts()),
            initial_prices: self.system.prices().to_vec(),
            shocked_prices: shock.prices_after(&self.system),
            depths: self.depths.clone(),
        }
    }
}

/// Cap on assets over equity of one institution; infinite is no cap.
fn max_leverage(institution: usize) -> f64 {
    if institution % UNCAPPED == UNCAPPED - 1 {
        f64::INFINITY
    } else {
        MAX_LEVERAGE
    }
}

/// A sum in parts, with random weights.
fn split(sum: f64, parts: usize, draws: &mut Draws) -> impl Iterator<Item = f64> + use<> {
    let weights: Vec<f64> = (0..parts).map(|_| draws.between(WEIGHT.0, WEIGHT.1)).collect();
    let whole: f64 = weights.iter().sum();
    weights.into_iter().map(move |weight| sum * weight / whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{BATCH_TOLERANCE, ITERATION_LIMIT};
    use delever_testkit::naive::large;

    #[test]
    fn systems_have_the_entries_that_their_size_says() {
        for size in [Size::S, Size::M] {
            let workload = Workload::new(size);
            let (institutions, assets, holdings, debts) = size.counts();
            let system = workload.system();
            assert_eq!(
                (system.institution_count(), system.asset_count()),
                (institutions, assets)
            );
            let entries = system.holdings().entry_count() + workload.debts().entry_count();
            assert_eq!(entries, size.entries());
            for n in 0..institutions {
                assert_eq!(system.holdings().row(n).columns.len(), holdings);
            }
            let owed = workload.debts().transposed();
            for n in 0..institutions {
                assert_eq!(owed.row(n).columns.len(), debts);
            }
        }
    }

    #[test]
    fn nobody_sells_or_defaults_before_the_shock() {
        let workload = Workload::new(Size::M);
        let calm = workload.naive(&Shock::none(workload.system()));
        let answer = large::solve(&calm, BATCH_TOLERANCE, ITERATION_LIMIT);
        assert_eq!(answer.prices, workload.system().prices());
        assert!(answer.equity.iter().all(|&equity| equity > 0.0));
    }

    #[test]
    fn scenarios_are_as_hard_as_the_documentation_says() {
        for (size, scenarios, least, most) in [(Size::S, 1_000, 20.5, 22.0), (Size::M, 300, 16.5, 18.5)] {
            let workload = Workload::new(size);
            let mut system = workload.naive(&workload.average_shock());
            let (mut iterations, mut with_defaults) = (0, 0);
            for scenario in 0..scenarios {
                system.shocked_prices = workload.shock(scenario).prices_after(workload.system());
                let answer = large::solve(&system, BATCH_TOLERANCE, ITERATION_LIMIT);
                iterations += answer.iterations;
                with_defaults += u64::from(answer.equity.iter().any(|&equity| equity < 0.0));
            }
            let average = iterations as f64 / scenarios as f64;
            assert!((least..most).contains(&average), "{}: {average}", size.name());
            assert!(
                2 * with_defaults > scenarios,
                "clearing is at work in most scenarios"
            );
        }
    }

    #[test]
    fn the_same_bits_come_out_everywhere() {
        let workload = Workload::new(Size::S);
        let row = workload.system().holdings().row(7);
        assert_eq!(
            (row.columns[0], row.values[0].to_bits()),
            (1, 4_600_460_757_907_185_667)
        );
        assert_eq!(workload.shock(3).prices[39].to_bits(), 13_795_669_207_266_159_787);
    }
}
