//! A bound below the greatest fixed point where no inequality in doubles holds: from what a map says ends at the top.
//!
//! A map that passes on within a group exactly what comes in, as a stochastic matrix does, has a line of fixed points. Its
//! greatest one, `x*`, is as large as the first component to reach the top allows. Rounded down, nothing below it is carried:
//! `l <= T_(l)` fails by a rounding for every `l` but the smallest.
//!
//! What holds is this. Let some component `j` of the group stand at the top in `x*`, and let `T_j` be the map with `j` held
//! there. Then `x*` is a fixed point of `T_j` too, so the *least* one of `T_j` lies below it; and that one can be bounded as any
//! other, because what flows into `j` leaves the group. Which `j` it is, bounds from above tell: only components that they leave
//! at the top come into question, and where these are several, the least of what they give is a bound.

use crate::chain::{Chain, Rounding};
use crate::map::{End, FixedPointMap, Precision};
use crate::solve::{Settings, solve_chain};

/// Most alternatives of a group that are tried, each with a solve.
const MOST_ALTERNATIVES: usize = 16;
/// How much narrower than what is asked for these solves are, so that the bracket around the answer fits.
const SHARE: f64 = 1.0 / 8.0;

/// Seeks a floor of the chain from a bound above the greatest fixed point. What the map says is refuted where the floor
/// lies above that bound.
pub(crate) fn seek<M: FixedPointMap>(chain: &mut Chain<'_, M>, outer: &[f64], settings: &Settings) {
    if chain.end != End::Greatest || chain.floor.is_some() {
        return;
    }
    let mut groups = chain.map.groups_at_top();
    if groups.is_empty() {
        return;
    }
    // What stands at the top by itself needs no help.
    chain.evaluate(Rounding::Below(Precision::Sharp), outer);
    let at_top = |x: &[f64], components: &[u32], top: &[f64]| {
        components.iter().all(|&n| x[n as usize] >= top[n as usize])
    };
    groups.retain(|group| {
        !group
            .iter()
            .all(|components| at_top(&chain.image, components, &chain.top))
    });
    let mut floor = chain.bottom.clone();
    let (mut held, mut several) = (Vec::new(), Vec::new());
    for mut group in groups {
        let first = group.first().cloned().unwrap_or_default();
        group.retain(|components| at_top(outer, components, &chain.top));
        match &group[..] {
            // Nothing stands at the top: the floor will say so.
            [] => {
                for &n in &first {
                    floor[n as usize] = chain.top[n as usize];
                }
            }
            [only] => held.extend_from_slice(only),
            _ if group.len() <= MOST_ALTERNATIVES => several.push(group),
            _ => {}
        }
    }
    if !held.is_empty() {
        raise(&mut floor, &least(chain, held.clone(), settings));
    }
    for group in several {
        let mut lowest = chain.top.clone();
        for components in group {
            let held = [&held[..], &components].concat();
            for (lowest, bound) in lowest.iter_mut().zip(least(chain, held, settings)) {
                *lowest = lowest.min(bound);
            }
        }
        raise(&mut floor, &lowest);
    }
    chain.floor = Some(floor);
}

fn raise(floor: &mut [f64], to: &[f64]) {
    for (floor, &to) in floor.iter_mut().zip(to) {
        *floor = floor.max(to);
    }
}

/// A bound below the least fixed point of the map that has these components held at the top.
fn least<M: FixedPointMap>(chain: &mut Chain<'_, M>, held: Vec<u32>, settings: &Settings) -> Vec<f64> {
    let settings = Settings {
        tolerance: settings.tolerance * SHARE,
        ..*settings
    };
    let holding = Chain::new(chain.map, End::Least, settings.max_iterations).holding(held);
    let solution = solve_chain(holding, &settings, &mut ());
    chain.passes += solution.passes;
    match solution.bracket {
        Some(bracket) => bracket.lower,
        None => chain.bottom.clone(),
    }
}

/// Whether the chain's floor lies above a bound that is above the greatest fixed point.
pub(crate) fn refuted<M: FixedPointMap>(chain: &Chain<'_, M>, outer: &[f64]) -> bool {
    let floor = chain.floor.as_ref();
    floor.is_some_and(|floor| floor.iter().zip(outer).any(|(floor, outer)| floor > outer))
}
