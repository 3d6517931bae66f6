//! The same textbook on lists, for systems too large to write densely: leverage cap, exponential impact at the
//! final price, Eisenberg-Noe clearing. What benchmarks compare the engine with.

/// A large system after its shock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LargeSystem {
    /// By institution, cash and other assets, money.
    pub outside_assets: Vec<f64>,
    /// By institution, money.
    pub external_liabilities: Vec<f64>,
    /// By institution, assets over equity; `inf` is no cap.
    pub max_leverage: Vec<f64>,
    /// By institution: asset and units.
    pub holdings: Vec<Vec<(usize, f64)>>,
    /// By creditor: debtor and money.
    pub debts: Vec<Vec<(usize, f64)>>,
    /// By asset, before the shock.
    pub initial_prices: Vec<f64>,
    /// By asset, after the shock.
    pub shocked_prices: Vec<f64>,
    /// By asset, money.
    pub depths: Vec<f64>,
}

/// What [`solve`] found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LargeAnswer {
    /// By asset.
    pub prices: Vec<f64>,
    /// By institution, payments to all creditors, money.
    pub payments: Vec<f64>,
    /// By institution, assets less liabilities at face, money.
    pub equity: Vec<f64>,
    /// Applications of the map.
    pub iterations: u64,
}

/// Iterates from prices after the shock and payments in full until no price and no payment ratio moves by more than
/// `tolerance`, relative to the start.
pub fn solve(system: &LargeSystem, tolerance: f64, max_iterations: u64) -> LargeAnswer {
    let n = system.outside_assets.len();
    let mut liabilities = system.external_liabilities.clone();
    for (debtor, amount) in system.debts.iter().flatten() {
        liabilities[*debtor] += amount;
    }
    let mut prices = system.shocked_prices.clone();
    let mut ratios = vec![1.0; n];
    let mut answer = LargeAnswer::default();
    for iteration in 1..=max_iterations {
        let mut sold = vec![0.0; prices.len()];
        let mut new_ratios = vec![1.0; n];
        answer.equity.clear();
        for i in 0..n {
            let marketable: f64 = system.holdings[i]
                .iter()
                .map(|&(k, units)| prices[k] * units)
                .sum();
            let received: f64 = system.debts[i]
                .iter()
                .map(|&(j, amount)| ratios[j] * amount)
                .sum();
            let assets = system.outside_assets[i] + marketable + received;
            let equity = assets - liabilities[i];
            let cap = system.max_leverage[i];
            let share = if cap.is_infinite() {
                0.0
            } else {
                let need = assets - cap * equity;
                if need <= 0.0 {
                    0.0
                } else if equity <= 0.0 || marketable <= 0.0 {
                    1.0
                } else {
                    (need / marketable).min(1.0)
                }
            };
            for &(k, units) in &system.holdings[i] {
                sold[k] += share * units;
            }
            if liabilities[i] > 0.0 {
                new_ratios[i] = (assets / liabilities[i]).clamp(0.0, 1.0);
            }
            answer.equity.push(equity);
        }
        let mut change: f64 = 0.0;
        for (old, new) in ratios.iter_mut().zip(new_ratios) {
            change = change.max((new - *old).abs());
            *old = new;
        }
        for k in 0..prices.len() {
            let shocked = system.shocked_prices[k];
            let new = shocked * (-system.initial_prices[k] * sold[k] / system.depths[k]).exp();
            if shocked > 0.0 {
                change = change.max((new - prices[k]).abs() / shocked);
            }
            prices[k] = new;
        }
        answer.iterations = iteration;
        if change <= tolerance {
            break;
        }
    }
    answer.payments = ratios
        .iter()
        .zip(&liabilities)
        .map(|(ratio, face)| ratio * face)
        .collect();
    answer.prices = prices;
    answer
}
