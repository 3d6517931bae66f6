//! Losses by channel.

use crate::numbers::{counted, money, percent};
use delever::io::OutcomeResult;
use std::fmt::Write;

/// Width of a full bar.
const BAR: usize = 32;

/// Zero where a loss is no more than rounding: differences of large amounts leave one, and the iteration starts a rounding
/// above what shares were worth.
pub(super) fn settled(loss: f64, equity: f64) -> f64 {
    if loss.abs() <= 1e-12 * equity.abs() {
        0.0
    } else {
        loss
    }
}

/// Losses by channel, with bars, and what they come to.
pub(super) fn losses(text: &mut String, result: &OutcomeResult) {
    let totals = &result.totals;
    let _ = writeln!(text, "LOSS by channel");
    let largest = [totals.loss_shock, totals.loss_fire_sale, totals.loss_contagion]
        .into_iter()
        .fold(0.0, f64::max);
    for (name, loss) in [
        ("shock", totals.loss_shock),
        ("fire sales", totals.loss_fire_sale),
        ("contagion", totals.loss_contagion),
        ("total", totals.loss),
    ] {
        let loss = settled(loss, totals.equity_initial);
        let share = if totals.loss > 0.0 {
            percent(loss / totals.loss)
        } else {
            String::new()
        };
        let bar = if largest > 0.0 && name != "total" && loss > 0.0 {
            "#".repeat(((loss / largest * BAR as f64).round() as usize).clamp(1, BAR))
        } else {
            String::new()
        };
        let line = format!("{name:<12}{:>14}{share:>10}  {bar}", money(loss));
        let _ = writeln!(text, "{}", line.trim_end());
        if let (true, Some(before)) = (name == "contagion", totals.loss_contagion_before_shock) {
            let before = money(settled(before, totals.equity_initial));
            let _ = writeln!(
                text,
                "  before it {before:>14}            contagion that arises without any shock"
            );
        }
    }
    let mut facts = vec![format!(
        "{} of equity before",
        percent_of(totals.loss, totals.equity_initial)
    )];
    if let Some(amplification) = totals.amplification {
        facts.push(format!("{amplification:.2} times the shock's own loss"));
    }
    facts.push(counted(totals.defaults, "default"));
    facts.push(format!("{} sold", money(totals.sold_value)));
    if totals.loss_bankruptcy_costs > 0.0 {
        facts.push(format!(
            "{} destroyed by defaults",
            money(totals.loss_bankruptcy_costs)
        ));
    }
    let _ = writeln!(text, "{}\n", facts.join("; "));
}

fn percent_of(part: f64, whole: f64) -> String {
    if whole > 0.0 {
        percent(part / whole)
    } else {
        "no share".to_owned()
    }
}
