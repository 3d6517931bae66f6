//! The rounds engine against published programs, round by round, and against the first rounds by hand.

use crate::fixture::*;
use delever::cascade::AssetOutcome;
use delever::cascade::rounds::{RoundsOutcome, RoundsSettings, RoundsStatus, Terms, TradePrice};
use delever::core::{NoColumns, PerAsset, PerInstitution};
use delever::impact::Exponential;
use delever::io::{LoadOptions, Tables, load_from};
use delever::network::clearing::FaceValue;
use delever::portfolio::rules::{LeverageThreshold, LeverageThresholdRow};
use delever::prelude::*;
use delever_testkit::reference::shared_json;
use serde_json::Value;
use std::fmt::Write;

/// The banks of a case of ox-inet's firesale_stresstest, with its parameters.
pub struct Banks<'c> {
    banks: &'c [Value],
    params: &'c Value,
}

impl<'c> Banks<'c> {
    fn of(case: &'c Value) -> Self {
        Self::with(&case["input"]["banks"], &case["input"]["params"])
    }

    pub fn with(banks: &'c Value, params: &'c Value) -> Self {
        let banks = banks.as_array().expect("banks");
        Self { banks, params }
    }

    fn assets(&self) -> usize {
        self.banks[0]["assets"].as_array().expect("units").len()
    }

    /// Units of all assets that all banks hold.
    pub fn units(&self) -> f64 {
        let banks = self.banks.iter();
        banks
            .map(|bank| numbers(&bank["assets"]).iter().sum::<f64>())
            .sum()
    }

    fn param(&self, name: &str) -> f64 {
        self.params[name].as_f64().expect("a number")
    }

    /// `Q / beta` with `beta = -ln(1 - pi) / 0.05`: selling 5 % of all units lowers the price by `pi`.
    fn depth(&self, asset: usize) -> f64 {
        let all: f64 = self
            .banks
            .iter()
            .map(|bank| numbers(&bank["assets"])[asset])
            .sum();
        let impact = &self.params["price_impact"];
        let impact = impact.as_f64().unwrap_or_else(|| numbers(impact)[asset]);
        -all * 0.05 / (1.0 - impact).ln()
    }

    /// The case through the library.
    fn run(&self) -> RoundsOutcome {
        let mut builder = SystemBuilder::new();
        for asset in 0..self.assets() {
            builder.asset(&format!("a{asset}"), 1.0);
        }
        let mut terms = Vec::new();
        for (n, one) in self.banks.iter().enumerate() {
            let amount = |name: &str| one[name].as_f64().expect("an amount");
            let institution = Institution {
                cash: amount("cash"),
                other_assets: amount("other_asset"),
                external_liabilities: amount("loan") + amount("other_liability"),
            };
            builder.institution(&bank(n), institution);
            for (asset, units) in numbers(&one["assets"]).into_iter().enumerate() {
                builder.holding(&bank(n), &format!("a{asset}"), units);
            }
            terms.push(Terms {
                default_below: Some(self.param("lev_min")),
                repayable_debt: Some(amount("loan")),
            });
        }
        let system = builder.build().expect("valid");
        let graph = ContagionGraphBuilder::new(self.banks.len())
            .build()
            .expect("no debts");
        let row = LeverageThresholdRow {
            act_below: self.param("lev_buffer"),
            target: self.param("lev_target"),
            default_below: Some(self.param("lev_min")),
        };
        let depths = (0..self.assets()).map(|asset| DepthRow {
            depth: self.depth(asset),
        });
        let rows = vec![row; self.banks.len()];
        let none = vec![NoColumns::default(); self.assets()];
        let models = Models {
            impact: Box::new(PerAsset::new(Exponential, depths.collect())),
            execution: Execution::Terminal,
            rules: everyone(
                Box::new(PerInstitution::new(LeverageThreshold, rows, none)),
                self.banks.len(),
            ),
            strategy: Box::new(ProRata),
            claims: Box::new(FaceValue::new(self.banks.len())),
        };
        let cascade = Cascade::new(&system, &graph, models).expect("models fit");
        let mut shock = Shock::none(&system);
        shock.prices = numbers(&self.params["shock"]).iter().map(|fall| -fall).collect();
        let settings = RoundsSettings {
            max_rounds: self.param("steps") as u32,
            trade_price: TradePrice::Midpoint,
            pay_with_cash_first: true,
            terms,
            ..RoundsSettings::default()
        };
        cascade.run_rounds(&shock, &settings).expect("settings fit")
    }

    /// The case as tables and a scenario.
    pub fn scenario(&self) -> (Tables, String) {
        let mut institutions = "id,cash,other_assets,external_liabilities,repayable_debt\n".to_owned();
        let mut holdings = "institution,asset,quantity\n".to_owned();
        for (n, one) in self.banks.iter().enumerate() {
            let amount = |name: &str| one[name].as_f64().expect("an amount");
            let (loan, other) = (amount("loan"), amount("other_liability"));
            let (cash, other_asset, id) = (amount("cash"), amount("other_asset"), bank(n));
            let _ = writeln!(
                institutions,
                "{id},{cash:?},{other_asset:?},{:?},{loan:?}",
                loan + other
            );
            for (asset, units) in numbers(&one["assets"]).into_iter().enumerate() {
                let _ = writeln!(holdings, "{id},a{asset},{units:?}");
            }
        }
        let ids: Vec<String> = (0..self.assets()).map(|asset| format!("a{asset}")).collect();
        let falls: Vec<String> = numbers(&self.params["shock"])
            .iter()
            .enumerate()
            .map(|(asset, fall)| format!("a{asset} = {:?}", -fall))
            .collect();
        let scenario = format!(
            "version = 1\n[shock]\nprices = {{ {} }}\n[deleveraging]\nrule = \"leverage-threshold\"\nact_below = {:?}\n\
             target = {:?}\ndefault_below = {:?}\n[impact]\nmodel = \"exponential\"\nfall = {:?}\nat_share_sold = 0.05\n\
             execution = \"midpoint\"\n[engine]\nkind = \"rounds\"\nmax_rounds = {}\npay_with_cash_first = true\n",
            falls.join(", "),
            self.param("lev_buffer"),
            self.param("lev_target"),
            self.param("lev_min"),
            self.param("price_impact"),
            self.param("steps"),
        );
        let tables = Tables::new()
            .with("institutions.csv", institutions)
            .with("assets.csv", format!("id\n{}\n", ids.join("\n")))
            .with("holdings.csv", holdings);
        (tables, scenario)
    }

    /// The case through its scenario.
    pub fn run_scenario(&self) -> RoundsOutcome {
        let (tables, scenario) = self.scenario();
        let loaded = load_from(
            &tables,
            "case.toml",
            &scenario,
            &registry(),
            &LoadOptions::default(),
        )
        .unwrap_or_else(|problems| panic!("{problems}"));
        loaded.run_rounds(&registry()).expect("models fit")
    }
}

/// Every recorded step: prices and units in absolute terms, equity and cash relative to the bank's size, defaults exactly. A run
/// that ended early stays as it is.
fn agree(outcome: &RoundsOutcome, steps: &[Value], name: &str) {
    const TOLERANCE: f64 = 2e-9;
    assert_eq!(outcome.status, RoundsStatus::Complete, "{name}");
    let last = outcome.rounds.len() - 1;
    for (t, step) in steps.iter().enumerate() {
        let ours = &outcome.rounds[t.min(last)];
        let what = format!("{name}, step {t}");
        all_close(&ours.prices, &numbers(&step["prices"]), TOLERANCE, &what);
        let sold = numbers(&step["cumulative_quantity_sold"]);
        for (asset, (&ours, &theirs)) in ours.sold_quantity.iter().zip(&sold).enumerate() {
            close(
                ours,
                theirs,
                TOLERANCE * theirs.max(1.0),
                &format!("{what}, sold of {asset}"),
            );
        }
        for key in ["equity", "cash"] {
            let ours = if key == "equity" { &ours.equity } else { &ours.cash };
            let theirs = numbers(&step[key]);
            let size = numbers(&step["total_assets"]);
            for (n, (&ours, &theirs)) in ours.iter().zip(&theirs).enumerate() {
                close(
                    ours,
                    theirs,
                    TOLERANCE * size[n].max(1.0),
                    &format!("{what}, {key} of {n}"),
                );
            }
        }
        for (n, (&ours, &theirs)) in ours
            .repayable_debt
            .iter()
            .zip(&numbers(&step["loan"]))
            .enumerate()
        {
            close(
                ours,
                theirs,
                TOLERANCE * theirs.max(1.0),
                &format!("{what}, loan of {n}"),
            );
        }
        let waiting = matrix(&step["put_for_sale"]);
        for (asset, &ours) in ours.orders.iter().enumerate() {
            let theirs: f64 = waiting.iter().map(|row| row[asset]).sum();
            close(
                ours,
                theirs,
                TOLERANCE * theirs.max(1.0),
                &format!("{what}, orders of {asset}"),
            );
        }
        let failed = if t > last { 0 } else { ours.defaults.len() };
        assert_eq!(
            failed as u64,
            step["defaults_this_round"].as_u64().expect("a count"),
            "{what}"
        );
    }
}

const TRACED: [&str; 10] = [
    "tiny_1bank_1asset",
    "tiny_1bank_default",
    "tiny_2bank_2asset",
    "tiny_2bank_2asset_noimpact",
    "random_n50_m5_threshold",
    "random_n50_m5_target",
    "eba2018_shock10_pi010",
    "eba2018_shock20_pi000",
    "eba2018_shock20_pi010",
    "eba2018_shock20_pi010_target",
];

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn firesale_stresstest_step_by_step() {
    for name in TRACED {
        let Some(case) = shared_json(&format!("reference/firesale_stresstest/{name}.json")) else {
            return;
        };
        let banks = Banks::of(&case);
        let steps = case["output"]["steps"].as_array().expect("steps");
        agree(&banks.run(), steps, name);
        // A scenario states one fall for all assets.
        if name.starts_with("eba") || name.starts_with("tiny") {
            agree(
                &banks.run_scenario(),
                steps,
                &format!("{name} through a scenario"),
            );
        }
    }
}

/// Extent of the systemic event as its authors count it: the share of banks that failed, nothing below 5 %.
#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn firesale_stresstest_curve_of_price_impact() {
    let Some(case) = shared_json("reference/firesale_stresstest/eba2018_published_curves.json") else {
        return;
    };
    let curve = &case["curves"]["exp1_price_impact"];
    let prices = matrix(&curve["final_prices"]);
    for (n, params) in curve["params"].as_array().expect("runs").iter().enumerate() {
        let banks = Banks::with(&case["banks"], params);
        let outcome = banks.run_scenario();
        let library = banks.run();
        let prices_of =
            |outcome: &RoundsOutcome| outcome.assets.iter().map(|asset| asset.price).collect::<Vec<_>>();
        // The scenario states the fall, the library its depth: one rounding apart.
        all_close(
            &prices_of(&outcome),
            &prices_of(&library),
            1e-12,
            "scenario and library",
        );
        let what = format!("run {n}");
        let defaults = outcome.totals.defaults;
        assert_eq!(
            defaults as u64,
            curve["defaults_total"][n].as_u64().expect("a count"),
            "{what}"
        );
        let share = defaults as f64 / banks.banks.len() as f64;
        let extent = if share < 0.05 { 0.0 } else { share };
        close(extent, numbers(&curve["systemic_event_extent"])[n], 2e-9, &what);
        all_close(&prices_of(&outcome), &prices[n], 2e-9, &what);
        let units = |of: fn(&AssetOutcome) -> f64| outcome.assets.iter().map(of).sum::<f64>();
        let sold = units(|asset| asset.sold_quantity) / banks.units();
        close(sold, numbers(&curve["sold_fraction"])[n], 2e-9, &what);
    }
}

/// Four runs that are quoted beside the paper, at two sizes of impact, two of the shock and with targeting.
#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn farmer_and_others_2020_reference_runs() {
    let Some(case) = shared_json("reference/literature/ox_inet_eba2018_reference_run.json") else {
        return;
    };
    let banks =
        shared_json("reference/firesale_stresstest/eba2018_published_curves.json").expect("beside it");
    for run in case["runs"].as_array().expect("runs") {
        let params = serde_json::json!({
            "lev_min": 0.03, "lev_buffer": run.get("buffer").and_then(Value::as_f64).unwrap_or(0.04), "lev_target": 0.05,
            "price_impact": run["PI"], "shock": [0.0, run["shock"]], "steps": 6
        });
        let outcome = Banks::with(&banks["banks"], &params).run();
        let prices: Vec<f64> = outcome.assets.iter().map(|asset| asset.price).collect();
        let published = ["price_corp", "price_gov"].map(|key| run[key].as_f64().expect("a price"));
        all_close(&prices, &published, 2e-9, "prices");
        let mut defaults: Vec<u64> = outcome
            .rounds
            .iter()
            .map(|round| round.defaults.len() as u64)
            .collect();
        defaults.resize(7, 0);
        let published: Vec<u64> = numbers(&run["defaults_by_step"])
            .iter()
            .map(|&x| x as u64)
            .collect();
        assert_eq!(defaults, published);
    }
}

/// N1: with thresholds, targets and final sales a larger shock can end at a higher price and with fewer failures. The
/// equilibrium of the same banks under the same rule cannot.
#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn non_law_01_a_larger_shock_can_end_at_a_higher_price_in_rounds() {
    let Some(case) = shared_json("reference/firesale_stresstest/eba2018_published_curves.json") else {
        return;
    };
    let run = |shock: f64| {
        let params = serde_json::json!({
            "lev_min": 0.03, "lev_buffer": 0.04, "lev_target": 0.05, "price_impact": 0.01, "shock": [0.0, shock],
            "steps": 40
        });
        let outcome = Banks::with(&case["banks"], &params).run();
        (outcome.assets[0].price, outcome.totals.defaults)
    };
    let (smaller, larger) = (run(0.035), run(0.040));
    close(smaller.0, 0.978_865, 5e-7, "corporate bonds after 3.5 %");
    close(larger.0, 0.979_261, 5e-7, "corporate bonds after 4 %");
    assert_eq!((smaller.1, larger.1), (0, 0));
    assert_eq!((run(0.20).1, run(0.205).1), (18, 17));
}
