//! Who holds which assets: popular ones more often, those of the own country above all.

use super::assets::{CLASSES, COUNTRIES, Issue};
use super::draws::{Draws, Lottery, Subject};
use super::money::{Thousandths, money, thousandths};
use super::sizes::Frame;
use super::{Generator, SyntheticHolding};

/// How much more a bank holds of its own government's bonds. The sign is a fact (Battistini, Pagano and Simonelli
/// 2014, for the euro area), the size is stylised.
const HOME_BIAS: f64 = 5.0;
/// Spread of the logarithm of amounts within a portfolio: some positions are several times the average one.
const CONCENTRATION: f64 = 1.5;

/// All portfolios.
pub(super) struct Portfolios {
    /// Sorted by institution, then asset; quantities are money, for every price is 1.
    pub holdings: Vec<SyntheticHolding>,
    /// By institution, the value of its portfolio.
    pub securities: Vec<Thousandths>,
    /// By asset, what all institutions hold.
    pub volumes: Vec<Thousandths>,
    /// By institution, its country.
    pub countries: Vec<&'static str>,
}

/// Draws all portfolios, one bank after the other.
pub(super) fn portfolios(generator: &Generator, frames: &[Frame], issues: &[Issue]) -> Portfolios {
    let mut draws = Draws::new(generator.seed, Subject::Portfolios);
    let everywhere = Lottery::new(issues.iter().map(|issue| issue.popularity));
    let at_home: Vec<Vec<usize>> = COUNTRIES
        .iter()
        .map(|&(country, _)| {
            let home = |&n: &usize| CLASSES[issues[n].class].country == Some(country);
            (0..issues.len()).filter(home).collect()
        })
        .collect();
    let homes = Lottery::new(COUNTRIES.iter().map(|&(_, share)| share));
    let mean = generator.holdings_per_institution.min(issues.len());
    let mut taken = vec![u32::MAX; issues.len()];
    let mut chosen: Vec<(usize, f64)> = Vec::new();
    let mut result = Portfolios {
        holdings: Vec::with_capacity(frames.len() * mean),
        securities: Vec::with_capacity(frames.len()),
        volumes: vec![0; issues.len()],
        countries: Vec::with_capacity(frames.len()),
    };
    for (bank, frame) in frames.iter().enumerate() {
        let home = homes.draw(&mut draws);
        let mark = bank as u32;
        chosen.clear();
        let spread = (mean / 3).min(issues.len() - mean);
        let count = (mean - spread + draws.below(2 * spread + 1)).max(1);
        // A fifth of a portfolio, and at least one asset, is looked for at home.
        let bonds = &at_home[home];
        if !bonds.is_empty() {
            for _ in 0..count.div_ceil(5) {
                let asset = bonds[draws.below(bonds.len())];
                if taken[asset] != mark {
                    taken[asset] = mark;
                    chosen.push((asset, 0.0));
                }
            }
        }
        everywhere.draw_distinct(count - chosen.len(), &mut draws, &mut taken, mark, |asset| {
            chosen.push((asset, 0.0));
        });
        chosen.sort_unstable_by_key(|&(asset, _)| asset);
        let mut sum = 0.0;
        for (asset, amount) in &mut chosen {
            let class = &CLASSES[issues[*asset].class];
            let bias = if class.country == Some(COUNTRIES[home].0) {
                HOME_BIAS
            } else {
                1.0
            };
            *amount = bias * class.weight * draws.factor(CONCENTRATION);
            sum += *amount;
        }
        let mut securities = 0;
        for &(asset, amount) in &chosen {
            let value = thousandths(frame.securities * amount / sum).max(1);
            securities += value;
            result.volumes[asset] += value;
            result.holdings.push(SyntheticHolding {
                institution: mark,
                asset: asset as u32,
                quantity: money(value),
            });
        }
        result.securities.push(securities);
        result.countries.push(COUNTRIES[home].0);
    }
    result
}
