//! Random systems for the laws: drawn from a tape of numbers in `[0, 1)`, so that they shrink toward nothing.

use delever::cascade::{Cascade, CascadeMap, Models, RuleBlock, Shock};
use delever::core::{
    BalanceSheet, Claims, Dual, Execution, ImpactModel, Interval, Market, MarketSlopes, NoColumns, PerAsset,
    PerInstitution, Profile, Rule, RuleContext, Sale, SparseRows, Strategy,
};
use delever::impact::{
    DepthRow, Exponential, FlooredExponential, FlooredRow, Linear, NoImpact, Power, PowerRow, SquareRoot,
    SquareRootRow,
};
use delever::network::clearing::{
    EisenbergNoe, EisenbergNoeRow, ExternalRank, FaceValue, OneLayer, RogersVeraart, RogersVeraartRow,
};
use delever::network::{ContagionGraph, ContagionGraphBuilder};
use delever::portfolio::rules::{
    CapitalRatio, CapitalRatioRow, FundingWithdrawal, FundingWithdrawalRow, Haircut, LeverageCap,
    LeverageCapRow, LeverageThreshold, LeverageThresholdRow, LiquidityShortfall, LiquidityShortfallRow,
    Margin, NoSales, Redemption, RedemptionRow, RiskWeight, SellOnDefault,
};
use delever::portfolio::strategies::{PeckingOrder, ProRata};
use delever::portfolio::{Institution, System, SystemBuilder};
use delever::solver::{End, FixedPointMap, Method, Settings, Solution, Status, solve};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Largest number of institutions of a drawn system.
pub const MOST_BANKS: usize = 6;
/// Largest number of assets of a drawn system.
pub const MOST_ASSETS: usize = 3;
/// Smallest amount that is drawn, besides zero.
const DUST: f64 = 1e-4;
/// Numbers on a tape: enough for the largest system and for the law's own draws.
pub const TAPE: usize = 8 + MOST_ASSETS * 12 + MOST_BANKS * (18 + MOST_ASSETS + MOST_BANKS) + 24;

/// Numbers in `[0, 1)`, read one after the other; zeros beyond the end.
#[derive(Clone, Debug)]
pub struct Tape<'t>(pub &'t [f64]);

impl Tape<'_> {
    /// The next number.
    pub fn unit(&mut self) -> f64 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0.0,
        }
    }

    /// A number in `[low, high)`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A number in `[low, high)`, evenly on the logarithmic scale.
    pub fn across(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.unit())
    }

    /// A number in `[low, high)` with this probability, else `None`.
    pub fn maybe(&mut self, probability: f64, low: f64, high: f64) -> Option<f64> {
        let u = self.unit();
        let above = u - (1.0 - probability);
        (above >= 0.0).then(|| low + (high - low) * (above / probability))
    }

    /// One of `0..count`.
    pub fn pick(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count.saturating_sub(1))
    }
}

/// The rule of an institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    None,
    LeverageCap,
    CapitalRatio,
    LiquidityShortfall,
    SellOnDefault,
    LeverageThreshold,
    FundingWithdrawal,
    Redemption,
    Haircut,
}

impl RuleKind {
    /// Whether it asks for a fraction other than nothing and all: under most-liquid-first that is money by the trial price,
    /// ordered in real numbers at most.
    pub fn asks_for_fractions(self) -> bool {
        matches!(self, Self::CapitalRatio | Self::Redemption | Self::Haircut)
    }
}

/// The impact model of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImpactKind {
    None,
    Linear,
    Exponential,
    Power,
    SquareRoot,
    FlooredExponential,
}

/// The clearing model of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearing {
    None,
    EisenbergNoe,
    EisenbergNoeSenior,
    RogersVeraart,
}

/// One institution with its shock and the parameters of every rule.
#[derive(Clone, Debug)]
pub struct Bank {
    pub name: String,
    pub cash: f64,
    pub other: f64,
    pub external: f64,
    pub rule: RuleKind,
    pub max_leverage: f64,
    pub min_ratio: f64,
    pub other_weight: f64,
    pub withdrawals: f64,
    pub alpha: f64,
    pub beta: f64,
    pub cash_change: f64,
    pub other_change: f64,
    pub outside: f64,
}

impl Bank {
    /// Nothing owned, nothing owed, nothing sold.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            cash: 0.0,
            other: 0.0,
            external: 0.0,
            rule: RuleKind::None,
            max_leverage: f64::INFINITY,
            min_ratio: 0.08,
            other_weight: 0.0,
            withdrawals: 0.0,
            alpha: 1.0,
            beta: 1.0,
            cash_change: 0.0,
            other_change: 0.0,
            outside: 0.0,
        }
    }
}

impl Bank {
    /// The ratio of equity to assets at its largest leverage.
    fn least_ratio(&self) -> f64 {
        (1.0 / self.max_leverage).max(1e-6)
    }

    /// A buffer below which it acts, a target above that, and failure where little equity is left.
    fn threshold(&self) -> LeverageThresholdRow {
        let act_below = self.least_ratio();
        LeverageThresholdRow {
            act_below,
            target: (act_below * (1.0 + 0.3 * self.other_weight)).clamp(act_below, 0.9995),
            default_below: (self.other_weight > 0.6).then_some(0.2 * act_below),
        }
    }

    /// A run that begins at its largest leverage.
    fn run(&self) -> FundingWithdrawalRow {
        FundingWithdrawalRow {
            run_below: self.least_ratio(),
            run_complete_below: self.least_ratio() * self.other_weight.min(1.0),
        }
    }
}

/// One asset with its shock and the parameters of every impact model.
#[derive(Clone, Debug)]
pub struct Asset {
    pub name: String,
    pub price: f64,
    pub change: f64,
    /// `depth` and `adv`.
    pub depth: f64,
    pub floor: f64,
    pub c: f64,
    pub g: f64,
    pub kappa: f64,
    pub volatility: f64,
    pub risk_weight: f64,
    /// What ranks assets under most-liquid-first; apart from the depth, so that a deeper market keeps the ranking.
    pub liquidity: f64,
}

impl Asset {
    /// A margin of the size of common ratios of equity to assets.
    fn margin(&self) -> Margin {
        Margin {
            haircut: 0.1 * self.risk_weight,
            procyclicality: 0.3 * self.c,
        }
    }

    /// An asset with a price of 1 and a market of this depth.
    pub fn with_depth(name: &str, depth: f64) -> Self {
        Self {
            name: name.to_owned(),
            price: 1.0,
            change: 0.0,
            depth,
            floor: 0.0,
            c: 1.0,
            g: 1.0,
            kappa: 1.0,
            volatility: 1.0,
            risk_weight: 1.0,
            liquidity: depth,
        }
    }
}

/// A system, its models and a shock, as plain data.
#[derive(Clone, Debug)]
pub struct Case {
    pub banks: Vec<Bank>,
    pub assets: Vec<Asset>,
    /// Units, by institution and asset.
    pub holdings: Vec<Vec<f64>>,
    /// Debtor, creditor, amount.
    pub debts: Vec<(usize, usize, f64)>,
    pub impact: ImpactKind,
    pub clearing: Clearing,
    pub most_liquid_first: bool,
    pub execution: Execution,
}

const RULES: [RuleKind; 15] = [
    RuleKind::LeverageCap,
    RuleKind::CapitalRatio,
    RuleKind::LeverageCap,
    RuleKind::LiquidityShortfall,
    RuleKind::SellOnDefault,
    RuleKind::CapitalRatio,
    RuleKind::LeverageCap,
    RuleKind::None,
    RuleKind::LeverageThreshold,
    RuleKind::LeverageCap,
    RuleKind::FundingWithdrawal,
    RuleKind::Redemption,
    RuleKind::LeverageCap,
    RuleKind::LeverageThreshold,
    RuleKind::Haircut,
];
const IMPACTS: [ImpactKind; 11] = [
    ImpactKind::Linear,
    ImpactKind::Exponential,
    ImpactKind::Power,
    ImpactKind::SquareRoot,
    ImpactKind::FlooredExponential,
    ImpactKind::Linear,
    ImpactKind::Exponential,
    ImpactKind::Power,
    ImpactKind::SquareRoot,
    ImpactKind::FlooredExponential,
    ImpactKind::None,
];
const CLEARINGS: [Clearing; 7] = [
    Clearing::EisenbergNoe,
    Clearing::RogersVeraart,
    Clearing::EisenbergNoeSenior,
    Clearing::RogersVeraart,
    Clearing::EisenbergNoe,
    Clearing::RogersVeraart,
    Clearing::None,
];

impl Case {
    /// Draws a case. Every amount is fine-grained, every hypothesis of the laws holds: nothing is negative, caps lie
    /// above 1, risk weights below the reciprocal of the ratio, execution is at the final price.
    pub fn draw(tape: &mut Tape<'_>) -> Self {
        let bank_count = 1 + tape.pick(MOST_BANKS);
        let asset_count = tape.maybe(0.96, 1.0, MOST_ASSETS as f64 + 1.0).unwrap_or(0.0) as usize;
        let impact = IMPACTS[tape.pick(IMPACTS.len())];
        let clearing = CLEARINGS[tape.pick(CLEARINGS.len())];
        let scale = tape.across(0.1, 1e5);
        let same_rule = tape.maybe(0.4, 0.0, RULES.len() as f64);
        // Most-liquid-first turns a fraction into money by the trial price, which is ordered in real numbers only:
        // zero tolerance is promised for rules that ask for money, and for those that sell all or nothing.
        let most_liquid_first = tape.maybe(0.25, 0.0, 1.0).is_some();
        let mut assets: Vec<Asset> = (0..asset_count)
            .map(|k| {
                let price = tape.across(0.1, 10.0);
                Asset {
                    name: format!("a{k}"),
                    price,
                    change: draw_change(tape),
                    depth: tape.across(1.5, 80.0),
                    floor: price * tape.maybe(0.9, 0.1, 0.98).unwrap_or(0.0),
                    c: tape.between(0.05, 1.2),
                    g: tape.between(0.25, 1.6),
                    kappa: tape.between(0.3, 1.5),
                    volatility: tape.between(0.01, 0.12),
                    risk_weight: tape.maybe(0.95, 0.0, 1.5).unwrap_or(0.0),
                    liquidity: tape.unit(),
                }
            })
            .collect();
        let mut banks = Vec::with_capacity(bank_count);
        let mut holdings = Vec::with_capacity(bank_count);
        let mut debts = Vec::new();
        let mut equity_ratio = Vec::with_capacity(bank_count);
        for n in 0..bank_count {
            let size = scale * tape.across(0.2, 5.0);
            let rule = RULES[same_rule.map_or_else(|| tape.pick(RULES.len()), |rule| rule as usize)];
            let rule = if most_liquid_first && rule.asks_for_fractions() {
                RuleKind::LeverageCap
            } else {
                rule
            };
            let cash = size * tape.maybe(0.8, 0.0, 0.2).unwrap_or(0.0);
            let outside = size * tape.maybe(0.2, -0.03, 0.05).unwrap_or(0.0);
            equity_ratio.push(tape.between(0.01, 0.14));
            banks.push(Bank {
                name: format!("b{n}"),
                cash,
                other: size * tape.maybe(0.5, 0.0, 0.4).unwrap_or(0.0),
                external: 0.0,
                rule,
                // Relative to the balance sheet until that is known.
                max_leverage: tape.maybe(0.97, 0.95, 1.6).unwrap_or(f64::INFINITY),
                min_ratio: tape.between(0.5, 1.1),
                other_weight: tape.maybe(0.7, 0.0, 1.2).unwrap_or(0.0),
                withdrawals: size * tape.maybe(0.6, 0.0, 0.4).unwrap_or(0.0),
                alpha: tape.maybe(0.9, 0.0, 1.0).unwrap_or(1.0),
                beta: tape.maybe(0.9, 0.0, 1.0).unwrap_or(1.0),
                cash_change: tape.maybe(0.3, -0.6, 0.0).unwrap_or(0.0),
                other_change: tape.maybe(0.3, -0.3, 0.0).unwrap_or(0.0),
                outside,
            });
            holdings.push(
                assets
                    .iter()
                    .map(|asset| tape.maybe(0.75, 0.02, 1.0).unwrap_or(0.0) * size / asset.price)
                    .collect::<Vec<f64>>(),
            );
            for creditor in 0..bank_count {
                let amount = tape.maybe(0.4, 0.01, 0.5).unwrap_or(0.0);
                if creditor != n && amount > 0.0 {
                    debts.push((n, creditor, amount * size));
                }
            }
        }
        for (k, asset) in assets.iter_mut().enumerate() {
            let held: f64 = holdings.iter().map(|row| row[k] * asset.price).sum();
            let relative = asset.depth;
            asset.depth = if held > 0.0 { held * relative } else { scale };
            if relative > 77.0 {
                asset.depth = f64::INFINITY;
            }
            if impact == ImpactKind::SquareRoot {
                asset.depth /= 16.0;
            }
        }
        // Dust is left out: every unit of money that the laws choose keeps amounts in the range of the promise.
        let amounts = banks
            .iter_mut()
            .flat_map(|bank: &mut Bank| [&mut bank.cash, &mut bank.other]);
        let units = holdings.iter_mut().flatten();
        for amount in amounts.chain(units).filter(|amount| **amount < DUST) {
            *amount = 0.0;
        }
        debts.retain(|debt| debt.2 >= DUST);
        // Cash stays positive after the shock: with less than none, a larger recovery would lose more.
        for bank in &mut banks {
            bank.outside = bank.outside.max(-0.3 * bank.cash);
        }
        let mut case = Self {
            banks,
            assets,
            holdings,
            debts,
            impact,
            clearing,
            most_liquid_first,
            execution: Execution::Terminal,
        };
        for (n, ratio) in equity_ratio.into_iter().enumerate() {
            case.fit(n, ratio);
        }
        case
    }

    /// Gives an institution this ratio of equity to assets, and makes its constraints relative to it.
    fn fit(&mut self, n: usize, ratio: f64) {
        let (claims, debts) = (self.claims_of(n), self.debts_of(n));
        let held = self.value_of(n, |asset| asset.price);
        let weighted = self.value_of(n, |asset| asset.price * asset.risk_weight);
        let bank = &mut self.banks[n];
        let assets = bank.cash + bank.other + held + claims;
        bank.external = assets * (1.0 - ratio) - debts;
        if bank.external < DUST {
            bank.external = 0.0;
        }
        bank.max_leverage = (bank.max_leverage / ratio).max(1.001);
        let weighted = weighted + bank.other_weight * (bank.other + claims);
        let ratio = if weighted > 0.0 {
            assets * ratio / weighted
        } else {
            0.08
        };
        bank.min_ratio = (bank.min_ratio * ratio).clamp(0.002, 0.6);
    }

    /// What an institution is owed inside the system.
    pub fn claims_of(&self, n: usize) -> f64 {
        self.debts
            .iter()
            .filter(|debt| debt.1 == n)
            .map(|debt| debt.2)
            .sum::<f64>()
    }

    /// What an institution owes inside the system.
    pub fn debts_of(&self, n: usize) -> f64 {
        self.debts
            .iter()
            .filter(|debt| debt.0 == n)
            .map(|debt| debt.2)
            .sum::<f64>()
    }

    /// What an institution's holdings are worth by some measure of each asset.
    pub fn value_of(&self, n: usize, measure: impl Fn(&Asset) -> f64) -> f64 {
        let values = self.holdings[n].iter().zip(&self.assets);
        values.map(|(units, asset)| units * measure(asset)).sum::<f64>()
    }

    /// Cash after the shock.
    pub fn cash_after(&self, n: usize) -> f64 {
        let bank = &self.banks[n];
        bank.cash * (1.0 + bank.cash_change) + bank.outside
    }

    /// Cash and other assets after the shock.
    pub fn liquid_after(&self, n: usize) -> f64 {
        let bank = &self.banks[n];
        self.cash_after(n) + bank.other * (1.0 + bank.other_change)
    }

    /// The same without open-ended funds, for laws that change a balance sheet before the shock: investors compare
    /// with that.
    pub fn without_funds(mut self) -> Self {
        for bank in &mut self.banks {
            if bank.rule == RuleKind::Redemption {
                bank.rule = RuleKind::LeverageCap;
            }
        }
        self
    }

    /// The same system without a shock.
    pub fn without_shock(&self) -> Self {
        let mut case = self.clone();
        for asset in &mut case.assets {
            asset.change = 0.0;
        }
        for bank in &mut case.banks {
            (bank.cash_change, bank.other_change, bank.outside) = (0.0, 0.0, 0.0);
        }
        case
    }

    /// Draws a case, now and then with an institution whose assets equal its liabilities to the last bit or two.
    pub fn draw_with_edges(tape: &mut Tape<'_>) -> Self {
        let edge = tape.maybe(0.15, 0.0, MOST_BANKS as f64);
        let mut case = Self::draw(tape);
        if let Some(place) = edge.filter(|&place| place < case.banks.len() as f64) {
            case.put_on_the_edge(place as usize);
        }
        case
    }

    /// Sets external liabilities so that assets after the shock equal liabilities to the last bit or two.
    pub fn put_on_the_edge(&mut self, n: usize) {
        let held = self.value_of(n, |asset| asset.price * (1.0 + asset.change));
        let edge = self.liquid_after(n) + held + self.claims_of(n) - self.debts_of(n);
        if edge > DUST {
            self.banks[n].external = edge;
        }
    }

    /// Compiles the case and hands it on.
    pub fn wire<R>(&self, use_it: impl FnOnce(&Wired<'_>) -> R) -> R {
        let mut builder = SystemBuilder::new();
        for asset in &self.assets {
            builder.asset(&asset.name, asset.price);
        }
        for (bank, row) in self.banks.iter().zip(&self.holdings) {
            let amounts = Institution {
                cash: bank.cash,
                other_assets: bank.other,
                external_liabilities: bank.external,
            };
            builder.institution(&bank.name, amounts);
            for (asset, &units) in self.assets.iter().zip(row) {
                if units > 0.0 {
                    builder.holding(&bank.name, &asset.name, units);
                }
            }
        }
        let system = builder.build().expect("drawn systems are valid");
        let bank_ids: Vec<usize> = self
            .banks
            .iter()
            .map(|bank| system.institution(&bank.name).expect("just added").index())
            .collect();
        let asset_ids: Vec<usize> = self
            .assets
            .iter()
            .map(|asset| system.asset(&asset.name).expect("just added").index())
            .collect();
        let mut builder = ContagionGraphBuilder::new(self.banks.len());
        for &(debtor, creditor, amount) in &self.debts {
            builder.debt(bank_ids[debtor] as u32, bank_ids[creditor] as u32, amount, 0);
        }
        let graph = builder.build().expect("drawn debts are valid");
        let probe = Probe::new(self.banks.len(), self.assets.len());
        let order = Places {
            banks: inverse(&bank_ids),
            assets: inverse(&asset_ids),
        };
        let models = Models {
            impact: Box::new(WatchedImpact {
                inner: self.impact_model(&order),
                probe: Arc::clone(&probe),
            }),
            execution: self.execution,
            rules: self.rule_blocks(&order, &probe),
            strategy: self.strategy(&order),
            claims: self.claims(&order, &system, &graph),
        };
        let shock = self.shock(&order);
        let cascade = Cascade::new(&system, &graph, models).expect("drawn models fit");
        use_it(&Wired {
            cascade: &cascade,
            shock: &shock,
            probe: &probe,
            clears: self.clearing != Clearing::None,
            bank_ids: &bank_ids,
            asset_ids: &asset_ids,
        })
    }

    fn shock(&self, order: &Places) -> Shock {
        let banks = |value: fn(&Bank) -> f64| order.banks.iter().map(|&n| value(&self.banks[n])).collect();
        Shock {
            prices: order.assets.iter().map(|&k| self.assets[k].change).collect(),
            cash: banks(|bank| bank.cash_change),
            other_assets: banks(|bank| bank.other_change),
            outside_assets: banks(|bank| bank.outside),
        }
    }

    fn impact_model(&self, order: &Places) -> Box<dyn ImpactModel> {
        let assets: Vec<&Asset> = order.assets.iter().map(|&k| &self.assets[k]).collect();
        let depths = || {
            assets
                .iter()
                .map(|asset| DepthRow { depth: asset.depth })
                .collect()
        };
        match self.impact {
            ImpactKind::None => Box::new(PerAsset::new(NoImpact, vec![NoColumns {}; assets.len()])),
            ImpactKind::Linear => Box::new(PerAsset::new(Linear, depths())),
            ImpactKind::Exponential => Box::new(PerAsset::new(Exponential, depths())),
            ImpactKind::Power => {
                let row = |asset: &&Asset| PowerRow {
                    c: asset.c,
                    g: asset.g,
                    depth: asset.depth,
                };
                Box::new(PerAsset::new(Power, assets.iter().map(row).collect()))
            }
            ImpactKind::SquareRoot => {
                let row = |asset: &&Asset| SquareRootRow {
                    kappa: asset.kappa,
                    volatility: asset.volatility,
                    adv: asset.depth,
                };
                Box::new(PerAsset::new(SquareRoot, assets.iter().map(row).collect()))
            }
            ImpactKind::FlooredExponential => {
                let row = |asset: &&Asset| FlooredRow {
                    depth: asset.depth,
                    price_floor: asset.floor,
                };
                Box::new(PerAsset::new(
                    FlooredExponential,
                    assets.iter().map(row).collect(),
                ))
            }
        }
    }

    fn strategy(&self, order: &Places) -> Box<dyn Strategy> {
        if self.most_liquid_first {
            let liquidity: Vec<f64> = order.assets.iter().map(|&k| self.assets[k].liquidity).collect();
            Box::new(PeckingOrder::by_liquidity(&liquidity))
        } else {
            Box::new(ProRata)
        }
    }

    fn rule_blocks(&self, order: &Places, probe: &Arc<Probe>) -> Vec<RuleBlock> {
        let kinds = [
            (RuleKind::None, "none"),
            (RuleKind::LeverageCap, "leverage-cap"),
            (RuleKind::CapitalRatio, "capital-ratio"),
            (RuleKind::LiquidityShortfall, "liquidity-shortfall"),
            (RuleKind::SellOnDefault, "sell-on-default"),
            (RuleKind::LeverageThreshold, "leverage-threshold"),
            (RuleKind::FundingWithdrawal, "funding-withdrawal"),
            (RuleKind::Redemption, "redemption"),
            (RuleKind::Haircut, "haircut"),
        ];
        let mut blocks = Vec::new();
        for (kind, name) in kinds {
            let members: Vec<u32> = (0..order.banks.len() as u32)
                .filter(|&id| self.banks[order.banks[id as usize]].rule == kind)
                .collect();
            if members.is_empty() {
                continue;
            }
            let banks = members.iter().map(|&id| &self.banks[order.banks[id as usize]]);
            let count = members.len();
            let rule: Box<dyn Rule> = match kind {
                RuleKind::None => Box::new(PerInstitution::new(NoSales, vec![NoColumns {}; count], vec![])),
                RuleKind::SellOnDefault => Box::new(PerInstitution::new(
                    SellOnDefault,
                    vec![NoColumns {}; count],
                    vec![],
                )),
                RuleKind::LeverageCap => Box::new(PerInstitution::new(
                    LeverageCap,
                    banks.map(|bank| LeverageCapRow::cap(bank.max_leverage)).collect(),
                    vec![],
                )),
                RuleKind::LeverageThreshold => Box::new(PerInstitution::new(
                    LeverageThreshold,
                    banks.map(Bank::threshold).collect(),
                    vec![],
                )),
                RuleKind::FundingWithdrawal => Box::new(PerInstitution::new(
                    FundingWithdrawal,
                    banks.map(Bank::run).collect(),
                    vec![],
                )),
                RuleKind::Redemption => Box::new(PerInstitution::new(
                    Redemption,
                    banks
                        .map(|bank| RedemptionRow::sensitivity(bank.other_weight))
                        .collect(),
                    vec![],
                )),
                RuleKind::Haircut => Box::new(PerInstitution::new(
                    Haircut,
                    vec![NoColumns {}; count],
                    order.assets.iter().map(|&k| self.assets[k].margin()).collect(),
                )),
                RuleKind::LiquidityShortfall => Box::new(PerInstitution::new(
                    LiquidityShortfall,
                    banks
                        .map(|bank| LiquidityShortfallRow {
                            withdrawals: bank.withdrawals,
                        })
                        .collect(),
                    vec![],
                )),
                RuleKind::CapitalRatio => Box::new(PerInstitution::new(
                    CapitalRatio,
                    banks
                        .map(|bank| CapitalRatioRow {
                            min_ratio: bank.min_ratio,
                            other_risk_weight: bank.other_weight,
                        })
                        .collect(),
                    order
                        .assets
                        .iter()
                        .map(|&k| RiskWeight {
                            risk_weight: self.assets[k].risk_weight,
                        })
                        .collect(),
                )),
            };
            blocks.push(RuleBlock {
                name: name.to_owned(),
                rule: Box::new(WatchedRule {
                    inner: rule,
                    members: members.clone(),
                    probe: Arc::clone(probe),
                }),
                members,
            });
        }
        blocks
    }

    fn claims(&self, order: &Places, system: &System, graph: &ContagionGraph) -> Box<dyn Claims> {
        let count = self.banks.len();
        let debts = graph
            .debts()
            .first()
            .map_or_else(|| SparseRows::empty(count, count), |(_, layer)| layer.clone());
        let external: Vec<f64> = system
            .institutions()
            .iter()
            .map(|bank| bank.external_liabilities)
            .collect();
        let noe = |external| vec![EisenbergNoeRow { external }; count];
        match self.clearing {
            Clearing::None => Box::new(FaceValue::new(count)),
            Clearing::EisenbergNoe => {
                let rows = noe(ExternalRank::PariPassu);
                Box::new(OneLayer::new(EisenbergNoe, rows, debts, &external))
            }
            Clearing::EisenbergNoeSenior => {
                let rows = noe(ExternalRank::Senior);
                Box::new(OneLayer::new(EisenbergNoe, rows, debts, &external))
            }
            Clearing::RogersVeraart => {
                let row = |&n: &usize| RogersVeraartRow::pari_passu(self.banks[n].alpha, self.banks[n].beta);
                let rows = order.banks.iter().map(row).collect();
                Box::new(OneLayer::new(RogersVeraart, rows, debts, &external))
            }
        }
    }

    /// The greatest fixed point in floating point.
    pub fn greatest(&self) -> State {
        self.wire(|wired| wired.solve(End::Greatest))
    }

    /// The least fixed point in floating point.
    pub fn least(&self) -> State {
        self.wire(|wired| wired.solve(End::Least))
    }
}

fn draw_change(tape: &mut Tape<'_>) -> f64 {
    let u = tape.unit();
    if u > 0.99 {
        -1.0
    } else if u < 0.05 {
        0.0
    } else {
        0.01 - 0.09 * u * u
    }
}

/// Positions in the case by id.
struct Places {
    banks: Vec<usize>,
    assets: Vec<usize>,
}

fn inverse(ids: &[usize]) -> Vec<usize> {
    let mut places = vec![0; ids.len()];
    for (place, &id) in ids.iter().enumerate() {
        places[id] = place;
    }
    places
}

/// A compiled case.
pub struct Wired<'w> {
    pub cascade: &'w Cascade<'w>,
    pub shock: &'w Shock,
    probe: &'w Probe,
    clears: bool,
    pub bank_ids: &'w [usize],
    pub asset_ids: &'w [usize],
}

/// Tight and yet bounded: laws bind where iteration becomes stationary, and a handful of cases near a tipping point
/// do not within this limit.
pub const SETTINGS: Settings = Settings {
    tolerance: 1e-12,
    max_iterations: 3_000,
    method: Method::Iteration,
};

impl<'w> Wired<'w> {
    pub fn map(&self) -> CascadeMap<'w> {
        CascadeMap::new(self.cascade, self.shock).expect("drawn shocks fit")
    }

    pub fn solve(&self, end: End) -> State {
        let map = self.map();
        let solution = solve(&map, end, &SETTINGS, &mut ());
        self.state(&map, &solution.point, Some(&solution))
    }

    /// What a trial point means, in the order of the case.
    pub fn state(&self, map: &CascadeMap<'_>, point: &[f64], solution: Option<&Solution>) -> State {
        let banks = self.bank_ids.len();
        let mut image = vec![0.0; map.dim()];
        self.probe.on.store(true, Ordering::Relaxed);
        map.apply(point, &mut image, &mut map.workspace());
        self.probe.on.store(false, Ordering::Relaxed);
        let seen = self.probe.seen.lock().expect("no panic while locked");
        let ratio = |&id: &usize| {
            if self.clears {
                point[point.len() - banks + id]
            } else {
                1.0
            }
        };
        State {
            status: solution.map(|solution| solution.status),
            width: solution
                .and_then(|solution| solution.bracket.as_ref())
                .map(|bracket| bracket.width),
            prices: self.asset_ids.iter().map(|&id| point[id]).collect(),
            ratios: self.bank_ids.iter().map(ratio).collect(),
            sold: self.asset_ids.iter().map(|&id| seen.sold[id]).collect(),
            fractions: self.bank_ids.iter().map(|&id| seen.fractions[id]).collect(),
            image_is_point: image == point,
        }
    }
}

/// What a solution looks like, in the order of the case.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub status: Option<Status>,
    pub width: Option<f64>,
    pub prices: Vec<f64>,
    /// Payment ratios; 1 where claims are worth their face.
    pub ratios: Vec<f64>,
    /// Money at the initial price of the units sold, by asset.
    pub sold: Vec<f64>,
    /// The fraction of its holdings that each institution must sell.
    pub fractions: Vec<f64>,
    /// Whether one more application of the map changes no bit.
    pub image_is_point: bool,
}

impl State {
    /// Whether iteration became stationary, so that zero tolerance is promised.
    pub fn settled(&self) -> bool {
        matches!(self.status, None | Some(Status::Certified | Status::Bracketed))
    }

    /// Whether some institution sells or fails to pay.
    pub fn binds(&self) -> bool {
        self.fractions.iter().any(|&fraction| fraction > 0.0) || self.ratios.iter().any(|&ratio| ratio < 1.0)
    }

    /// All that the order laws compare, oriented up = healthier.
    pub fn health(&self) -> Vec<(&'static str, usize, f64)> {
        let mut all = Vec::with_capacity(2 * (self.prices.len() + self.ratios.len()));
        let mut add = |name, values: &[f64], sign: f64| {
            all.extend(
                values
                    .iter()
                    .enumerate()
                    .map(|(n, value)| (name, n, sign * value)),
            );
        };
        add("price", &self.prices, 1.0);
        add("payment ratio", &self.ratios, 1.0);
        add("- money sold", &self.sold, -1.0);
        add("- fraction sold", &self.fractions, -1.0);
        all
    }
}

/// What rules and impact models see in one pass.
pub struct Probe {
    on: AtomicBool,
    seen: Mutex<Seen>,
}

struct Seen {
    fractions: Vec<f64>,
    sold: Vec<f64>,
}

impl Probe {
    fn new(banks: usize, assets: usize) -> Arc<Self> {
        Arc::new(Self {
            on: AtomicBool::new(false),
            seen: Mutex::new(Seen {
                fractions: vec![0.0; banks],
                sold: vec![0.0; assets],
            }),
        })
    }
}

struct WatchedRule {
    inner: Box<dyn Rule>,
    members: Vec<u32>,
    probe: Arc<Probe>,
}

impl Rule for WatchedRule {
    fn sales_into(&self, first: usize, sheets: &[BalanceSheet<'_>], sales: &mut [Sale]) {
        self.inner.sales_into(first, sheets, sales);
        if self.probe.on.load(Ordering::Relaxed) {
            let mut seen = self.probe.seen.lock().expect("no panic while locked");
            for (n, (sheet, sale)) in sheets.iter().zip(sales.iter()).enumerate() {
                seen.fractions[self.members[first + n] as usize] = sale.fraction(sheet);
            }
        }
    }

    fn sale_bounds_into(
        &self,
        first: usize,
        sheets: &[BalanceSheet<'_, Interval>],
        sales: &mut [Sale<Interval>],
    ) {
        self.inner.sale_bounds_into(first, sheets, sales);
    }

    fn encloses(&self) -> bool {
        self.inner.encloses()
    }

    fn sale_in_duals(
        &self,
        row: usize,
        sheet: &BalanceSheet<'_, Dual>,
        moved: Option<(&str, Dual)>,
    ) -> Option<Sale<Dual>> {
        self.inner.sale_in_duals(row, sheet, moved)
    }

    fn profile(&self, context: RuleContext) -> Profile {
        self.inner.profile(context)
    }
}

struct WatchedImpact {
    inner: Box<dyn ImpactModel>,
    probe: Arc<Probe>,
}

impl ImpactModel for WatchedImpact {
    fn prices_into(&self, market: Market<'_>, sold: &[f64], prices: &mut [f64]) {
        self.inner.prices_into(market, sold, prices);
        if self.probe.on.load(Ordering::Relaxed) {
            let mut seen = self.probe.seen.lock().expect("no panic while locked");
            seen.sold.copy_from_slice(sold);
        }
    }

    fn average_prices_into(&self, market: Market<'_>, sold: &[f64], prices: &mut [f64]) {
        self.inner.average_prices_into(market, sold, prices);
    }

    fn price_slopes(&self, market: Market<'_>, sold: &[f64]) -> Option<MarketSlopes> {
        self.inner.price_slopes(market, sold)
    }

    fn price_bounds_into(&self, market: Market<'_>, sold: &[f64], low: &mut [f64], high: &mut [f64]) {
        self.inner.price_bounds_into(market, sold, low, high);
    }

    fn average_price_bounds_into(&self, market: Market<'_>, sold: &[f64], low: &mut [f64], high: &mut [f64]) {
        self.inner.average_price_bounds_into(market, sold, low, high);
    }

    fn profile(&self) -> Profile {
        self.inner.profile()
    }

    fn has_average_prices(&self) -> bool {
        self.inner.has_average_prices()
    }
}

impl Case {
    /// Total assets of an institution in a state, computed here and not by the engine. Final prices only.
    pub fn assets_at(&self, n: usize, state: &State) -> f64 {
        let held = self.holdings[n]
            .iter()
            .zip(&state.prices)
            .map(|(units, price)| units * price)
            .sum::<f64>();
        let claims = self.debts.iter().filter(|debt| debt.1 == n);
        self.liquid_after(n) + held + claims.map(|debt| debt.2 * state.ratios[debt.0]).sum::<f64>()
    }

    /// What an institution with these assets pays to creditors outside, computed here and not by the engine.
    pub fn paid_outside(&self, n: usize, assets: f64) -> f64 {
        let (inside, outside) = (self.debts_of(n), self.banks[n].external);
        if self.clearing == Clearing::EisenbergNoeSenior {
            assets.clamp(0.0, outside)
        } else if assets >= inside + outside {
            outside
        } else {
            outside * (assets / (inside + outside)).max(0.0)
        }
    }
}
