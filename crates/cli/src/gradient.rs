//! `delever gradient`: what one figure of the equilibrium owes to every input.

use crate::Exit;
use crate::arguments::{Format, GradientOptions};
use crate::input::open;
use crate::numbers::{money, price};
use crate::output::{self, visible};
use crate::picture::table;
use crate::validate::{no_csv, refuse, warn};
use delever::cascade::{Kink, Participant, Select};
use delever::core::{Registry, nearest_name};
use delever::io::{EngineKind, Layout, Loaded, Severity, StatusName, json_string};
use delever::portfolio::System;
use delever::solver::End;
use delever::stress::StressError;
use delever::stress::sensitivity::{Gradient, Sensitivity, SensitivitySettings, Target};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Solves a scenario and differentiates it.
pub(crate) fn gradient(options: &GradientOptions) -> Exit {
    let format = options.scenario.format;
    if format == Format::Csv {
        return no_csv("gradient");
    }
    let registry = delever::registry();
    if let Some(error) = options
        .by
        .iter()
        .find_map(|name| unknown_parameter(name, &registry))
    {
        eprintln!("--by: {error}");
        return Exit::Usage;
    }
    let loaded = match open(&options.scenario, &registry) {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems, format),
    };
    let engine = &loaded.scenario.engine;
    if engine.kind != EngineKind::Equilibrium {
        eprintln!("an equilibrium has a gradient, rounds have none; try --set engine.kind=equilibrium");
        return Exit::InvalidInput;
    }
    let Some(target) = target(&loaded.system, options.of.as_deref()) else {
        let name = options.of.as_deref().unwrap_or_default();
        eprintln!("--of: `{}` is neither an institution nor an asset", visible(name));
        return Exit::Usage;
    };
    warn(&loaded.warnings, Severity::Note);
    let cascade = match loaded.cascade(&registry) {
        Ok(cascade) => cascade,
        Err(problems) => return refuse(&problems, format),
    };
    let mut settings = SensitivitySettings {
        end: if engine.select == Select::Least {
            End::Least
        } else {
            End::Greatest
        },
        solve: engine.settings,
        ..SensitivitySettings::default()
    };
    if !options.by.is_empty() {
        settings.parameters.clone_from(&options.by);
    }
    let taken = Sensitivity::at(&cascade, &loaded.shock, &settings).and_then(|sensitivity| {
        sensitivity
            .gradient(&target)
            .map(|gradient| (sensitivity, gradient))
    });
    let (sensitivity, gradient) = match taken {
        Ok(taken) => taken,
        Err(error) => {
            eprintln!("{error}");
            return exit_of(&error);
        }
    };
    let found = Found {
        loaded: &loaded,
        of: options.of.as_deref(),
        end: settings.end,
        sensitivity: &sensitivity,
        gradient: &gradient,
    };
    for (name, _) in found.gradient.by_parameter.iter().filter(is_blank) {
        if options.by.contains(name) {
            eprintln!("--by: no rule of this scenario has slopes in `{}`", visible(name));
        }
    }
    let text = match format {
        Format::Json => format!("{}\n", json_string(&found.report(), Layout::Pretty)),
        _ => found.draw(options.top),
    };
    match output::deliver(&text, options.output.as_deref()) {
        Exit::Done => Exit::of_status(StatusName::from(sensitivity.status()).exit_code()),
        failed => failed,
    }
}

/// Why a name is no parameter of any rule; `None` where it is one.
fn unknown_parameter(name: &str, registry: &Registry) -> Option<String> {
    let [_, rules, ..] = registry.kinds();
    let known: BTreeSet<&str> = rules
        .iter()
        .flat_map(|rule| registry.rule_parameters(rule))
        .collect();
    if known.contains(name) {
        return None;
    }
    let hint = match nearest_name(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    };
    Some(format!("no rule has a parameter `{}`; {hint}", visible(name)))
}

/// Whether no institution's rule has the parameter.
fn is_blank((_, slopes): &&(String, Vec<Option<f64>>)) -> bool {
    slopes.iter().all(Option::is_none)
}

/// The figure that is differentiated; `None` where nothing has that id. An id that both an institution and an asset have is the
/// institution's.
fn target(system: &System, of: Option<&str>) -> Option<Target> {
    let Some(name) = of else {
        return Some(Target::TotalEquity);
    };
    let institution = system.institution(name).map(|id| Target::Equity(id.index()));
    institution.or_else(|| system.asset(name).map(|id| Target::Price(id.index())))
}

/// What is not solved is not certain; what has no slopes is the wrong input.
fn exit_of(error: &StressError) -> Exit {
    match error {
        StressError::NotSolved { .. } | StressError::Singular | StressError::Inaccurate { .. } => {
            Exit::NotCertain
        }
        _ => Exit::InvalidInput,
    }
}

/// A gradient and what belongs to it.
struct Found<'f> {
    loaded: &'f Loaded,
    of: Option<&'f str>,
    end: End,
    sensitivity: &'f Sensitivity<'f>,
    gradient: &'f Gradient,
}

impl Found<'_> {
    fn end_name(&self) -> &'static str {
        match self.end {
            End::Greatest => "greatest",
            End::Least => "least",
        }
    }

    fn status(&self) -> String {
        StatusName::from(self.sensitivity.status()).to_string()
    }

    fn near(&self, kink: Kink) -> (&'static str, &str) {
        let system = &self.loaded.system;
        match kink.of {
            Participant::Institution(n) => ("institution", &system.institution_names()[n as usize]),
            Participant::Asset(n) => ("asset", &system.asset_names()[n as usize]),
        }
    }

    fn report(&self) -> Value {
        let (system, gradient) = (&self.loaded.system, self.gradient);
        let radius = self.sensitivity.spectral_radius();
        let assets: Vec<Value> = system
            .asset_names()
            .iter()
            .enumerate()
            .map(|(k, id)| {
                json!({"id": id, "by_price_shock": gradient.by_price_shock[k], "by_depth": gradient.by_depth[k]})
            })
            .collect();
        let institutions: Vec<Value> = system
            .institution_names()
            .iter()
            .enumerate()
            .map(|(n, id)| {
                let by_parameter: serde_json::Map<String, Value> = gradient
                    .by_parameter
                    .iter()
                    .map(|(name, slopes)| (name.clone(), json!(slopes[n])))
                    .collect();
                json!({
                    "id": id,
                    "by_cash_shock": gradient.by_cash_shock[n],
                    "by_other_assets_shock": gradient.by_other_assets_shock[n],
                    "by_outside_assets": gradient.by_outside_assets[n],
                    "by_parameter": by_parameter,
                })
            })
            .collect();
        let holdings = gradient.by_holding.as_ref().map(|rows| {
            rows.triplets()
                .map(|(n, k, slope)| {
                    let (institution, asset) = (
                        &system.institution_names()[n as usize],
                        &system.asset_names()[k as usize],
                    );
                    json!({"institution": institution, "asset": asset, "by_quantity": slope})
                })
                .collect::<Vec<Value>>()
        });
        let kink = self.sensitivity.nearest_kink().map(|kink| {
            let (kind, id) = self.near(kink);
            json!({kind: id, "distance": kink.distance})
        });
        json!({
            "version": 1,
            "scenario": self.loaded.scenario.name,
            "of": self.of,
            "value": gradient.value,
            "select": self.end_name(),
            "status": self.status(),
            "warnings": self.loaded.warnings,
            "spectral_radius": {"lower": radius.lower, "upper": radius.upper},
            "nearest_kink": kink,
            "residual": gradient.residual,
            "assets": assets,
            "institutions": institutions,
            "holdings": holdings,
        })
    }

    fn draw(&self, top: usize) -> String {
        let (system, gradient) = (&self.loaded.system, self.gradient);
        let what = match self.of {
            None => "total equity".to_owned(),
            Some(name) if system.institution(name).is_some() => format!("equity of {}", visible(name)),
            Some(name) => format!("price of {}", visible(name)),
        };
        let mut text = format!(
            "{}\n{what}, {}, in the {} equilibrium ({})\n",
            visible(&self.loaded.scenario.name),
            if matches!(self.of, Some(name) if system.institution(name).is_none()) {
                price(gradient.value)
            } else {
                money(gradient.value)
            },
            self.end_name(),
            self.status()
        );
        let radius = self.sensitivity.spectral_radius().upper;
        let _ = writeln!(
            text,
            "spectral radius {radius:.4}: small losses are passed on at that rate"
        );
        if let Some(kink) = self.sensitivity.nearest_kink() {
            let (kind, id) = self.near(kink);
            let _ = writeln!(
                text,
                "nearest kink: {kind} {}, {} away",
                visible(id),
                money(kink.distance)
            );
        }
        let _ = writeln!(
            text,
            "\nPRICES  what a shock that is milder by 1 % of the price adds, and a depth that is larger by 1\n"
        );
        let mut rows = table(["asset", "shock +1 %", "depth +1"].map(str::to_owned).to_vec());
        for k in largest(&gradient.by_price_shock, top) {
            let depth = gradient.by_depth[k].map_or_else(String::new, amount);
            rows.add_row([
                visible(&system.asset_names()[k]),
                amount(0.01 * gradient.by_price_shock[k]),
                depth,
            ]);
        }
        let _ = writeln!(text, "{}\n", rows.trim_fmt());
        let parameters = || gradient.by_parameter.iter().filter(|column| !is_blank(column));
        let what = if parameters().next().is_some() {
            "what one unit of money more adds, and a parameter that is larger by 1"
        } else {
            "what one unit of money more adds"
        };
        let _ = writeln!(text, "INSTITUTIONS  {what}\n");
        let mut header = vec!["institution".to_owned(), "cash +1".to_owned()];
        header.extend(parameters().map(|(name, _)| format!("{} +1", visible(name))));
        let mut rows = table(header);
        for n in largest(&gradient.by_outside_assets, top) {
            let mut row = vec![
                visible(&system.institution_names()[n]),
                amount(gradient.by_outside_assets[n]),
            ];
            for (_, slopes) in parameters() {
                row.push(slopes[n].map_or_else(String::new, amount));
            }
            rows.add_row(row);
        }
        let _ = writeln!(text, "{}", rows.trim_fmt());
        text
    }
}

/// A slope: four significant digits.
fn amount(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e6).contains(&value.abs()) {
        let decimals = (3.0 - value.abs().log10().floor()).max(0.0) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.3e}")
    }
}

/// Places of the largest values, whatever their sign, the largest first.
fn largest(values: &[f64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()).then(a.cmp(&b)));
    order.truncate(count);
    order
}
