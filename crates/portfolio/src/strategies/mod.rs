//! Liquidation strategies: which assets a seller sells.
//!
//! | kind | sells |
//! |---|---|
//! | `pro-rata` | the same fraction of every holding |
//! | `most-liquid-first` | the deepest markets first (`depth`, else `adv`; ties by id), raising the same money |

mod most_liquid_first;
mod pro_rata;

pub use most_liquid_first::MostLiquidFirst;
pub use pro_rata::ProRata;

use delever_core::{NoColumns, Registry};

pub(crate) fn register(registry: &mut Registry) {
    registry.add_strategy::<ProRata, NoColumns>("pro-rata", |_| Ok(ProRata));
    registry.add_strategy::<MostLiquidFirst, most_liquid_first::Liquidity>(
        "most-liquid-first",
        MostLiquidFirst::from_shape,
    );
}
