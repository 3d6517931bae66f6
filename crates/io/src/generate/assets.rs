//! Asset classes, the assets of each, and what trading them costs.

use super::draws::{Draws, Subject};
use super::money::{Thousandths, money, thousandths};
use super::{Generator, SyntheticAsset};

/// One class of marketable assets.
#[derive(Debug)]
pub(super) struct AssetClass {
    /// Id of the class, and of its only asset where there is one for each class.
    pub id: &'static str,
    /// Name of the class.
    pub name: &'static str,
    /// Country of the issuer, if it is a government.
    pub country: Option<&'static str>,
    /// Share in the average portfolio before home bias.
    pub weight: f64,
    /// Traded each day, as a share of what banks hold.
    turnover: f64,
    /// Standard deviation of the daily return.
    volatility: f64,
    /// Price below which buyers from outside step in, as a share of the initial price.
    price_floor: f64,
    /// Risk weight in the manner of the Basel standardised approach; 1 is 100 %.
    risk_weight: f64,
}

/// A government bond: zero risk weight, deep market.
const fn sovereign(
    id: &'static str,
    name: &'static str,
    country: &'static str,
    weight: f64,
    turnover: f64,
    volatility: f64,
) -> AssetClass {
    AssetClass {
        id,
        name,
        country: Some(country),
        weight,
        turnover,
        volatility,
        price_floor: 0.6,
        risk_weight: 0.0,
    }
}

/// A class of private issuers.
const fn private(
    id: &'static str,
    name: &'static str,
    weight: f64,
    (turnover, volatility): (f64, f64),
    price_floor: f64,
    risk_weight: f64,
) -> AssetClass {
    AssetClass {
        id,
        name,
        country: None,
        weight,
        turnover,
        volatility,
        price_floor,
        risk_weight,
    }
}

/// The classes, in the order in which a system of few assets takes them.
///
/// Magnitudes follow what supervisors and exchanges report of European banks' books; they are stylised.
#[rustfmt::skip]
pub(super) const CLASSES: [AssetClass; 12] = [
    private("corporate_bonds", "Corporate bonds", 0.18, (0.0165, 0.0045), 0.4, 1.0),
    sovereign("sovereign_de", "Sovereign bonds DE", "DE", 0.10, 0.0500, 0.0035),
    private("equities", "Equities", 0.08, (0.0500, 0.0120), 0.3, 2.5),
    sovereign("sovereign_fr", "Sovereign bonds FR", "FR", 0.11, 0.0430, 0.0037),
    private("covered_bonds", "Covered bonds", 0.12, (0.0165, 0.0030), 0.6, 0.1),
    sovereign("sovereign_it", "Sovereign bonds IT", "IT", 0.11, 0.0400, 0.0055),
    private("bank_bonds", "Bank bonds", 0.07, (0.0150, 0.0045), 0.4, 0.5),
    sovereign("sovereign_es", "Sovereign bonds ES", "ES", 0.08, 0.0365, 0.0045),
    private("high_yield_bonds", "High-yield bonds", 0.05, (0.0150, 0.0070), 0.3, 1.5),
    sovereign("sovereign_nl", "Sovereign bonds NL", "NL", 0.05, 0.0365, 0.0035),
    private("securitisations", "Securitisations", 0.05, (0.0100, 0.0050), 0.3, 0.5),
    sovereign("sovereign_at", "Sovereign bonds AT", "AT", 0.04, 0.0300, 0.0037),
];

/// Countries and the share of banks that are at home in each.
pub(super) const COUNTRIES: [(&str, f64); 6] = [
    ("AT", 0.10),
    ("DE", 0.28),
    ("ES", 0.14),
    ("FR", 0.20),
    ("IT", 0.18),
    ("NL", 0.10),
];

/// The class that the default scenario shocks; every system has it.
pub(super) const SHOCKED_CLASS: usize = 0;

/// `c` in `depth = c adv sqrt(days) / volatility`; the formula is that of Cont and Schaanning (2017), the value stylised.
const IMPACT_CONSTANT: f64 = 0.4;
/// Trading days over which sellers spread their sales.
const LIQUIDATION_DAYS: f64 = 20.0;

/// An asset before anybody holds it.
#[derive(Clone, Debug)]
pub(super) struct Issue {
    pub class: usize,
    pub id: String,
    name: String,
    /// Chance of being held, relative to other assets.
    pub popularity: f64,
    volatility: f64,
}

/// The assets of a system, ascending by id: one for each class, or as many series as are asked for.
pub(super) fn issues(generator: &Generator) -> Vec<Issue> {
    let mut draws = Draws::new(generator.seed, Subject::Assets);
    let count = generator.assets;
    let classes = count.min(CLASSES.len());
    let digits = count.div_ceil(classes).to_string().len();
    let mut issues: Vec<Issue> = (0..count)
        .map(|n| {
            let (class, series) = (n % classes, n / classes + 1);
            let AssetClass {
                id, name, volatility, ..
            } = CLASSES[class];
            let (id, name) = if count == classes {
                (id.to_owned(), name.to_owned())
            } else {
                (
                    format!("{id}_{series:0digits$}"),
                    format!("{name}, series {series}"),
                )
            };
            let volatility = volatility * draws.between(0.9, 1.1);
            Issue {
                class,
                id,
                name,
                popularity: draws.factor(0.7),
                volatility: (volatility * 1e5).round() / 1e5,
            }
        })
        .collect();
    issues.sort_by(|a, b| a.id.cmp(&b.id));
    let mut sums = [0.0; CLASSES.len()];
    for issue in &issues {
        sums[issue.class] += issue.popularity;
    }
    for issue in &mut issues {
        issue.popularity *= CLASSES[issue.class].weight / sums[issue.class];
    }
    issues
}

/// The table of assets, from what banks hold of each.
///
/// `adv` is a share of the volume held; `depth = c adv sqrt(days) / volatility`, so that it too is in proportion to
/// volume. Source of the formula: Cont and Schaanning (2017), Fire sales, indirect contagion and systemic stress
/// testing.
pub(super) fn assets(issues: Vec<Issue>, volumes: &[Thousandths]) -> Vec<SyntheticAsset> {
    let days = LIQUIDATION_DAYS.sqrt();
    issues
        .into_iter()
        .zip(volumes)
        .map(|(issue, &volume)| {
            let class = &CLASSES[issue.class];
            let adv = thousandths(money(volume) * class.turnover).max(1);
            let depth = IMPACT_CONSTANT * money(adv) * days / issue.volatility;
            SyntheticAsset {
                id: issue.id,
                name: issue.name,
                class: class.id,
                price: 1.0,
                depth: money(thousandths(depth).max(1)),
                adv: money(adv),
                volatility: issue.volatility,
                price_floor: class.price_floor,
                risk_weight: class.risk_weight,
            }
        })
        .collect()
}
