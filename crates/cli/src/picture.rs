//! The terminal picture of a cascade: how it unfolded, prices, losses by channel, who was hit.

mod frame;
mod losses;

use crate::numbers::{counted, money, percent, price, width};
use crate::output::visible;
use comfy_table::{CellAlignment, Table, presets};
use delever::io::{
    BoundsResult, EnclosureResult, Loaded, NAMED_NEAR_BOUNDARY, OutcomeResult, RunResult, StateName,
    StatusName,
};
pub(crate) use frame::Frame;
use losses::{losses, settled};
use std::fmt::Write;

/// Everything that is drawn.
pub(crate) struct Picture<'a> {
    pub loaded: &'a Loaded,
    pub result: &'a RunResult,
    pub frames: &'a [Frame],
    pub top: usize,
}

/// Assets shown by name in the cascade table.
const ASSETS_BESIDE: usize = 3;
/// Rows of the price table.
const ASSETS_LISTED: usize = 20;
/// Institutions insolvent before the shock that are listed beside those with the largest losses.
const INSOLVENT_LISTED: usize = 20;

impl Picture<'_> {
    /// The whole picture.
    pub fn draw(&self) -> String {
        let mut text = String::new();
        let system = &self.loaded.system;
        let scenario = &self.loaded.scenario;
        let unit = [scenario.currency.as_str(), scenario.unit.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        let money_in = if unit.is_empty() {
            String::new()
        } else {
            format!(", money in {}", visible(&unit))
        };
        let name = if scenario.name.is_empty() {
            "scenario"
        } else {
            &scenario.name
        };
        let _ = writeln!(text, "{}", visible(name));
        let _ = writeln!(
            text,
            "{}, {}{money_in}\n",
            counted(system.institution_count(), "institution"),
            counted(system.asset_count(), "asset")
        );
        match self.result {
            RunResult::One(one) => {
                self.cascade(&mut text, one);
                self.equilibrium(&mut text, one);
            }
            RunResult::Both(both) => {
                self.cascade(&mut text, &both.greatest);
                let _ = writeln!(text, "GREATEST EQUILIBRIUM (the best consistent state)\n");
                self.equilibrium(&mut text, &both.greatest);
                let _ = writeln!(text, "LEAST EQUILIBRIUM (the worst consistent state)\n");
                self.equilibrium(&mut text, &both.least);
                let _ = writeln!(text, "{}", uniqueness(both.unique));
            }
        }
        text
    }

    /// How the cascade unfolded, step by step.
    fn cascade(&self, text: &mut String, result: &OutcomeResult) {
        if self.frames.is_empty() {
            return;
        }
        let shown = hardest_hit(result, ASSETS_BESIDE);
        let step = if result.rounds.is_empty() { "step" } else { "round" };
        let mut header = vec![step.to_owned()];
        header.extend(["sellers", "sold out", "defaults", "sold", "loss"].map(str::to_owned));
        header.extend(shown.iter().map(|&k| visible(&result.assets[k].id)));
        let mut table = table(header);
        for frame in self.frames {
            let seen = &frame.snapshot;
            let step = if frame.step == 0 {
                "shock".to_owned()
            } else {
                frame.step.to_string()
            };
            let mut row = vec![
                step,
                seen.sellers.to_string(),
                seen.sold_out.to_string(),
                seen.defaults.to_string(),
                money(seen.sold_value),
                money(settled(seen.loss, result.totals.equity_initial)),
            ];
            row.extend(shown.iter().map(|&k| price(seen.prices[k])));
            table.add_row(row);
        }
        let mut last = vec![
            "end".to_owned(),
            result
                .institutions
                .iter()
                .filter(|i| i.sold_fraction > 0.0)
                .count()
                .to_string(),
            result
                .institutions
                .iter()
                .filter(|i| i.sold_fraction >= 1.0)
                .count()
                .to_string(),
            result.totals.defaults.to_string(),
            money(result.totals.sold_value),
            money(result.totals.loss),
        ];
        last.extend(shown.iter().map(|&k| price(result.assets[k].price)));
        table.add_row(last);
        let _ = writeln!(text, "CASCADE\n{}\n", table.trim_fmt());
    }

    /// One equilibrium: prices, losses, institutions, proof.
    fn equilibrium(&self, text: &mut String, result: &OutcomeResult) {
        prices(text, result);
        losses(text, result);
        self.institutions(text, result);
        let _ = writeln!(text, "{}\n", proof(result));
        if let Some(enclosure) = &result.enclosure {
            let _ = writeln!(text, "{}\n", enclosed(enclosure));
        }
    }

    fn institutions(&self, text: &mut String, result: &OutcomeResult) {
        let mut order: Vec<usize> = (0..result.institutions.len()).collect();
        order.sort_by(|&a, &b| {
            let loss = |n: usize| result.institutions[n].loss;
            loss(b).total_cmp(&loss(a)).then(a.cmp(&b))
        });
        order.retain(|&n| {
            let one = &result.institutions[n];
            one.loss != 0.0 || one.sold_fraction > 0.0 || one.state == StateName::Defaulted
        });
        let hit = order.len();
        // Who is insolvent before the shock is named, however little it loses.
        let insolvent = |n: usize| result.institutions[n].equity_initial < 0.0;
        let before = order.iter().filter(|&&n| insolvent(n)).count();
        let named = order.iter().skip(self.top).filter(|&&n| insolvent(n));
        let named: Vec<usize> = named.take(INSOLVENT_LISTED).copied().collect();
        order.truncate(self.top);
        order.extend(named);
        if order.is_empty() {
            return;
        }
        let header = [
            "institution",
            "state",
            "equity before",
            "equity after",
            "shock",
            "fire sale",
            "contagion",
            "sold",
        ];
        let mut table = table(header.map(str::to_owned).to_vec());
        if let Some(column) = table.column_mut(1) {
            column.set_cell_alignment(CellAlignment::Left);
        }
        for n in order {
            let one = &result.institutions[n];
            table.add_row(vec![
                visible(&one.id),
                state(&one.state).to_owned(),
                money(one.equity_initial),
                money(one.equity),
                money(settled(one.loss_shock, one.equity_initial)),
                money(settled(one.loss_fire_sale, one.equity_initial)),
                money(settled(one.loss_contagion, one.equity_initial)),
                percent(one.sold_fraction),
            ]);
        }
        let insolvent = if before > 0 {
            format!("; {before} insolvent before the shock")
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "INSTITUTIONS, largest losses first ({} of {hit} hit{insolvent})\n{}\n",
            hit.min(self.top),
            table.trim_fmt()
        );
    }
}

/// A table without lines: numbers to the right, the first column to the left.
pub(crate) fn table(header: Vec<String>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let columns = header.len();
    table.set_header(header);
    for n in 0..columns {
        if let Some(column) = table.column_mut(n) {
            column.set_padding((0, 2));
            column.set_cell_alignment(if n == 0 {
                CellAlignment::Left
            } else {
                CellAlignment::Right
            });
        }
    }
    table
}

/// Assets whose prices sales pushed down furthest.
fn hardest_hit(result: &OutcomeResult, count: usize) -> Vec<usize> {
    let fall = |k: usize| {
        let asset = &result.assets[k];
        if asset.price_shocked > 0.0 {
            1.0 - asset.price / asset.price_shocked
        } else {
            0.0
        }
    };
    let mut order: Vec<usize> = (0..result.assets.len()).collect();
    order.sort_by(|&a, &b| fall(b).total_cmp(&fall(a)).then(a.cmp(&b)));
    order.truncate(count);
    order.sort_unstable();
    order
}

fn prices(text: &mut String, result: &OutcomeResult) {
    if result.assets.is_empty() {
        return;
    }
    let header = [
        "asset",
        "price before",
        "after shock",
        "after sales",
        "fall by sales",
        "sold",
    ];
    let mut table = table(header.map(str::to_owned).to_vec());
    let listed = hardest_hit(result, ASSETS_LISTED);
    for &k in &listed {
        let asset = &result.assets[k];
        let fall = if asset.price_shocked > 0.0 {
            1.0 - asset.price / asset.price_shocked
        } else {
            0.0
        };
        table.add_row(vec![
            visible(&asset.id),
            price(asset.price_initial),
            price(asset.price_shocked),
            price(asset.price),
            percent(fall),
            percent(asset.sold_fraction),
        ]);
    }
    let note = if listed.len() < result.assets.len() {
        format!(
            ", the {} that fell furthest of {}",
            listed.len(),
            result.assets.len()
        )
    } else {
        String::new()
    };
    let _ = writeln!(text, "PRICES{note}\n{}\n", table.trim_fmt());
}

fn state(state: &StateName) -> &'static str {
    match state {
        StateName::Defaulted => "defaulted",
        StateName::Liquidated => "liquidated",
        StateName::Deleveraging => "deleveraging",
        StateName::Sound => "sound",
    }
}

/// What is known of the answer, in words.
fn proof(result: &OutcomeResult) -> String {
    let width = (result.certificate.width).map_or_else(|| "unknown".to_owned(), width);
    let rounds = counted(result.iterations as usize, "round");
    let steps = counted(result.iterations as usize, "step");
    let mut words = match result.status {
        StatusName::Certified => format!(
            "certified: the true equilibrium is proved to lie within {width} (relative) of every price and payment; {steps}"
        ),
        StatusName::RoundsComplete => {
            let waits = result
                .rounds
                .last()
                .is_some_and(|last| last.orders.values().any(|&units| units > 0.0));
            let end = if waits {
                "orders still wait; raise engine.max_rounds to see them clear"
            } else {
                "nobody waits to sell"
            };
            format!(
                "rounds-complete: {rounds}, {end}; a larger shock may end better, which an equilibrium rules out"
            )
        }
        StatusName::Bracketed if result.certificate.width.is_none() => format!(
            "bracketed: a fixed point after {steps}, but a model states no rounding bound, so nothing is proved"
        ),
        StatusName::Bracketed => {
            format!("bracketed: proved only to a width of {width}, wider than asked; {steps}")
        }
        StatusName::Unordered => format!(
            "unordered: a fixed point after {steps}; a model breaks the order, so nothing is claimed of it"
        ),
        StatusName::MaxIterations => {
            format!(
                "max-iterations: stopped after {steps}; raise engine.max_iterations, the figures above are not final"
            )
        }
        StatusName::Stalled => format!("stalled: no progress after {steps}; the best iterate is shown"),
        StatusName::NonFinite => "non-finite: a model returned something that is no number".to_owned(),
        StatusName::Interrupted => format!("interrupted after {steps}; the best iterate is shown"),
        StatusName::InvalidInput => "invalid-input: refused before it was solved".to_owned(),
    };
    if result.near_boundary {
        words.push_str(&near_boundary(&result.near_boundary_of));
    }
    if result.unique == Some(false) {
        words.push_str("\nnot the only equilibrium: select = \"both\" shows the other end");
    }
    words
}

/// Whom a unit in the last place could change, in words.
fn near_boundary(of: &[String]) -> String {
    let more = if of.len() < NAMED_NEAR_BOUNDARY {
        ""
    } else {
        " and perhaps others"
    };
    format!(
        "\nnear a boundary: one unit in the last place of the input, or a threshold met exactly, could change whether these default \
         or sell: {}{more}",
        of.iter().map(|id| visible(id)).collect::<Vec<_>>().join(", ")
    )
}

/// What is known of all equilibria at once, in words.
fn enclosed(enclosure: &EnclosureResult) -> String {
    let ends = |bounds: &[BoundsResult], end: fn(&BoundsResult) -> f64| bounds.iter().map(end).sum::<f64>();
    let (lower, upper) = (
        ends(&enclosure.equities, |bounds| bounds.lower),
        ends(&enclosure.equities, |bounds| bounds.upper),
    );
    format!(
        "enclosure: every equilibrium there may be has equity from {} to {} in all; prices and claims are proved to within {} (relative)",
        money(lower),
        money(upper),
        width(enclosure.width)
    )
}

fn uniqueness(unique: Option<bool>) -> &'static str {
    match unique {
        Some(true) => "unique: greatest and least are proved to be the same equilibrium",
        Some(false) => {
            "not unique: greatest and least are proved to differ; expectations decide between them"
        }
        None => "uniqueness is not established",
    }
}
