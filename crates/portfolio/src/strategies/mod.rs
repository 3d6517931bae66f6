//! Liquidation strategies: which assets a seller sells.
//!
//! | kind | sells |
//! |---|---|
//! | `pro-rata` | the same fraction of every holding |
//! | `most-liquid-first` | the deepest markets first (`depth`, else `adv`; ties by id), raising the same money |
//! | `by-priority` | the lowest `sale_priority` first (ties by id), raising the same money |
//! | `least-impact` | what moves prices least against the seller itself, raising the same money |
//!
//! A rule that buys (two-sided leverage targeting) buys pro rata under each of them.

mod least_impact;
mod pages;
mod pecking_order;
mod pro_rata;

pub use least_impact::{ImpactCurve, LeastImpact};
pub use pecking_order::PeckingOrder;
pub use pro_rata::ProRata;

use delever_core::{
    BalanceSheet, Continuity, Execution, Interval, NoColumns, Order, Profile, Real, Registry, Sale,
};

pub(crate) fn register(registry: &mut Registry) {
    registry.add_strategy::<ProRata, NoColumns>("pro-rata", |_| Ok(ProRata));
    registry.add_strategy::<PeckingOrder, pecking_order::Liquidity>(
        "most-liquid-first",
        PeckingOrder::most_liquid_first,
    );
    registry
        .add_strategy::<PeckingOrder, pecking_order::Priority>("by-priority", PeckingOrder::priorities_first);
    registry.add_strategy::<LeastImpact, least_impact::Row>("least-impact", LeastImpact::from_shape);
    pages::document(registry);
}

/// The money that a pro-rata seller would raise at trial prices. A seller of everything sells everything, whatever
/// rounding makes of a product.
fn money<N: Real>(sale: Sale<N>, sheet: &BalanceSheet<'_, N>) -> N {
    match sale {
        Sale::Money(money) => money,
        Sale::Fraction(fraction) => fraction.if_below(
            N::from(1.0),
            || fraction * sheet.marketable,
            || N::from(f64::INFINITY),
        ),
    }
}

/// Lets bounds of units sold hold purchases, which are pro rata, where the rule may buy.
fn bound_purchases(
    sale: Sale<Interval>,
    sheet: &BalanceSheet<'_, Interval>,
    low: &mut [f64],
    high: &mut [f64],
) {
    let (Sale::Money(asked) | Sale::Fraction(asked)) = sale;
    if asked.low < 0.0 {
        let fraction = sale.fraction(sheet);
        for (place, &held) in sheet.holdings.values.iter().enumerate() {
            let bought = fraction * Interval::from(held);
            low[place] = bought.low;
            if asked.high < 0.0 {
                high[place] = bought.high;
            }
        }
    }
}

/// What strategies that raise money at trial prices declare: ordered unless sellers are paid average prices. Rules whose
/// fraction times holdings may rise with prices declare that themselves.
fn sequential(execution: Execution) -> Profile {
    Profile {
        order: match execution {
            Execution::Terminal => Order::Antitone,
            Execution::Vwap => Order::Unordered,
        },
        continuity: Continuity::Both,
        bounded: true,
    }
}
