//! Synthetic banking systems from a seed, shaped like real ones, of 5 to 1,000,000 institutions.
//!
//! What it imitates:
//!
//! * sizes with a Pareto tail: a few banks hold most assets (Janicki and Prescott 2006, for the United States);
//! * interbank amounts as uneven as sizes (Boss, Elsinger, Summer and Thurner 2004, for Austria);
//! * a core that lends among itself and to which the periphery is attached (Craig and von Peter 2014, for Germany;
//!   Fricke and Lux 2015, for Italy);
//! * equity of 4 to 9 % of assets, less at larger banks;
//! * portfolios that favour bonds of the own government (Battistini, Pagano and Simonelli 2014);
//! * market depth in proportion to turnover over volatility (Cont and Schaanning 2017).
//!
//! What it deliberately is not: a calibration to any country, year or bank. Magnitudes are stylised; the default
//! scenario is tuned so that a cascade runs through several channels without ending in collapse.
//!
//! All books close exactly: amounts are whole thousandths of the unit of money, each bank's interbank claims and
//! debts are the sums of its edges, and external liabilities are what remains. The same [`Generator`] gives the same
//! bytes on every platform, whatever the number of threads: draws come from ChaCha12 with one stream for each
//! subject, and every function beyond `+ - * /` and square roots is this project's own.
//!
//! ```
//! use delever_io::generate::Generator;
//! let synthetic = Generator::default().generate()?;
//! assert_eq!(synthetic.institutions.len(), 50);
//! assert!(synthetic.to_csv()["institutions.csv"].starts_with("id,name,kind,cash,"));
//! assert!(synthetic.scenario_toml().contains("rule = \"leverage-cap\""));
//! # Ok::<(), delever_io::generate::GenerateError>(())
//! ```

mod assets;
mod csv;
mod draws;
mod money;
mod network;
mod portfolios;
mod scenario;
mod sizes;
#[cfg(test)]
mod tests;

pub use scenario::{MAX_LEVERAGE, PRICE_SHOCK};

use delever_network::{ContagionGraph, ContagionGraphBuilder, GraphError};
use delever_portfolio::{BuildError, Institution, System, SystemBuilder};
use money::{Thousandths, money};

/// Fewest and most institutions.
pub const INSTITUTIONS: (usize, usize) = (5, 1_000_000);
/// Fewest and most assets.
pub const ASSETS: (usize, usize) = (1, 1_000_000);
/// Most holdings, and most debts, in the whole system.
const LARGEST_TABLE: usize = 1 << 30;

/// What to generate. Start from [`Generator::default`] and change what matters.
///
/// ```
/// use delever_io::generate::Generator;
/// let generator = Generator { seed: 7, institutions: 20, ..Generator::default() };
/// assert_eq!(generator.generate()?, generator.generate()?);
/// # Ok::<(), delever_io::generate::GenerateError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Generator {
    /// Every seed is another system. Default 302, whose default scenario shows every channel at once: sales, sell-outs,
    /// defaults by fire sales and defaults by claims. With 50 banks, among seeds 1 to 400, amplification is 2.6 in the
    /// median and within 1.7 to 3.6 for four out of five; a bank defaults for one seed in three.
    pub seed: u64,
    /// Number of banks, 5 to 1,000,000. Default 50.
    pub institutions: usize,
    /// Number of marketable assets, 1 to 1,000,000. Default 12: one of each class (sovereign bonds of six
    /// countries, covered, bank, corporate and high-yield bonds, securitisations, equities). More than 12 are series
    /// of these classes; fewer are the first classes of a fixed list that begins with corporate bonds.
    pub assets: usize,
    /// Mean number of assets that a bank holds, at least 1; banks differ by up to a third. Default 10. No bank holds
    /// more assets than there are.
    pub holdings_per_institution: usize,
    /// Mean number of debts that a bank owes to banks, at least 2. Default 6. Approximate: every bank has a debt and
    /// a claim, and very small systems have room for fewer.
    pub debts_per_institution: usize,
    /// Share of banks in the core, above 0 and at most 0.5. Default 0.15. At least two banks are; in large systems
    /// the core is smaller, so that it can be dense with a third of all debts.
    pub core_share: f64,
    /// Exponent `alpha` of the tail of sizes, `P(S > s) ~ s^-alpha`, 0.8 to 5; smaller is more unequal. Default 1.1.
    pub size_tail: f64,
    /// Upper bound of total assets of the largest bank, money, 1e5 to 1e9. Default 1,500,000: with millions of euros
    /// as the unit of money, the order of the largest bank of the euro area.
    pub largest_assets: f64,
}

impl Default for Generator {
    fn default() -> Self {
        Self {
            seed: 302,
            institutions: 50,
            assets: 12,
            holdings_per_institution: 10,
            debts_per_institution: 6,
            core_share: 0.15,
            size_tail: 1.1,
            largest_assets: 1_500_000.0,
        }
    }
}

/// Why a system cannot be generated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GenerateError {
    /// A count lies outside its range.
    #[error("{field} = {given} is not within {least} to {most}")]
    Count {
        /// The field of [`Generator`].
        field: &'static str,
        /// What was asked for.
        given: usize,
        /// The least that is possible.
        least: usize,
        /// The most that is possible.
        most: usize,
    },
    /// A parameter lies outside its range, or is no number.
    #[error("{field} = {given} is not within {least} to {most}")]
    Parameter {
        /// The field of [`Generator`].
        field: &'static str,
        /// What was asked for.
        given: f64,
        /// The least that is allowed.
        least: f64,
        /// The most that is allowed.
        most: f64,
    },
    /// Institutions times holdings, or debts, of each are too many for one system.
    #[error("{institutions} institutions with {each} {field} are more than 2^30 in all")]
    TooLarge {
        /// The field of [`Generator`].
        field: &'static str,
        /// Number of institutions.
        institutions: usize,
        /// Number for each of them.
        each: usize,
    },
}

/// A bank. All amounts are money; `total assets = cash + marketable + interbank_claims + other_assets` and
/// `total assets = external_liabilities + interbank_debts + equity`.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntheticInstitution {
    /// Text id such as `B001`; ids ascend with the position, and size descends.
    pub id: String,
    /// Name for people, such as `Bank 001 (core)`.
    pub name: String,
    /// Whether it belongs to the core of the network.
    pub core: bool,
    /// Country of its home bias, ISO 3166 alpha-2.
    pub country: &'static str,
    /// Cash.
    pub cash: f64,
    /// Holdings at initial prices.
    pub marketable: f64,
    /// What other banks owe it, at face.
    pub interbank_claims: f64,
    /// Loans and all else.
    pub other_assets: f64,
    /// Debts to creditors outside the system: deposits, bonds.
    pub external_liabilities: f64,
    /// What it owes to other banks, at face.
    pub interbank_debts: f64,
    /// Assets less liabilities.
    pub equity: f64,
}

impl SyntheticInstitution {
    /// Cash, holdings, interbank claims and other assets, money.
    pub fn total_assets(&self) -> f64 {
        self.cash + self.marketable + self.interbank_claims + self.other_assets
    }
}

/// A marketable asset.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntheticAsset {
    /// Text id such as `corporate_bonds`; ids ascend with the position.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Id of its class; equal to `id` where there is one asset for each class.
    pub class: &'static str,
    /// Initial price, money per unit: 1, so that quantities read as money.
    pub price: f64,
    /// Market depth, money: under exponential impact, sales of `depth` cut the price to `1/e`.
    pub depth: f64,
    /// Average daily volume, money.
    pub adv: f64,
    /// Standard deviation of the daily return.
    pub volatility: f64,
    /// Price at which outside buyers take any amount, money per unit.
    pub price_floor: f64,
    /// Regulatory risk weight; 1 is 100 %.
    pub risk_weight: f64,
}

/// What one institution holds of one asset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SyntheticHolding {
    /// Position of the holder.
    pub institution: u32,
    /// Position of the asset.
    pub asset: u32,
    /// Units.
    pub quantity: f64,
}

/// What one institution owes to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SyntheticDebt {
    /// Position of the institution that owes.
    pub debtor: u32,
    /// Position of the institution that is owed.
    pub creditor: u32,
    /// Face amount, money.
    pub amount: f64,
}

/// A generated system. Positions are those of the vectors, which stand in ascending order of ids: the same as in
/// [`System`] and [`ContagionGraph`].
#[derive(Clone, Debug, PartialEq)]
pub struct SyntheticSystem {
    /// What it was generated from.
    pub generator: Generator,
    /// Banks, largest first.
    pub institutions: Vec<SyntheticInstitution>,
    /// Assets.
    pub assets: Vec<SyntheticAsset>,
    /// Holdings, sorted by institution and asset, no pair twice.
    pub holdings: Vec<SyntheticHolding>,
    /// Debts, sorted by debtor and creditor, no pair twice.
    pub debts: Vec<SyntheticDebt>,
    /// How far the network, before rounding to thousandths, is from the interbank claims and debts that were drawn
    /// for each bank: the largest relative distance. At most `1e-12` unless the fit was cut short, as it is above
    /// some 5 million debts; the books close either way.
    pub residual: f64,
}

impl Generator {
    /// Generates the system; time and memory grow in proportion to the number of holdings and debts.
    ///
    /// Interbank claims and debts of each bank are drawn first, then the network is fitted to them in a bounded number
    /// of sweeps. Books follow the network, so they close exactly in any case.
    pub fn generate(&self) -> Result<SyntheticSystem, GenerateError> {
        self.check()?;
        let core = network::core_size(self);
        let frames = sizes::frames(self, core);
        let issues = assets::issues(self);
        let portfolios = portfolios::portfolios(self, &frames, &issues);
        let network = network::network(self, &frames, core);
        let mut claims: Vec<Thousandths> = vec![0; frames.len()];
        let mut debts: Vec<Thousandths> = vec![0; frames.len()];
        for &(debtor, creditor, amount) in &network.debts {
            debts[debtor as usize] += amount;
            claims[creditor as usize] += amount;
        }
        let digits = frames.len().to_string().len().max(3);
        let institutions = frames
            .iter()
            .enumerate()
            .map(|(n, frame)| {
                let (marketable, claims, debts) = (portfolios.securities[n], claims[n], debts[n]);
                let total = frame.total_assets;
                let place = if n < core { "core" } else { "periphery" };
                SyntheticInstitution {
                    id: format!("B{:0digits$}", n + 1),
                    name: format!("Bank {:0digits$} ({place})", n + 1),
                    core: n < core,
                    country: portfolios.countries[n],
                    cash: money(frame.cash),
                    marketable: money(marketable),
                    interbank_claims: money(claims),
                    other_assets: money(total - frame.cash - marketable - claims),
                    external_liabilities: money(total - frame.equity - debts),
                    interbank_debts: money(debts),
                    equity: money(frame.equity),
                }
            })
            .collect();
        Ok(SyntheticSystem {
            generator: self.clone(),
            institutions,
            assets: assets::assets(issues, &portfolios.volumes),
            holdings: portfolios.holdings,
            debts: network
                .debts
                .iter()
                .map(|&(debtor, creditor, amount)| SyntheticDebt {
                    debtor,
                    creditor,
                    amount: money(amount),
                })
                .collect(),
            residual: network.residual,
        })
    }

    fn check(&self) -> Result<(), GenerateError> {
        let count = |field, given, (least, most)| {
            if (least..=most).contains(&given) {
                Ok(())
            } else {
                Err(GenerateError::Count {
                    field,
                    given,
                    least,
                    most,
                })
            }
        };
        count("institutions", self.institutions, INSTITUTIONS)?;
        count("assets", self.assets, ASSETS)?;
        let holdings = ("holdings_per_institution", self.holdings_per_institution);
        let debts = ("debts_per_institution", self.debts_per_institution);
        count(holdings.0, holdings.1, (1, ASSETS.1))?;
        count(debts.0, debts.1, (2, INSTITUTIONS.1))?;
        for ((field, each), possible) in [(holdings, self.assets), (debts, self.institutions - 1)] {
            let each = each.min(possible);
            if self.institutions * each > LARGEST_TABLE {
                return Err(GenerateError::TooLarge {
                    field,
                    institutions: self.institutions,
                    each,
                });
            }
        }
        for (field, given, least, most) in [
            ("core_share", self.core_share, f64::MIN_POSITIVE, 0.5),
            ("size_tail", self.size_tail, 0.8, 5.0),
            ("largest_assets", self.largest_assets, 1e5, 1e9),
        ] {
            if !(given >= least && given <= most) {
                return Err(GenerateError::Parameter {
                    field,
                    given,
                    least,
                    most,
                });
            }
        }
        Ok(())
    }
}

impl SyntheticSystem {
    /// Balance sheets and portfolios, without a detour through tables.
    pub fn system(&self) -> Result<System, Vec<BuildError>> {
        let mut builder = SystemBuilder::new();
        for asset in &self.assets {
            builder.asset(&asset.id, asset.price);
        }
        for institution in &self.institutions {
            builder.institution(
                &institution.id,
                Institution {
                    cash: institution.cash,
                    other_assets: institution.other_assets,
                    external_liabilities: institution.external_liabilities,
                },
            );
        }
        for holding in &self.holdings {
            let holder = &self.institutions[holding.institution as usize].id;
            builder.holding(holder, &self.assets[holding.asset as usize].id, holding.quantity);
        }
        builder.build()
    }

    /// Debts between institutions, without a detour through tables.
    pub fn graph(&self) -> Result<ContagionGraph, Vec<GraphError>> {
        let mut builder = ContagionGraphBuilder::new(self.institutions.len());
        for debt in &self.debts {
            builder.debt(debt.debtor, debt.creditor, debt.amount, 0);
        }
        builder.build()
    }
}
