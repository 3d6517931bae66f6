//! Figures beside what they should be on two cores.

use super::Report;
use serde::Serialize;

/// A figure and the most that it should be.
#[derive(Clone, Debug, Serialize)]
pub struct Goal {
    /// What is measured.
    pub what: String,
    /// What was measured.
    pub measured: f64,
    /// The most that it should be.
    pub goal: f64,
    /// Measured over goal: at most 1 where the goal is met.
    pub ratio: f64,
    /// Whether it is met, and every solve behind it certified.
    pub met: bool,
}

/// The goals that the report has figures for.
pub fn goals(report: &Report) -> Vec<Goal> {
    let mut goals = Vec::new();
    let mut goal = |what: String, measured: f64, goal: f64, certified: bool| {
        goals.push(Goal {
            what,
            measured,
            goal,
            ratio: measured / goal,
            met: certified && measured <= goal,
        });
    };
    for batch in &report.batch {
        let most = if batch.size == "M" { 110.0 } else { 4.7 };
        goal(
            format!("batch on {}, microseconds a scenario", batch.size),
            batch.microseconds_per_scenario,
            most,
            batch.certified == batch.scenarios,
        );
    }
    for single in &report.single {
        let certified = single.status == "Certified";
        let most = match single.size {
            "L" => 1.5,
            "X" => 2.0,
            _ => continue,
        };
        let what = format!(
            "solve of {}, time by pass over reading its rows once",
            single.size
        );
        goal(what, single.solve_over_read, most, certified);
        if single.size == "L" {
            let what = "solve of L, passes to 1e-12, proof included".to_owned();
            goal(what, single.passes as f64, 15.0, certified);
        }
    }
    for near in &report.near_tipping {
        let most = match (near.system, near.distance, near.tolerance) {
            ("spiral", 1e-8, 1e-12) => 10.0,
            _ => 1.0,
        };
        let what = format!(
            "{} at {:.0e}, milliseconds to {:.0e}",
            near.system, near.distance, near.tolerance
        );
        goal(what, near.milliseconds, most, near.status == "Certified");
    }
    for memory in &report.memory {
        if memory.size == "L" && memory.unavailable.is_none() {
            let what = "solve of L, peak bytes by entry above its input".to_owned();
            goal(what, memory.bytes_per_entry, 24.0, true);
        }
    }
    goals
}
