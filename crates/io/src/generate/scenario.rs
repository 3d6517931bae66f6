//! The default scenario of a generated system: as a commented file, and as models and a shock ready to run.

use super::SyntheticSystem;
use super::assets::{CLASSES, SHOCKED_CLASS};
use delever_cascade::{Models, RuleBlock, Shock};
use delever_core::{Execution, PerAsset, PerInstitution, Role, SparseRows};
use delever_impact::{DepthRow, Exponential};
use delever_network::ContagionGraph;
use delever_network::clearing::{EisenbergNoe, EisenbergNoeRow, ExternalRank, OneLayer};
use delever_portfolio::System;
use delever_portfolio::rules::{LeverageCap, LeverageCapRow};
use delever_portfolio::strategies::ProRata;
use std::fmt::Write;

/// Relative change of the price of every corporate bond in the default scenario.
pub const PRICE_SHOCK: f64 = -0.20;
/// Cap on assets over equity in the default scenario: a leverage ratio of 4.2 %, which is the regulatory 3 % with a
/// buffer on top. Before the shock every bank complies, the most leveraged ones barely.
pub const MAX_LEVERAGE: f64 = 24.0;

impl SyntheticSystem {
    /// Positions of the assets that the default scenario shocks: all corporate bonds.
    pub fn shocked_assets(&self) -> impl Iterator<Item = usize> + '_ {
        let shocked = |&n: &usize| self.assets[n].class == CLASSES[SHOCKED_CLASS].id;
        (0..self.assets.len()).filter(shocked)
    }

    /// The shock of the default scenario, [`PRICE_SHOCK`], for what [`Self::system`] returned.
    pub fn shock(&self, system: &System) -> Shock {
        let mut shock = Shock::none(system);
        for asset in self.shocked_assets() {
            shock.prices[asset] = PRICE_SHOCK;
        }
        shock
    }

    /// The models of the default scenario, for what [`Self::graph`] returned.
    pub fn models(&self, graph: &ContagionGraph) -> Models {
        let count = self.institutions.len();
        let debts = match graph.debts() {
            [(_, only)] => only.clone(),
            _ => SparseRows::empty(count, count),
        };
        let external: Vec<f64> = self
            .institutions
            .iter()
            .map(|bank| bank.external_liabilities)
            .collect();
        let depths = self.assets.iter().map(|asset| DepthRow { depth: asset.depth });
        let row = EisenbergNoeRow {
            external: ExternalRank::Senior,
        };
        Models {
            impact: Box::new(PerAsset::new(Exponential, depths.collect())),
            execution: Execution::Terminal,
            rules: vec![RuleBlock {
                name: String::new(),
                rule: Box::new(PerInstitution::new(
                    LeverageCap,
                    vec![LeverageCapRow::cap(MAX_LEVERAGE); count],
                    Vec::new(),
                )),
                members: (0..count as u32).collect(),
            }],
            strategy: Box::new(ProRata),
            claims: Box::new(OneLayer::new(EisenbergNoe, vec![row; count], debts, &external)),
        }
    }

    /// The default scenario as a file that explains each of its keys.
    ///
    /// Put beside the tables of [`Self::to_csv`], it runs as it is.
    pub fn scenario_toml(&self) -> String {
        let generator = &self.generator;
        let head = format!(
            "# A synthetic banking system: {} institutions, {} assets, seed {}.\n\
             # No bank in it exists; its shape follows published facts about real systems.\n\n",
            generator.institutions, generator.assets, generator.seed
        );
        let shocked: Vec<&str> = self
            .shocked_assets()
            .map(|n| self.assets[n].id.as_str())
            .collect();
        let mut prices = String::new();
        if let [only] = shocked[..] {
            push(
                &mut prices,
                format_args!("prices = {{ \"{only}\" = {PRICE_SHOCK:.2} }}"),
            );
        } else {
            for id in shocked {
                push(&mut prices, format_args!("prices.\"{id}\" = {PRICE_SHOCK:.2}"));
            }
        }
        let name = format!(
            "{:.0} % fall of corporate bonds, {} synthetic banks",
            -100.0 * PRICE_SHOCK,
            generator.institutions
        );
        head + &TEMPLATE
            .replace("@NAME@", &name)
            .replace("@PRICES@\n", &prices)
            .replace("@MAX_LEVERAGE@", &format!("{MAX_LEVERAGE:?}"))
            .replace("@RULES@", &kinds(Role::Rule))
            .replace("@IMPACTS@", &kinds(Role::Impact))
            .replace("@CLEARINGS@", &kinds(Role::Clearing))
    }
}

/// Longest line of names in a comment.
const LINE: usize = 110;

/// The kinds of a role as lines of a comment, without a last line break.
fn kinds(role: Role) -> String {
    let registry = crate::registry();
    let kinds = &registry.kinds()[role.place()];
    let mut lines = vec!["#".to_owned()];
    for (n, kind) in kinds.iter().enumerate() {
        let end = if n + 1 == kinds.len() { "." } else { "," };
        let word = format!(" \"{kind}\"{end}");
        match lines.last_mut() {
            Some(line) if line.len() + word.len() <= LINE => line.push_str(&word),
            _ => lines.push(format!("#{word}")),
        }
    }
    lines.join("\n")
}

/// Adds a line.
fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("memory takes every line");
}

const TEMPLATE: &str = r#"# Version of this file's format; 1 is the only one.
version = 1
# Title of results; any text.
name = "@NAME@"

[data]
# Folder of the tables, relative to this file; never outside of this file's folder unless that is allowed by a flag.
dir = "."
# Currency of all money; a label, nothing is converted.
currency = "EUR"
# Unit of all money: "mn" is millions; a label too.
unit = "mn"

# What happens before anybody reacts. Relative changes are plain numbers, at least -1: -0.20 is a fall by 20 %.
# "*" stands for every id that is not named.
[shock]
# Relative change of asset prices, by asset id.
@PRICES@
# Relative change of cash, by institution id; { "B001" = -0.10 } takes a tenth of it.
cash = {}
# Relative change of other assets (loans above all), by institution id; { "*" = -0.01 } writes off 1 % everywhere.
other_assets = {}
# Money added to cash (negative: taken from it), by institution id, in the unit above.
outside_assets = {}

# When institutions sell, and how much.
[deleveraging]
# Rule, explained by `delever explain leverage-cap` and the like; one of
@RULES@
rule = "leverage-cap"
# Largest assets / equity, a plain number above 1; `min_leverage_ratio` (equity / assets) is its reciprocal: give one of the two.
max_leverage = @MAX_LEVERAGE@
# Which assets sellers choose: "pro-rata" (the same share of each), "most-liquid-first", "by-priority" (a column
# `sale_priority` in assets.csv, lowest first) or "least-impact" (what costs the seller least).
strategy = "pro-rata"
# Rules by group: a section such as [deleveraging.rules.funds] with a rule and parameters of its own holds for the
# institutions that name it, "funds", in the column `rule` of institutions.csv.

# How sales push prices.
[impact]
# Model; `depth` in assets.csv is money. In its place, `fall = 0.05` and `at_share_sold = 0.05`: selling 5 % of what is
# held lowers the price by 5 % (linear, exponential). One of
@IMPACTS@
model = "exponential"
# Price at which sellers are paid: "terminal" (after all sales), "vwap" (the average on the way there) or, in rounds,
# "midpoint" (the mean of the prices before and after the trade).
execution = "terminal"

# What claims on institutions are worth.
[clearing]
# Model; one of
@CLEARINGS@
model = "eisenberg-noe"
# Rank of creditors outside the system: "senior" (paid before banks, as under depositor preference) or "pari-passu" (the default).
external = "senior"

# How the cascade is solved.
[engine]
# Kind: "equilibrium" (the state consistent with itself, with a certificate) or "rounds" (sales are final, round after
# round; then also `max_rounds`, `order`, `seed`, `sequence` and `pay_with_cash_first`, and no certificate).
kind = "equilibrium"
# Which equilibrium where several exist: "greatest" (the best), "least" (the worst), "both".
select = "greatest"
# Largest width of the certificate, relative, a plain number.
tolerance = 1e-12
# Largest number of iterations, a whole number.
max_iterations = 100000
# How the equilibrium is reached: "automatic", "iteration" (plain, to the last bit, so that order laws hold bit by bit)
# or "policy".
method = "automatic"
"#;
