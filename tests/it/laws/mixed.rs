//! Random systems of every model there is, ordered or not: what laws about enclosures of all equilibria are tested on.

use super::systems::{Case, Tape};
use delever::cascade::{Cascade, CascadeMap, Models, RuleBlock, Shock};
use delever::core::{
    BalanceSheet, Claims, CreditDefaultSwap, Execution, ImpactModel, NoColumns, PerAsset, PerInstitution,
    Rule, RuleKernel, Sale, SparseRows, Strategy,
};
use delever::impact::{
    CrossMatrix, DepthRow, Exponential, FlooredExponential, FlooredRow, Linear, Power, PowerRow, SquareRoot,
    SquareRootRow,
};
use delever::network::clearing::{
    EisenbergNoe, EisenbergNoeRow, ElliottGolubJackson, Elsinger, ExternalRank, FaceValue, FailureRow,
    OneLayer, RecoveryRow, RogersVeraart, RogersVeraartRow,
};
use delever::network::valuation::{
    BlackCox, DebtRank, DebtRankRow, Furfine, FurfineMerton, FurfineRow, Merton, StructuralRow,
};
use delever::network::{ContagionGraph, ContagionGraphBuilder};
use delever::portfolio::rules::{
    CapitalRatio, CapitalRatioRow, FundingWithdrawal, FundingWithdrawalRow, Haircut, LeverageCap,
    LeverageCapRow, LeverageTarget, LeverageTargetRow, LeverageThreshold, LeverageThresholdRow, Liquidity,
    LiquidityShortfall, LiquidityShortfallRow, Margin, NoSales, Redemption, RedemptionRow, RiskWeight,
    SellOnDefault, ValueAtRisk, ValueAtRiskRow,
};
use delever::portfolio::strategies::{ImpactCurve, LeastImpact, PeckingOrder, ProRata};
use delever::portfolio::{Institution, SystemBuilder};

/// A third party's rule without bounds: whoever has failed sells nothing, others more the less equity they have.
struct FailedStopSelling;

impl RuleKernel for FailedStopSelling {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, _: &NoColumns, _: &[NoColumns]) -> Sale {
        let equity = sheet.assets() - sheet.liabilities;
        Sale::Fraction(if equity < 0.0 { 0.0 } else { 0.5 / (1.0 + equity) })
    }
}

/// A random system and its models as they were drawn.
#[derive(Clone, Debug)]
pub struct Mixed {
    case: Case,
    rules: Vec<(usize, f64, f64)>,
    impact: (usize, f64, f64),
    strategy: usize,
    claims: usize,
    execution: Execution,
    swaps: Vec<CreditDefaultSwap>,
    shares: Vec<(usize, usize, f64)>,
}

/// Kinds of rules, of impact, of claims.
const RULES: usize = 13;
const IMPACTS: usize = 7;
const CLAIMS: usize = 11;

impl Mixed {
    pub fn draw(tape: &mut Tape<'_>) -> Self {
        let case = Case::draw_with_edges(tape);
        let count = case.banks.len();
        let execution = if tape.unit() > 0.75 {
            Execution::Vwap
        } else {
            Execution::Terminal
        };
        let impact = (tape.pick(IMPACTS), tape.unit(), tape.unit());
        let (strategy, claims) = (tape.pick(11), tape.pick(CLAIMS + 4).checked_sub(4).unwrap_or(2));
        let same = tape.maybe(0.3, 0.0, RULES as f64);
        let rules = (0..count)
            .map(|_| {
                let kind = same.map_or_else(|| tape.pick(RULES), |kind| kind as usize);
                (kind, tape.unit(), tape.unit())
            })
            .collect();
        let mut swaps = Vec::new();
        if count > 1 {
            let size: f64 = case.banks[0].cash + case.banks[0].other + case.value_of(0, |asset| asset.price);
            for _ in 0..tape.pick(5) {
                let (writer, holder, reference) = (
                    tape.pick(count),
                    1 + tape.pick(count - 1),
                    1 + tape.pick(count - 1),
                );
                swaps.push(CreditDefaultSwap {
                    writer: writer as u32,
                    holder: ((writer + holder) % count) as u32,
                    reference: ((writer + reference) % count) as u32,
                    notional: (size * tape.across(0.05, 5.0)).max(1e-3),
                });
            }
        }
        let mut shares = Vec::new();
        for holder in 0..count {
            for issuer in 0..count {
                if holder != issuer
                    && let Some(fraction) = tape.maybe(0.2, 0.05, 0.9 / count as f64)
                {
                    shares.push((holder, issuer, fraction));
                }
            }
        }
        Self {
            case,
            rules,
            impact,
            strategy,
            claims,
            execution,
            swaps,
            shares,
        }
    }

    /// Whether sellers are paid average prices.
    pub fn pays_averages(&self) -> bool {
        self.execution == Execution::Vwap
    }

    /// The same system without sales, and with claims that can be hedged.
    pub fn clearing_alone(mut self) -> Self {
        self.claims = 1 + self.claims % 3;
        for rule in &mut self.rules {
            rule.0 = 0;
        }
        self
    }

    /// Compiles the system and hands its map on; `None` where what was drawn does not fit together.
    pub fn wire<R>(&self, use_it: impl FnOnce(&Cascade<'_>, &CascadeMap<'_>) -> R) -> Option<R> {
        let case = &self.case;
        let mut builder = SystemBuilder::new();
        for asset in &case.assets {
            builder.asset(&asset.name, asset.price);
        }
        for (bank, row) in case.banks.iter().zip(&case.holdings) {
            let amounts = Institution {
                cash: bank.cash,
                other_assets: bank.other,
                external_liabilities: bank.external,
            };
            builder.institution(&bank.name, amounts);
            for (asset, &units) in case.assets.iter().zip(row) {
                if units > 0.0 {
                    builder.holding(&bank.name, &asset.name, units);
                }
            }
        }
        let system = builder.build().expect("drawn systems are valid");
        let mut builder = ContagionGraphBuilder::new(case.banks.len());
        // Elliott, Golub and Jackson know no debts between organisations.
        if self.claims != 6 {
            for (n, &(debtor, creditor, amount)) in case.debts.iter().enumerate() {
                let seniority = if matches!(self.claims, 4 | 5) {
                    n as u32 % 2
                } else {
                    0
                };
                builder.debt(debtor as u32, creditor as u32, amount, seniority);
            }
        }
        if matches!(self.claims, 4..=6) {
            for &(holder, issuer, fraction) in &self.shares {
                builder.shareholding(holder as u32, issuer as u32, fraction);
            }
        }
        let graph = builder.build().expect("drawn debts are valid");
        let models = Models {
            impact: self.impact_model(),
            execution: self.execution,
            rules: self.rule_blocks(),
            strategy: self.strategy(),
            claims: self.claims(&graph)?,
        };
        let shock = Shock {
            prices: case.assets.iter().map(|asset| asset.change).collect(),
            cash: case.banks.iter().map(|bank| bank.cash_change).collect(),
            other_assets: case.banks.iter().map(|bank| bank.other_change).collect(),
            outside_assets: case.banks.iter().map(|bank| bank.outside).collect(),
        };
        let cascade = Cascade::new(&system, &graph, models).ok()?;
        let map = CascadeMap::new(&cascade, &shock).expect("drawn shocks fit");
        Some(use_it(&cascade, &map))
    }

    fn impact_model(&self) -> Box<dyn ImpactModel> {
        let (kind, u, v) = self.impact;
        let assets = &self.case.assets;
        let depth = |k: usize| DepthRow {
            depth: assets[k].depth,
        };
        let count = assets.len();
        match kind {
            0 => Box::new(PerAsset::new(Linear, (0..count).map(depth).collect())),
            1 => Box::new(PerAsset::new(Exponential, (0..count).map(depth).collect())),
            2 => {
                let row = |k: usize| PowerRow {
                    c: assets[k].c,
                    g: assets[k].g,
                    depth: assets[k].depth,
                };
                Box::new(PerAsset::new(Power, (0..count).map(row).collect()))
            }
            3 => {
                let row = |k: usize| SquareRootRow {
                    kappa: assets[k].kappa,
                    volatility: assets[k].volatility,
                    adv: assets[k].depth,
                };
                Box::new(PerAsset::new(SquareRoot, (0..count).map(row).collect()))
            }
            4 => {
                let row = |k: usize| FlooredRow {
                    depth: assets[k].depth,
                    price_floor: assets[k].floor,
                };
                Box::new(PerAsset::new(FlooredExponential, (0..count).map(row).collect()))
            }
            // Selling one asset lowers, or raises, the prices of others.
            kind => {
                let mut triplets = Vec::new();
                for k in 0..count {
                    for (l, seller) in assets.iter().enumerate() {
                        let own = 1.0 / seller.depth;
                        let across = if kind == 5 { u } else { u - v };
                        triplets.push((k as u32, l as u32, if k == l { own } else { own * across }));
                    }
                }
                Box::new(CrossMatrix::new(SparseRows::from_triplets(
                    count, count, &triplets,
                )))
            }
        }
    }

    fn strategy(&self) -> Box<dyn Strategy> {
        let assets = &self.case.assets;
        match self.strategy {
            0..=6 => Box::new(ProRata),
            7..=9 => {
                let liquidity: Vec<f64> = assets.iter().map(|asset| asset.liquidity).collect();
                Box::new(PeckingOrder::by_liquidity(&liquidity))
            }
            _ => {
                let same = self.impact.1 > 0.5;
                let curves: Vec<_> = assets
                    .iter()
                    .map(|asset| ImpactCurve {
                        c: asset.c,
                        g: if same { 1.0 } else { asset.g },
                        depth: asset.depth,
                    })
                    .collect();
                let prices: Vec<f64> = assets.iter().map(|asset| asset.price).collect();
                Box::new(LeastImpact::new(&curves, &prices))
            }
        }
    }

    fn rule(&self, n: usize) -> Box<dyn Rule> {
        let bank = &self.case.banks[n];
        let (kind, u, v) = self.rules[n];
        let none = || vec![NoColumns {}];
        let ratio = (1.0 / bank.max_leverage).max(1e-6);
        let weights = |scale: f64| {
            let assets = self.case.assets.iter();
            assets
                .map(|asset| RiskWeight {
                    risk_weight: scale * asset.risk_weight,
                })
                .collect::<Vec<_>>()
        };
        match kind {
            0 => Box::new(PerInstitution::new(NoSales, none(), vec![])),
            1 => Box::new(PerInstitution::new(SellOnDefault, none(), vec![])),
            2 => {
                let row = LeverageTargetRow {
                    target_leverage: (u > 0.5)
                        .then_some(bank.max_leverage.clamp(1.0, 1e6) * (0.5 + v))
                        .map(|t| t.max(1.0)),
                    two_sided: true,
                };
                Box::new(PerInstitution::new(LeverageTarget, vec![row], vec![]))
            }
            3 => {
                let row = LeverageTargetRow {
                    target_leverage: None,
                    two_sided: u > 0.3,
                };
                Box::new(PerInstitution::new(LeverageTarget, vec![row], vec![]))
            }
            4 => {
                let row = ValueAtRiskRow {
                    leverage_scale: 0.05 + 4.0 * u,
                    cyclicality: [-0.5, -1.0, 0.3, 0.0][(v * 3.99) as usize],
                    historic_volatility: if u > 0.8 { 0.0 } else { 0.2 * v },
                    volatility_offset: if v > 0.7 { 0.05 } else { 0.0 },
                    shock_weight: u * v,
                };
                Box::new(PerInstitution::new(ValueAtRisk, vec![row], vec![]))
            }
            5 => {
                let row = RedemptionRow {
                    base_flow: 0.2 * v - 0.1,
                    gate: 0.3 + 0.7 * u,
                    swing_price: 0.05 * v,
                    liquidity: if u > 0.4 {
                        Liquidity::CashFirst
                    } else {
                        Liquidity::VerticalSlice
                    },
                    cash_buffer: 0.2 * u,
                    ..RedemptionRow::sensitivity(2.0 * v)
                };
                Box::new(PerInstitution::new(Redemption, vec![row], vec![]))
            }
            6 => {
                let row = CapitalRatioRow {
                    min_ratio: bank.min_ratio,
                    other_risk_weight: 10.0 * u,
                };
                Box::new(PerInstitution::new(CapitalRatio, vec![row], weights(20.0 * v)))
            }
            7 => {
                let margins = self.case.assets.iter().map(|asset| Margin {
                    haircut: 0.3 * u * asset.risk_weight.min(1.0),
                    procyclicality: 2.0 * v,
                });
                Box::new(PerInstitution::new(Haircut, none(), margins.collect()))
            }
            8 => {
                let row = LeverageThresholdRow {
                    act_below: ratio,
                    target: (ratio * (1.0 + 0.3 * u)).clamp(ratio, 0.9995),
                    default_below: (v > 0.5).then_some(0.2 * ratio),
                };
                Box::new(PerInstitution::new(LeverageThreshold, vec![row], vec![]))
            }
            9 => {
                let row = FundingWithdrawalRow {
                    run_below: ratio,
                    run_complete_below: ratio * u,
                };
                Box::new(PerInstitution::new(FundingWithdrawal, vec![row], vec![]))
            }
            10 => {
                let row = LiquidityShortfallRow {
                    withdrawals: bank.withdrawals,
                };
                Box::new(PerInstitution::new(LiquidityShortfall, vec![row], vec![]))
            }
            11 => Box::new(PerInstitution::new(
                LeverageCap,
                vec![LeverageCapRow::cap(bank.max_leverage)],
                vec![],
            )),
            _ => Box::new(PerInstitution::new(FailedStopSelling, none(), vec![])),
        }
    }

    fn rule_blocks(&self) -> Vec<RuleBlock> {
        let block = |n: usize| RuleBlock {
            name: format!("r{n}"),
            rule: self.rule(n),
            members: vec![n as u32],
        };
        (0..self.case.banks.len()).map(block).collect()
    }

    fn claims(&self, graph: &ContagionGraph) -> Option<Box<dyn Claims>> {
        let banks = &self.case.banks;
        let count = banks.len();
        let layer = graph.debts().first();
        let debts = layer.map_or_else(|| SparseRows::empty(count, count), |(_, layer)| layer.clone());
        let external: Vec<f64> = banks.iter().map(|bank| bank.external).collect();
        let noe = |external| vec![EisenbergNoeRow { external }; count];
        let structural = || {
            let row = |n: usize| StructuralRow {
                asset_volatility: 0.02 + 0.3 * banks[n].alpha,
                maturity: 1.0,
                recovery: banks[n].beta,
            };
            (0..count).map(row).collect::<Vec<_>>()
        };
        Some(match self.claims {
            0 => Box::new(FaceValue::new(count)),
            1 => {
                let model = OneLayer::new(EisenbergNoe, noe(ExternalRank::PariPassu), debts, &external);
                Box::new(model.with_credit_default_swaps(&self.swaps))
            }
            2 => {
                let row = |bank: &super::systems::Bank| RogersVeraartRow::pari_passu(bank.alpha, bank.beta);
                let rows = banks.iter().map(row).collect();
                let model = OneLayer::new(RogersVeraart, rows, debts, &external);
                Box::new(model.with_credit_default_swaps(&self.swaps))
            }
            3 => {
                let model = OneLayer::new(EisenbergNoe, noe(ExternalRank::Senior), debts, &external);
                Box::new(model.with_credit_default_swaps(&self.swaps))
            }
            4 => Box::new(Elsinger::new(graph.debts(), graph.shareholdings(), &external).ok()?),
            5 => {
                let row = |bank: &super::systems::Bank| RecoveryRow {
                    alpha: bank.alpha,
                    beta: bank.beta,
                    kappa: bank.alpha * bank.beta,
                };
                let model = Elsinger::new(graph.debts(), graph.shareholdings(), &external).ok()?;
                Box::new(model.with_default_costs(banks.iter().map(row).collect()))
            }
            6 => {
                let row = |bank: &super::systems::Bank| FailureRow {
                    failure_value: bank.cash * bank.beta,
                    failure_cost: bank.cash * bank.alpha,
                };
                let rows = banks.iter().map(row).collect();
                Box::new(ElliottGolubJackson::new(graph.shareholdings(), rows).ok()?)
            }
            7 => {
                let rows = banks.iter().map(|bank| FurfineRow { recovery: bank.beta });
                Box::new(OneLayer::new(Furfine, rows.collect(), debts, &external))
            }
            8 => Box::new(OneLayer::new(
                DebtRank,
                vec![DebtRankRow::default(); count],
                debts,
                &external,
            )),
            9 => Box::new(OneLayer::new(BlackCox, structural(), debts, &external)),
            10 if self.impact.1 > 0.5 => Box::new(OneLayer::new(Merton, structural(), debts, &external)),
            _ => Box::new(OneLayer::new(FurfineMerton, structural(), debts, &external)),
        })
    }
}
