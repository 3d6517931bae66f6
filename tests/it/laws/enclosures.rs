//! Laws about enclosures: what the bounds of a box of states hold, and what the bounds of all equilibria do.

use super::mixed::Mixed;
use super::systems::{Case, Tape};
use super::{Verdict, law_with};
use delever::cascade::{CascadeMap, EnclosureSettings};
use delever::solver::{End, FixedPointMap, Settings, enclose, solve};
use proptest::test_runner::TestCaseError;

/// As much as a law has time for.
const ENCLOSURE: EnclosureSettings = EnclosureSettings {
    tolerance: 1e-12,
    max_images: 120,
    shaving: true,
};

/// A number between two, often an end or the neighbour of one.
fn place(tape: &mut Tape<'_>, low: f64, high: f64) -> f64 {
    let u = tape.unit();
    let x = if u < 0.2 {
        low
    } else if u < 0.4 {
        high
    } else if u < 0.5 {
        low.next_up()
    } else {
        low + (high - low) * (u - 0.5) * 2.0
    };
    x.clamp(low, high)
}

/// Whether a number lies between two bounds. Average prices are bounded in exact arithmetic only, so where they are paid, up to a
/// few roundings.
fn inside(mixed: &Mixed, low: f64, x: f64, high: f64) -> bool {
    let slack = if mixed.pays_averages() {
        1e-13 * (1.0 + low.abs().max(high.abs()))
    } else {
        0.0
    };
    low - slack <= x && x <= high + slack
}

fn fails(what: &str, mixed: &impl std::fmt::Debug) -> TestCaseError {
    TestCaseError::fail(format!("{what}\n{mixed:#?}"))
}

/// A random box of states inside the largest one.
fn draw_box(tape: &mut Tape<'_>, map: &CascadeMap<'_>) -> Option<(Vec<f64>, Vec<f64>)> {
    let n = map.dim();
    let (mut low, mut high) = (vec![0.0; n], vec![0.0; n]);
    if !map.enclosure_box_into(&mut low, &mut high) {
        return None;
    }
    let narrow = tape.unit();
    for k in 0..n {
        let (a, b) = (place(tape, low[k], high[k]), place(tape, low[k], high[k]));
        let (a, b) = (a.min(b), a.max(b));
        let b = if narrow < 0.3 {
            a
        } else if narrow < 0.6 {
            a + (b - a) * 1e-3
        } else {
            b
        };
        (low[k], high[k]) = (a, b.max(a));
    }
    Some((low, high))
}

/// Bitwise: the computed image of every state of a box lies in the bounds of the images of the box, for every model, ordered or
/// not. With average prices a gain is bounded in exact arithmetic only, hence a few roundings there.
#[test]
fn images_of_boxes_hold_the_image_of_every_state() {
    law_with(0.6, 0.05, |tape| {
        let mixed = Mixed::draw(tape);
        let verdict = mixed.wire(|_, map| {
            let Some((low, high)) = draw_box(tape, map) else {
                return Ok(Verdict::Skipped);
            };
            let n = map.dim();
            let mut work = map.workspace();
            let (mut image_low, mut image_high) = (vec![0.0; n], vec![0.0; n]);
            if !map.enclose_image(&low, &high, &mut image_low, &mut image_high, &mut work) {
                return Ok(Verdict::Skipped);
            }
            let mut image = vec![0.0; n];
            for _ in 0..6 {
                let x: Vec<f64> = (0..n).map(|k| place(tape, low[k], high[k])).collect();
                map.apply(&x, &mut image, &mut work);
                for k in 0..n {
                    if !inside(&mixed, image_low[k], image[k], image_high[k]) {
                        let what = format!(
                            "component {k} of {n}: {:?} outside {:?} to {:?}\nstate {x:?}\nof {low:?}\nto {high:?}",
                            image[k], image_low[k], image_high[k]
                        );
                        return Err(fails(&what, &mixed));
                    }
                }
            }
            Ok(Verdict::of(low != high))
        });
        verdict.unwrap_or(Ok(Verdict::Skipped))
    });
}

/// A state that the map leaves as it is, bit by bit, sought from a random one.
fn fixed_point(tape: &mut Tape<'_>, map: &CascadeMap<'_>) -> Option<Vec<f64>> {
    let n = map.dim();
    let (mut low, mut high) = (vec![0.0; n], vec![0.0; n]);
    map.bounds_into(&mut low, &mut high);
    let start = tape.unit();
    let mut x: Vec<f64> = (0..n)
        .map(|k| {
            if start < 0.15 {
                high[k]
            } else if start < 0.3 {
                low[k]
            } else {
                place(tape, low[k], high[k])
            }
        })
        .collect();
    let mut image = vec![0.0; n];
    let mut work = map.workspace();
    // Plain steps, half steps where those cycle, and plain ones to the last bit.
    for (step, count) in [(1.0, 40), (0.5, 40), (1.0, 20)] {
        for _ in 0..count {
            map.apply(&x, &mut image, &mut work);
            if image == x {
                return Some(x);
            }
            for (x, image) in x.iter_mut().zip(&image) {
                *x = if step == 1.0 {
                    *image
                } else {
                    *x + step * (image - *x)
                };
            }
        }
    }
    None
}

fn holds_every_fixed_point(mixed: &Mixed, tape: &mut Tape<'_>) -> Result<Verdict, TestCaseError> {
    let verdict = mixed.wire(|_, map| {
        let Some(enclosure) = enclose(map, &ENCLOSURE) else {
            return Ok(Verdict::Skipped);
        };
        let mut found = false;
        for _ in 0..2 {
            let Some(x) = fixed_point(tape, map) else {
                continue;
            };
            found = true;
            let Some(bounds) = &enclosure.bounds else {
                return Err(fails(&format!("no equilibrium, it is said, but {x:?}"), mixed));
            };
            for k in 0..x.len() {
                if !inside(mixed, bounds.lower[k], x[k], bounds.upper[k]) {
                    let what = format!(
                        "component {k} of {}: {:?} outside {:?} to {:?}",
                        x.len(),
                        x[k],
                        bounds.lower[k],
                        bounds.upper[k]
                    );
                    return Err(fails(&what, mixed));
                }
            }
        }
        Ok(Verdict::of(found))
    });
    verdict.unwrap_or(Ok(Verdict::Skipped))
}

/// Bitwise: every state that the computed map leaves as it is lies in the enclosure.
#[test]
fn enclosures_hold_every_equilibrium() {
    law_with(0.5, 0.1, |tape| {
        let mixed = Mixed::draw(tape);
        holds_every_fixed_point(&mixed, tape)
    });
}

/// The same for clearing with credit default swaps alone.
#[test]
fn enclosures_hold_every_clearing_vector_with_swaps() {
    law_with(0.4, 0.1, |tape| {
        let mixed = Mixed::draw(tape).clearing_alone();
        holds_every_fixed_point(&mixed, tape)
    });
}

/// An ordered system is enclosed by what its greatest and its least equilibrium are proved to be.
#[test]
fn enclosures_of_ordered_systems_agree_with_their_brackets() {
    law_with(0.3, 0.02, |tape| {
        let case = Case::draw(tape);
        case.wire(|wired| {
            let map = wired.map();
            let Some(enclosure) = enclose(&map, &ENCLOSURE) else {
                return Ok(Verdict::Skipped);
            };
            let Some(bounds) = &enclosure.bounds else {
                return Err(fails("an ordered system has equilibria", &case));
            };
            for end in [End::Greatest, End::Least] {
                let solution = solve(&map, end, &Settings::default(), &mut ());
                let Some(bracket) = &solution.bracket else {
                    continue;
                };
                for k in 0..map.dim() {
                    // The equilibrium lies in both.
                    if !(bracket.lower[k] <= bounds.upper[k] && bounds.lower[k] <= bracket.upper[k]) {
                        return Err(fails(&format!("{end:?} {k}: {bracket:?} {bounds:?}"), &case));
                    }
                }
            }
            Ok(Verdict::of(bounds.width <= 1e-9))
        })
    });
}
