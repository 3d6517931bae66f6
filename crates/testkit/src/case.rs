//! Small systems written down densely: one description from which every engine gets its input.

use delever::cascade::{Models, RuleBlock, Shock};
use delever::core::{ClaimKernel, Claims, ImpactModel, PerAsset, PerInstitution, Rule};
use delever::impact::{
    DepthRow, Exponential, FlooredExponential, FlooredRow, Linear, NoImpact, Power, PowerRow, SquareRoot,
    SquareRootRow,
};
use delever::network::clearing::{
    EisenbergNoe, EisenbergNoeRow, ExternalRank, FaceValue, OneLayer, RogersVeraart, RogersVeraartRow,
};
use delever::network::valuation::{Furfine, FurfineRow};
use delever::network::{ContagionGraph, ContagionGraphBuilder};
use delever::portfolio::rules::{
    CapitalRatio, CapitalRatioRow, FundingWithdrawal, FundingWithdrawalRow, LeverageCap, LeverageCapRow,
    LeverageThreshold, LeverageThresholdRow, LiquidityShortfall, LiquidityShortfallRow, NoSales, RiskWeight,
    SellOnDefault,
};
use delever::portfolio::strategies::{PeckingOrder, ProRata};
use delever::portfolio::{Institution, System, SystemBuilder};

/// A deleveraging rule with the parameters of one institution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CaseRule {
    /// Sells nothing.
    None,
    /// `leverage-cap` by `max_leverage`.
    MaxLeverage(f64),
    /// `leverage-cap` by `min_leverage_ratio`.
    MinLeverageRatio(f64),
    /// `capital-ratio`; risk weights of assets stand in [`Case::risk_weights`].
    CapitalRatio {
        /// Equity over risk-weighted assets.
        min_ratio: f64,
        /// Weight of other assets and claims.
        other_risk_weight: f64,
    },
    /// `liquidity-shortfall` with these `withdrawals`.
    LiquidityShortfall(f64),
    /// `sell-on-default`.
    SellOnDefault,
    /// `leverage-threshold`, equity over assets.
    LeverageThreshold {
        /// Acts strictly below it.
        act_below: f64,
        /// Sells to it.
        target: f64,
        /// Sells everything strictly below it.
        default_below: Option<f64>,
    },
    /// `funding-withdrawal`, equity over assets.
    FundingWithdrawal {
        /// Creditors begin to withdraw strictly below it.
        run_below: f64,
        /// From it on down they withdraw everything.
        run_complete_below: f64,
    },
}

/// A price-impact model with the parameters of each asset; depths stand in [`Case::depths`].
#[derive(Clone, Debug, PartialEq)]
pub enum CaseImpact {
    /// Prices stay.
    None,
    /// `max(0, 1 - Q / depth)`.
    Linear,
    /// `exp(-Q / depth)`.
    Exponential,
    /// `max(0, 1 - c (Q / depth)^g)`.
    Power {
        /// By asset.
        c: Vec<f64>,
        /// By asset.
        g: Vec<f64>,
    },
    /// `max(0, 1 - kappa volatility sqrt(Q / depth))`: the depth is the daily volume.
    SquareRoot {
        /// By asset.
        kappa: Vec<f64>,
        /// By asset.
        volatility: Vec<f64>,
    },
    /// Exponential down to a floor.
    FlooredExponential {
        /// By asset, below the initial price.
        price_floors: Vec<f64>,
    },
}

/// A clearing model with the parameters of each institution.
#[derive(Clone, Debug, PartialEq)]
pub enum CaseClearing {
    /// Claims at face.
    None,
    /// `eisenberg-noe`; by institution, whether external creditors are senior.
    EisenbergNoe {
        /// By institution.
        external_senior: Vec<bool>,
    },
    /// `rogers-veraart`.
    RogersVeraart {
        /// By institution.
        alpha: Vec<f64>,
        /// By institution.
        beta: Vec<f64>,
    },
    /// `furfine`, by institution what is recovered of one unit of face value.
    Furfine {
        /// By institution.
        recovery: Vec<f64>,
    },
}

/// Which assets sellers sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseStrategy {
    /// The same fraction of each.
    ProRata,
    /// The deepest first.
    MostLiquidFirst,
}

/// A small system, its models and a shock. Institutions and assets are numbered; ids keep that order.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// By institution, money.
    pub cash: Vec<f64>,
    /// By institution, money.
    pub other_assets: Vec<f64>,
    /// By institution, money.
    pub external_liabilities: Vec<f64>,
    /// `holdings[i][k]`: units of asset `k` that institution `i` holds.
    pub holdings: Vec<Vec<f64>>,
    /// By asset, before the shock.
    pub prices: Vec<f64>,
    /// By asset, relative change.
    pub price_changes: Vec<f64>,
    /// By institution, money added to cash by the shock; negative takes away.
    pub outside_assets: Vec<f64>,
    /// `debts[i][j]`: what institution `i` owes to `j`, money.
    pub debts: Vec<Vec<f64>>,
    /// By institution.
    pub rules: Vec<CaseRule>,
    /// By asset, for `capital-ratio`.
    pub risk_weights: Vec<f64>,
    /// By asset, money; `inf` is no impact. Also ranks assets by liquidity.
    pub depths: Vec<f64>,
    /// How sales push prices.
    pub impact: CaseImpact,
    /// What claims are worth.
    pub clearing: CaseClearing,
    /// Which assets are sold.
    pub strategy: CaseStrategy,
    /// Whether sellers are paid the average price instead of the final one.
    pub vwap: bool,
}

impl Case {
    /// A system of `institutions` and `assets` with nothing on any balance sheet and prices of 1.
    pub fn empty(institutions: usize, assets: usize) -> Self {
        Self {
            cash: vec![0.0; institutions],
            other_assets: vec![0.0; institutions],
            external_liabilities: vec![0.0; institutions],
            holdings: vec![vec![0.0; assets]; institutions],
            prices: vec![1.0; assets],
            price_changes: vec![0.0; assets],
            outside_assets: vec![0.0; institutions],
            debts: vec![vec![0.0; institutions]; institutions],
            rules: vec![CaseRule::None; institutions],
            risk_weights: vec![1.0; assets],
            depths: vec![f64::INFINITY; assets],
            impact: CaseImpact::None,
            clearing: CaseClearing::None,
            strategy: CaseStrategy::ProRata,
            vwap: false,
        }
    }

    /// Number of institutions.
    pub fn institution_count(&self) -> usize {
        self.cash.len()
    }

    /// Number of assets.
    pub fn asset_count(&self) -> usize {
        self.prices.len()
    }

    /// Prices after the shock and before any sale: `price (1 + change)` in doubles, as every engine gets them.
    pub fn shocked_prices(&self) -> Vec<f64> {
        self.prices
            .iter()
            .zip(&self.price_changes)
            .map(|(price, change)| price * (1.0 + change))
            .collect()
    }

    /// Cash after the shock, rounded to doubles, as every engine gets it.
    pub fn cash_after(&self) -> Vec<f64> {
        self.cash
            .iter()
            .zip(&self.outside_assets)
            .map(|(cash, outside)| cash + outside)
            .collect()
    }

    /// Assets in the order in which `most-liquid-first` sells them.
    pub fn by_liquidity(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.asset_count()).collect();
        order.sort_by(|&a, &b| self.depths[b].total_cmp(&self.depths[a]).then(a.cmp(&b)));
        order
    }

    /// Whether the composition is isotone, so that a greatest and a least equilibrium exist.
    ///
    /// It is not where a risk weight times the minimum ratio exceeds 1. Under average-price execution it is not with
    /// `most-liquid-first`, nor with `sell-on-default`, thresholds and runs beside a clearing model, nor for a seller whose default
    /// destroys more of what debtors pay than of its own proceeds (`beta < alpha`): who receives more sells less, and
    /// the proceeds above the final price that it forgoes were worth more to its creditors.
    pub fn is_ordered(&self) -> bool {
        let clears = self.clearing != CaseClearing::None;
        if self.vwap && self.strategy == CaseStrategy::MostLiquidFirst {
            return false;
        }
        if let CaseClearing::RogersVeraart { alpha, beta } = &self.clearing
            && self.vwap
            && alpha.iter().zip(beta).any(|(alpha, beta)| beta < alpha)
        {
            return false;
        }
        self.rules.iter().all(|rule| match *rule {
            CaseRule::SellOnDefault
            | CaseRule::LeverageThreshold { .. }
            | CaseRule::FundingWithdrawal { .. } => !(self.vwap && clears),
            CaseRule::CapitalRatio {
                min_ratio,
                other_risk_weight,
            } => {
                self.risk_weights.iter().all(|weight| weight * min_ratio <= 1.0)
                    && (!clears || other_risk_weight * min_ratio <= 1.0)
            }
            _ => true,
        })
    }

    /// The frozen system.
    ///
    /// # Panics
    /// If an amount is outside the allowed range.
    pub fn system(&self) -> System {
        let mut builder = SystemBuilder::new();
        for (k, &price) in self.prices.iter().enumerate() {
            builder.asset(&asset_id(k), price);
        }
        for i in 0..self.institution_count() {
            builder.institution(
                &institution_id(i),
                Institution {
                    cash: self.cash[i],
                    other_assets: self.other_assets[i],
                    external_liabilities: self.external_liabilities[i],
                },
            );
            for (k, &units) in self.holdings[i].iter().enumerate() {
                if units != 0.0 {
                    builder.holding(&institution_id(i), &asset_id(k), units);
                }
            }
        }
        builder.build().expect("the case's amounts are in range")
    }

    /// The contagion graph.
    ///
    /// # Panics
    /// If a debt is outside the allowed range, or owed to oneself.
    pub fn graph(&self) -> ContagionGraph {
        let mut builder = ContagionGraphBuilder::new(self.institution_count());
        for (i, row) in self.debts.iter().enumerate() {
            for (j, &amount) in row.iter().enumerate() {
                if amount != 0.0 {
                    builder.debt(i as u32, j as u32, amount, 0);
                }
            }
        }
        builder.build().expect("the case's debts are in range")
    }

    /// The models, in the engine's own types. Institutions with one kind of rule form one block.
    pub fn models(&self) -> Models {
        Models {
            impact: self.impact_model(),
            execution: if self.vwap {
                delever::core::Execution::Vwap
            } else {
                delever::core::Execution::Terminal
            },
            rules: self.rule_blocks(),
            strategy: match self.strategy {
                CaseStrategy::ProRata => Box::new(ProRata),
                CaseStrategy::MostLiquidFirst => Box::new(PeckingOrder::by_liquidity(&self.depths)),
            },
            claims: self.claims(),
        }
    }

    /// The shock, in the engine's own type.
    pub fn shock(&self) -> Shock {
        let n = self.institution_count();
        Shock {
            prices: self.price_changes.clone(),
            cash: vec![0.0; n],
            other_assets: vec![0.0; n],
            outside_assets: self.outside_assets.clone(),
        }
    }

    /// The impact model, in the engine's own types.
    pub fn impact_model(&self) -> Box<dyn ImpactModel> {
        let depth_rows = || self.depths.iter().map(|&depth| DepthRow { depth }).collect();
        let assets = 0..self.asset_count();
        match &self.impact {
            CaseImpact::None => Box::new(PerAsset::new(
                NoImpact,
                assets.map(|_| delever::core::NoColumns {}).collect(),
            )),
            CaseImpact::Linear => Box::new(PerAsset::new(Linear, depth_rows())),
            CaseImpact::Exponential => Box::new(PerAsset::new(Exponential, depth_rows())),
            CaseImpact::Power { c, g } => {
                let row = |k: usize| PowerRow {
                    c: c[k],
                    g: g[k],
                    depth: self.depths[k],
                };
                Box::new(PerAsset::new(Power, assets.map(row).collect()))
            }
            CaseImpact::SquareRoot { kappa, volatility } => {
                let row = |k: usize| SquareRootRow {
                    kappa: kappa[k],
                    volatility: volatility[k],
                    adv: self.depths[k],
                };
                Box::new(PerAsset::new(SquareRoot, assets.map(row).collect()))
            }
            CaseImpact::FlooredExponential { price_floors } => {
                let row = |k: usize| FlooredRow {
                    depth: self.depths[k],
                    price_floor: price_floors[k],
                };
                Box::new(PerAsset::new(FlooredExponential, assets.map(row).collect()))
            }
        }
    }

    fn claims(&self) -> Box<dyn Claims> {
        match &self.clearing {
            CaseClearing::None => Box::new(FaceValue::new(self.institution_count())),
            CaseClearing::EisenbergNoe { external_senior } => self.one_layer(
                EisenbergNoe,
                external_senior
                    .iter()
                    .map(|&senior| EisenbergNoeRow {
                        external: if senior {
                            ExternalRank::Senior
                        } else {
                            ExternalRank::PariPassu
                        },
                    })
                    .collect(),
            ),
            CaseClearing::RogersVeraart { alpha, beta } => self.one_layer(
                RogersVeraart,
                alpha
                    .iter()
                    .zip(beta)
                    .map(|(&alpha, &beta)| RogersVeraartRow::pari_passu(alpha, beta))
                    .collect(),
            ),
            CaseClearing::Furfine { recovery } => self.one_layer(
                Furfine,
                recovery.iter().map(|&recovery| FurfineRow { recovery }).collect(),
            ),
        }
    }

    fn one_layer<K: ClaimKernel + 'static>(&self, kernel: K, rows: Vec<K::Row>) -> Box<dyn Claims> {
        let n = self.institution_count();
        let mut triplets = Vec::new();
        for creditor in 0..n {
            for debtor in 0..n {
                let amount = self.debts[debtor][creditor];
                if amount != 0.0 {
                    triplets.push((creditor as u32, debtor as u32, amount));
                }
            }
        }
        let debts = delever::core::SparseRows::from_triplets(n, n, &triplets);
        Box::new(OneLayer::new(kernel, rows, debts, &self.external_liabilities))
    }

    fn rule_blocks(&self) -> Vec<RuleBlock> {
        let mut blocks = Vec::new();
        let mut add = |name: &str, members: Vec<u32>, rule: Box<dyn Rule>| {
            if !members.is_empty() {
                blocks.push(RuleBlock {
                    name: name.to_owned(),
                    rule,
                    members,
                });
            }
        };
        let none = delever::core::NoColumns {};
        let (members, rows) = self.members(|rule| (*rule == CaseRule::None).then_some(none));
        add("", members, Box::new(PerInstitution::new(NoSales, rows, vec![])));
        let (members, rows) = self.members(|rule| match *rule {
            CaseRule::MaxLeverage(cap) => Some(LeverageCapRow::cap(cap)),
            CaseRule::MinLeverageRatio(ratio) => Some(LeverageCapRow {
                max_leverage: None,
                min_leverage_ratio: Some(ratio),
            }),
            _ => None,
        });
        add(
            "leverage-cap",
            members,
            Box::new(PerInstitution::new(LeverageCap, rows, vec![])),
        );
        let (members, rows) = self.members(|rule| match *rule {
            CaseRule::CapitalRatio {
                min_ratio,
                other_risk_weight,
            } => Some(CapitalRatioRow {
                min_ratio,
                other_risk_weight,
            }),
            _ => None,
        });
        let weights = self
            .risk_weights
            .iter()
            .map(|&risk_weight| RiskWeight { risk_weight })
            .collect();
        add(
            "capital-ratio",
            members,
            Box::new(PerInstitution::new(CapitalRatio, rows, weights)),
        );
        let (members, rows) = self.members(|rule| match *rule {
            CaseRule::LiquidityShortfall(withdrawals) => Some(LiquidityShortfallRow { withdrawals }),
            _ => None,
        });
        add(
            "shortfall",
            members,
            Box::new(PerInstitution::new(LiquidityShortfall, rows, vec![])),
        );
        let (members, rows) = self.members(|rule| match *rule {
            CaseRule::LeverageThreshold {
                act_below,
                target,
                default_below,
            } => Some(LeverageThresholdRow {
                act_below,
                target,
                default_below,
            }),
            _ => None,
        });
        add(
            "threshold",
            members,
            Box::new(PerInstitution::new(LeverageThreshold, rows, vec![])),
        );
        let (members, rows) = self.members(|rule| match *rule {
            CaseRule::FundingWithdrawal {
                run_below,
                run_complete_below,
            } => Some(FundingWithdrawalRow {
                run_below,
                run_complete_below,
            }),
            _ => None,
        });
        add(
            "run",
            members,
            Box::new(PerInstitution::new(FundingWithdrawal, rows, vec![])),
        );
        let (members, rows) = self.members(|rule| (*rule == CaseRule::SellOnDefault).then_some(none));
        add(
            "default",
            members,
            Box::new(PerInstitution::new(SellOnDefault, rows, vec![])),
        );
        blocks
    }

    fn members<R>(&self, row: impl Fn(&CaseRule) -> Option<R>) -> (Vec<u32>, Vec<R>) {
        self.rules
            .iter()
            .enumerate()
            .filter_map(|(i, rule)| Some((i as u32, row(rule)?)))
            .unzip()
    }
}

/// The id of an institution: ids sort as numbers do.
pub fn institution_id(number: usize) -> String {
    format!("b{number:02}")
}

/// The id of an asset.
pub fn asset_id(number: usize) -> String {
    format!("a{number:02}")
}
