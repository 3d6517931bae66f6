//! Every public amount of a balance sheet, to be read one at a time.

use delever::core::{BalanceSheet, Real};

/// An amount that a model may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    Cash,
    OtherAssets,
    Marketable,
    MarketableAtAverage,
    ExecutionGain,
    ClaimsFace,
    Received,
    DebtsReceived,
    Shares,
    DebtsFace,
    ExternalLiabilities,
    Liabilities,
    EquityInitial,
    EquityShocked,
    AssetsInitial,
    Repaid,
    OutsideAssets,
    Assets,
    /// Units of the first holding.
    Units,
    /// The price of the first holding before the shock.
    InitialPrice,
    /// Its trial price.
    Price,
    /// Its average execution price.
    AveragePrice,
}

/// What a model sees that looks at amounts only.
pub const AMOUNTS: [Amount; 18] = [
    Amount::Cash,
    Amount::OtherAssets,
    Amount::Marketable,
    Amount::MarketableAtAverage,
    Amount::ExecutionGain,
    Amount::ClaimsFace,
    Amount::Received,
    Amount::DebtsReceived,
    Amount::Shares,
    Amount::DebtsFace,
    Amount::ExternalLiabilities,
    Amount::Liabilities,
    Amount::EquityInitial,
    Amount::EquityShocked,
    Amount::AssetsInitial,
    Amount::Repaid,
    Amount::OutsideAssets,
    Amount::Assets,
];

/// What a model sees besides that looks at single holdings and prices.
pub const POSITIONS: [Amount; 4] = [
    Amount::Units,
    Amount::InitialPrice,
    Amount::Price,
    Amount::AveragePrice,
];

impl Amount {
    pub fn read<N: Real>(self, sheet: &BalanceSheet<'_, N>) -> N {
        let first = sheet.holdings.iter().next();
        let of_first = |value: &dyn Fn(usize, f64) -> N| {
            first.map_or(N::from(0.0), |(asset, units)| value(asset, units))
        };
        match self {
            Self::Cash => N::given(sheet.cash),
            Self::OtherAssets => N::given(sheet.other_assets),
            Self::Marketable => sheet.marketable,
            Self::MarketableAtAverage => sheet.marketable_at_average,
            Self::ExecutionGain => sheet.execution_gain,
            Self::ClaimsFace => sheet.claims_face,
            Self::Received => sheet.received,
            Self::DebtsReceived => sheet.debts_received,
            Self::Shares => sheet.shares,
            Self::DebtsFace => sheet.debts_face,
            Self::ExternalLiabilities => N::given(sheet.external_liabilities),
            Self::Liabilities => sheet.liabilities,
            Self::EquityInitial => N::given(sheet.equity_initial),
            Self::EquityShocked => N::given(sheet.equity_shocked),
            Self::AssetsInitial => N::given(sheet.assets_initial),
            Self::Repaid => N::given(sheet.repaid),
            Self::OutsideAssets => sheet.outside_assets(),
            Self::Assets => sheet.assets(),
            Self::Units => of_first(&|_, units| N::from(units)),
            Self::InitialPrice => of_first(&|asset, _| N::from(sheet.initial_prices[asset])),
            Self::Price => of_first(&|asset, _| sheet.price(asset)),
            Self::AveragePrice => of_first(&|asset, _| sheet.average_price(asset)),
        }
    }

    /// Whether a model that reads this looks at single holdings or prices.
    pub fn is_of_position(self) -> bool {
        POSITIONS.contains(&self)
    }
}
