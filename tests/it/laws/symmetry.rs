//! Symmetry and structure: relabelling, units, splitting, joining, and the special cases with their own short code.

use super::systems::{Bank, Case, Clearing, ImpactKind, RuleKind, State, Tape};
use super::{Verdict, alike, close, law, law_with};
use delever::solver::FixedPointMap;
use proptest::test_runner::{TestCaseError, TestCaseResult};

/// Fails unless the two states agree bit by bit.
fn identical(left: &State, right: &State, case: &Case) -> TestCaseResult {
    if left == right {
        Ok(())
    } else {
        Err(TestCaseError::fail(format!("{left:?}\n{right:?}\n{case:#?}")))
    }
}

/// A permutation of `0..count`.
fn shuffled(count: usize, tape: &mut Tape<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for n in (1..count).rev() {
        order.swap(n, tape.pick(n + 1));
    }
    order
}

/// The case with its institutions and assets given in another order; `new[n]` was `old[banks[n]]`.
fn reordered(case: &Case, banks: &[usize], assets: &[usize]) -> Case {
    let place = |old: usize| banks.iter().position(|&n| n == old).expect("a permutation");
    let row = |&n: &usize| assets.iter().map(|&k| case.holdings[n][k]).collect();
    let mut other = case.clone();
    other.banks = banks.iter().map(|&n| case.banks[n].clone()).collect();
    other.assets = assets.iter().map(|&k| case.assets[k].clone()).collect();
    other.holdings = banks.iter().map(row).collect();
    other.debts = case
        .debts
        .iter()
        .rev()
        .map(|&(i, j, amount)| (place(i), place(j), amount))
        .collect();
    other
}

/// A state of the reordered case in the order of the first one.
fn put_back(state: &State, banks: &[usize], assets: &[usize]) -> State {
    let back = |values: &[f64], order: &[usize]| {
        let mut sorted = values.to_vec();
        for (&value, &place) in values.iter().zip(order) {
            sorted[place] = value;
        }
        sorted
    };
    State {
        prices: back(&state.prices, assets),
        sold: back(&state.sold, assets),
        ratios: back(&state.ratios, banks),
        fractions: back(&state.fractions, banks),
        ..state.clone()
    }
}

/// Draws a case after the law's own numbers.
fn drawn<'t>(tape: &mut Tape<'t>) -> (Case, Tape<'t>) {
    let knobs = Tape(&tape.0[..12]);
    tape.0 = &tape.0[12..];
    (Case::draw(tape), knobs)
}

/// Like [`drawn`], now and then with somebody on the edge of default: for laws without tolerance.
fn drawn_with_edges<'t>(tape: &mut Tape<'t>) -> (Case, Tape<'t>) {
    let knobs = Tape(&tape.0[..12]);
    tape.0 = &tape.0[12..];
    (Case::draw_with_edges(tape), knobs)
}

/// Bitwise: the order of the input does not matter. Institutions and assets are sorted by name.
#[test]
fn law_13_input_order_changes_no_bit() {
    law(0.5, |tape| {
        let (case, mut knobs) = drawn_with_edges(tape);
        let banks = shuffled(case.banks.len(), &mut knobs);
        let assets = shuffled(case.assets.len(), &mut knobs);
        let other = reordered(&case, &banks, &assets).greatest();
        let state = case.greatest();
        identical(&state, &put_back(&other, &banks, &assets), &case)?;
        Ok(Verdict::of(state.binds()))
    });
}

/// To rounding: new names permute the result.
#[test]
fn law_13_new_names_permute_the_result() {
    law(0.5, |tape| {
        let (case, mut knobs) = drawn(tape);
        let mut renamed = case.clone();
        for (bank, place) in renamed
            .banks
            .iter_mut()
            .zip(shuffled(case.banks.len(), &mut knobs))
        {
            bank.name = format!("bank {place}");
        }
        for (asset, place) in renamed
            .assets
            .iter_mut()
            .zip(shuffled(case.assets.len(), &mut knobs))
        {
            asset.name = format!("asset {place}");
        }
        let (state, other) = (case.greatest(), renamed.greatest());
        if !(state.settled() && other.settled()) {
            return Ok(Verdict::Skipped);
        }
        alike(&state, &other, &case, 1e-7)?;
        Ok(Verdict::of(state.binds()))
    });
}

/// All amounts, depths and prices times a factor; quantities and fractions stay.
fn in_other_money(case: &Case, factor: f64) -> Case {
    let mut other = case.clone();
    for bank in &mut other.banks {
        for amount in [
            &mut bank.cash,
            &mut bank.other,
            &mut bank.external,
            &mut bank.withdrawals,
            &mut bank.outside,
        ] {
            *amount *= factor;
        }
    }
    for asset in &mut other.assets {
        asset.price *= factor;
        asset.floor *= factor;
        asset.depth *= factor;
    }
    for debt in &mut other.debts {
        debt.2 *= factor;
    }
    other
}

/// The state without the width of its certificate: near the smallest doubles bounds are widened by absolute amounts.
fn without_width(state: &State) -> State {
    State {
        width: None,
        ..state.clone()
    }
}

/// The state of a case in money that is `factor` times smaller.
fn scaled_back(state: &State, factor: f64) -> State {
    State {
        width: None,
        prices: state.prices.iter().map(|price| price / factor).collect(),
        sold: state.sold.iter().map(|sold| sold / factor).collect(),
        ..state.clone()
    }
}

/// Bitwise: another unit of money, a power of two apart, scales money and nothing else.
#[test]
fn law_14_power_of_two_of_money_scales_bitwise() {
    law(0.5, |tape| {
        let (case, mut knobs) = drawn_with_edges(tape);
        let factor = 2.0_f64.powi(knobs.pick(21) as i32 - 10);
        let state = case.greatest();
        let other = in_other_money(&case, factor).greatest();
        if !state.settled() {
            // Payments that still sink when the iterations end can lie among the subnormal numbers.
            return Ok(Verdict::Skipped);
        }
        identical(&without_width(&state), &scaled_back(&other, factor), &case)?;
        Ok(Verdict::of(state.binds() && factor != 1.0))
    });
}

/// Within 1e-7: any other unit of money.
#[test]
fn law_14_any_unit_of_money() {
    law(0.5, |tape| {
        let (case, mut knobs) = drawn(tape);
        let factor = knobs.across(1e-3, 1e3);
        let (state, other) = (case.greatest(), in_other_money(&case, factor).greatest());
        if !(state.settled() && other.settled()) {
            return Ok(Verdict::Skipped);
        }
        alike(&state, &scaled_back(&other, factor), &case, 1e-7)?;
        Ok(Verdict::of(state.binds()))
    });
}

/// Bitwise: quantities times a power of two at prices over it change no payment and no fraction.
#[test]
fn law_15_power_of_two_of_shares_changes_nothing() {
    law(0.5, |tape| {
        let (case, mut knobs) = drawn_with_edges(tape);
        let factor = 2.0_f64.powi(knobs.pick(21) as i32 - 10);
        let mut other = case.clone();
        for units in other.holdings.iter_mut().flatten() {
            *units *= factor;
        }
        for asset in &mut other.assets {
            asset.price /= factor;
            asset.floor /= factor;
        }
        let (state, other) = (case.greatest(), other.greatest());
        if !state.settled() {
            return Ok(Verdict::Skipped);
        }
        let back = State {
            prices: other.prices.iter().map(|price| price * factor).collect(),
            ..without_width(&other)
        };
        identical(&without_width(&state), &back, &case)?;
        Ok(Verdict::of(state.binds() && factor != 1.0))
    });
}

/// Within 1e-7: an institution split into two with the same parameters, in any proportion, changes no total.
#[test]
fn law_16_clone_split_changes_no_total() {
    law(0.5, |tape| {
        let (case, mut knobs) = drawn(tape);
        let n = knobs.pick(case.banks.len());
        let weight = knobs.between(0.05, 0.95);
        let mut split = case.clone();
        let clone = split.banks.len();
        let mut twin = split.banks[n].clone();
        twin.name = format!("{} too", twin.name);
        let amounts = |bank: &mut Bank, share: f64| {
            bank.cash *= share;
            bank.other *= share;
            bank.external *= share;
            bank.withdrawals *= share;
            bank.outside *= share;
        };
        amounts(&mut split.banks[n], weight);
        amounts(&mut twin, 1.0 - weight);
        split.banks.push(twin);
        let row: Vec<f64> = split.holdings[n]
            .iter()
            .map(|units| units * (1.0 - weight))
            .collect();
        split.holdings.push(row);
        for units in &mut split.holdings[n] {
            *units *= weight;
        }
        for m in 0..split.debts.len() {
            let (debtor, creditor, amount) = split.debts[m];
            if debtor == n || creditor == n {
                split.debts[m].2 = amount * weight;
                let twin = |place: usize| if place == n { clone } else { place };
                split
                    .debts
                    .push((twin(debtor), twin(creditor), amount * (1.0 - weight)));
            }
        }
        let (whole, parts) = (case.greatest(), split.greatest());
        if !(whole.settled() && parts.settled()) {
            return Ok(Verdict::Skipped);
        }
        alike(&whole, &parts, &case, 1e-7)?;
        close(
            "ratio of the clone",
            parts.ratios[clone],
            whole.ratios[n],
            1.0,
            1e-7,
        )?;
        for (k, (&a, &b)) in whole.sold.iter().zip(&parts.sold).enumerate() {
            let held: f64 = case.holdings.iter().map(|row| row[k]).sum();
            close("money sold", a, b, case.assets[k].price * held, 1e-6)?;
        }
        Ok(Verdict::of(whole.fractions[n] > 0.0 || whole.ratios[n] < 1.0))
    });
}

/// Within 1e-7: an asset split into two, with the depth split alike, keeps its price. With the whole depth for each
/// piece, nobody is worse.
///
/// Pro-rata sales: most-liquid-first sells one piece before the other.
#[test]
fn law_17_asset_split_with_its_depth_changes_nothing() {
    law(0.4, |tape| {
        let (mut case, mut knobs) = drawn(tape);
        case.most_liquid_first = false;
        if case.assets.is_empty() {
            return Ok(Verdict::Idle);
        }
        let k = knobs.pick(case.assets.len());
        let weight = knobs.between(0.05, 0.95);
        let mut split = case.clone();
        let mut twin = split.assets[k].clone();
        twin.name.push_str(" too");
        split.assets.push(twin);
        for row in &mut split.holdings {
            row.push(row[k] * (1.0 - weight));
            row[k] *= weight;
        }
        let deeper = split.clone();
        let last = split.assets.len() - 1;
        split.assets[k].depth *= weight;
        split.assets[last].depth *= 1.0 - weight;
        let [whole, parts, deep] = [&case, &split, &deeper].map(Case::greatest);
        if !(whole.settled() && parts.settled() && deep.settled()) {
            return Ok(Verdict::Skipped);
        }
        alike(&whole, &parts, &case, 1e-7)?;
        close(
            "price of the piece",
            parts.prices[last],
            whole.prices[k],
            case.assets[k].price,
            1e-7,
        )?;
        for (j, (&low, &high)) in whole.prices.iter().zip(&deep.prices).enumerate() {
            if low > high + 1e-9 * case.assets[j].price {
                return Err(TestCaseError::fail(format!(
                    "price {j}: {low:?} above {high:?}\n{case:#?}"
                )));
            }
        }
        Ok(Verdict::of(whole.sold[k] > 0.0))
    });
}

/// Bitwise: an institution that holds, owes and is owed nothing leaves the others as they are.
#[test]
fn law_18_isolated_institution_changes_no_bit() {
    law(0.5, |tape| {
        let (case, mut knobs) = drawn_with_edges(tape);
        let mut larger = case.clone();
        // Names on both sides of the others' and between them.
        let mut bank = Bank::named(["a", "b0 and more", "b2 and more", "c"][knobs.pick(4)]);
        bank.cash = knobs.across(1e-3, 1e3);
        bank.rule = [
            RuleKind::None,
            RuleKind::SellOnDefault,
            RuleKind::LiquidityShortfall,
        ][knobs.pick(3)];
        larger.banks.push(bank);
        larger.holdings.push(vec![0.0; case.assets.len()]);
        let (state, mut other) = (case.greatest(), larger.greatest());
        other.ratios.pop();
        other.fractions.pop();
        if state.settled() {
            identical(&state, &other, &case)?;
        }
        Ok(Verdict::of(state.binds()))
    });
}

/// Bitwise: two systems that share no asset and no claim, solved together and apart. Their names interleave.
#[test]
fn law_19_union_of_disjoint_systems_is_both() {
    law(0.5, |tape| {
        let (first, mut knobs) = drawn_with_edges(tape);
        // The second system comes from the same tape, read backwards.
        let cells: Vec<f64> = tape.0.iter().rev().copied().collect();
        let padded: Vec<f64> = cells.iter().chain(&super::zeros()).copied().collect();
        let mut second = Case::draw(&mut Tape(&padded));
        second.impact = first.impact;
        second.clearing = first.clearing;
        second.most_liquid_first = first.most_liquid_first;
        if second.most_liquid_first {
            for bank in &mut second.banks {
                if bank.rule.asks_for_fractions() {
                    bank.rule = RuleKind::LeverageCap;
                }
            }
        }
        let interleave = knobs.unit() < 0.7;
        for (n, bank) in second.banks.iter_mut().enumerate() {
            bank.name = if interleave {
                format!("b{n}'")
            } else {
                format!("a{n}")
            };
        }
        for (k, asset) in second.assets.iter_mut().enumerate() {
            asset.name = if interleave {
                format!("a{k}'")
            } else {
                format!("z{k}")
            };
        }
        let mut both = first.clone();
        let (banks, assets) = (first.banks.len(), first.assets.len());
        both.banks.extend(second.banks.iter().cloned());
        both.assets.extend(second.assets.iter().cloned());
        for row in &mut both.holdings {
            row.extend(vec![0.0; second.assets.len()]);
        }
        for row in &second.holdings {
            both.holdings.push([vec![0.0; assets], row.clone()].concat());
        }
        both.debts.extend(
            second
                .debts
                .iter()
                .map(|&(i, j, amount)| (i + banks, j + banks, amount)),
        );
        let [one, two, union] = [&first, &second, &both].map(Case::greatest);
        if !(one.settled() && two.settled() && union.settled()) {
            return Ok(Verdict::Skipped);
        }
        let together = [&union.prices, &union.ratios, &union.sold, &union.fractions];
        let apart = [
            [&one.prices[..], &two.prices].concat(),
            [&one.ratios[..], &two.ratios].concat(),
            [&one.sold[..], &two.sold].concat(),
            [&one.fractions[..], &two.fractions].concat(),
        ];
        for (together, apart) in together.into_iter().zip(&apart) {
            if together != apart {
                return Err(TestCaseError::fail(format!("{together:?}\n{apart:?}\n{both:#?}")));
            }
        }
        Ok(Verdict::of(one.binds() && two.binds()))
    });
}

/// To rounding: in markets of infinite depth payments are those of holdings turned into cash at the shocked price.
#[test]
fn law_20_infinite_depth_is_clearing_of_cash() {
    law(0.3, |tape| {
        let (mut deep, _) = drawn(tape);
        // Square-root impact has no depth but a volume, under which infinity means the same.
        for asset in &mut deep.assets {
            asset.depth = f64::INFINITY;
        }
        let mut cash = deep.clone();
        for n in 0..cash.banks.len() {
            cash.banks[n].outside += cash.value_of(n, |asset| asset.price * (1.0 + asset.change));
            cash.banks[n].rule = RuleKind::None;
            cash.holdings[n].fill(0.0);
        }
        let (held, turned) = (deep.greatest(), cash.greatest());
        if !(held.settled() && turned.settled()) {
            return Ok(Verdict::Skipped);
        }
        for (k, asset) in deep.assets.iter().enumerate() {
            let shocked = asset.price * (1.0 + asset.change);
            close("price", held.prices[k], shocked, shocked, 0.0)?;
        }
        for (&a, &b) in held.ratios.iter().zip(&turned.ratios) {
            close("payment ratio", a, b, 1.0, 1e-9)?;
        }
        Ok(Verdict::of(held.ratios.iter().any(|&ratio| ratio < 1.0)))
    });
}

/// Without debts inside the system: leverage caps and markets alone, by code that knows nothing else.
#[test]
fn law_21_without_debts_inside_it_is_a_fire_sale_model() {
    law(0.5, |tape| {
        let (mut case, _) = drawn(tape);
        case.debts.clear();
        case.most_liquid_first = false;
        if !matches!(case.impact, ImpactKind::Linear | ImpactKind::Exponential) {
            case.impact = ImpactKind::Linear;
        }
        for bank in &mut case.banks {
            bank.rule = RuleKind::LeverageCap;
        }
        let state = case.greatest();
        if !state.settled() {
            return Ok(Verdict::Skipped);
        }
        let prices = fire_sale(&case);
        for (k, (&a, &b)) in state.prices.iter().zip(&prices).enumerate() {
            close("price", a, b, case.assets[k].price, 1e-7)
                .map_err(|error| TestCaseError::fail(format!("{error}\n{case:#?}")))?;
        }
        Ok(Verdict::of(state.binds()))
    });
}

/// Prices under leverage caps: sell `clip((A - lambda E) / M, 0, 1)` until nothing changes.
fn fire_sale(case: &Case) -> Vec<f64> {
    let shocked: Vec<f64> = case
        .assets
        .iter()
        .map(|asset| asset.price * (1.0 + asset.change))
        .collect();
    let mut prices = shocked.clone();
    // Close to a tipping point this creeps for thousands of steps before it runs.
    for _ in 0..1_000_000 {
        let mut sold = vec![0.0; prices.len()];
        for (n, row) in case.holdings.iter().enumerate() {
            let held: f64 = row.iter().zip(&prices).map(|(units, price)| units * price).sum();
            let assets = case.liquid_after(n) + held;
            let equity = assets - case.banks[n].external;
            let lambda = case.banks[n].max_leverage;
            let fraction = if lambda.is_infinite() {
                0.0
            } else if equity <= 0.0 {
                f64::from(case.banks[n].external > 0.0)
            } else if held > 0.0 {
                ((assets - lambda * equity) / held).clamp(0.0, 1.0)
            } else {
                // What is worth nothing is sold too, or the price would rise again.
                f64::from(assets > lambda * equity)
            };
            for (sold, units) in sold.iter_mut().zip(row) {
                *sold += fraction * units;
            }
        }
        let mut moved = 0.0_f64;
        for (k, price) in prices.iter_mut().enumerate() {
            let q = case.assets[k].price * sold[k] / case.assets[k].depth;
            let next = shocked[k]
                * if case.impact == ImpactKind::Linear {
                    (1.0 - q).max(0.0)
                } else {
                    (-q).exp()
                };
            moved = moved.max((*price - next).abs() / case.assets[k].price);
            *price = next;
        }
        if moved < 1e-15 {
            break;
        }
    }
    prices
}

/// Without tradable assets: clearing alone, by code that knows nothing else.
#[test]
fn law_21_without_assets_it_is_a_clearing_model() {
    law(0.3, |tape| {
        let (mut case, _) = drawn(tape);
        case.assets.clear();
        for row in &mut case.holdings {
            row.clear();
        }
        if case.clearing == Clearing::None {
            case.clearing = Clearing::EisenbergNoe;
        }
        // What was held is cash of nobody: less external debt keeps balance sheets in proportion.
        for n in 0..case.banks.len() {
            let inside = case.debts_of(n);
            let bank = &mut case.banks[n];
            bank.external = (bank.external * 0.3).min(bank.cash + bank.other + inside);
        }
        let state = case.greatest();
        if !state.settled() {
            return Ok(Verdict::Skipped);
        }
        let payments = clearing(&case);
        for (n, &payment) in payments.iter().enumerate() {
            let face = case.debts_of(n);
            close("payment", state.ratios[n] * face, payment, face, 1e-9)
                .map_err(|error| TestCaseError::fail(format!("{error}\n{case:#?}")))?;
        }
        Ok(Verdict::of(state.ratios.iter().any(|&ratio| ratio < 1.0)))
    });
}

/// Payments inside the system, in money, from full payment down until nothing changes.
fn clearing(case: &Case) -> Vec<f64> {
    let count = case.banks.len();
    let inside: Vec<f64> = (0..count).map(|n| case.debts_of(n)).collect();
    let mut paid = inside.clone();
    for _ in 0..6_000 {
        let mut moved = 0.0_f64;
        let last = paid.clone();
        for n in 0..count {
            let received: f64 = case
                .debts
                .iter()
                .filter(|debt| debt.1 == n)
                .map(|&(debtor, _, amount)| amount / inside[debtor] * last[debtor])
                .sum();
            let bank = &case.banks[n];
            let (own, face) = (case.liquid_after(n), inside[n] + bank.external);
            paid[n] = if own + received >= face {
                inside[n]
            } else {
                match case.clearing {
                    Clearing::EisenbergNoeSenior => (own + received - bank.external).max(0.0),
                    Clearing::RogersVeraart => (bank.alpha * own + bank.beta * received) * inside[n] / face,
                    _ => (own + received) * inside[n] / face,
                }
            };
            moved = moved.max((paid[n] - last[n]).abs());
        }
        if moved == 0.0 {
            break;
        }
    }
    paid
}

/// Within 1e-12 of the balance sheet: while nobody fails or sells, losses of two shocks add up.
#[test]
fn law_22_losses_add_up_while_nobody_sells_or_fails() {
    law_with(0.6, 0.4, |tape| {
        let (both, mut knobs) = drawn(tape);
        let mut both = both.without_shock();
        let (mut first, mut second) = (both.clone(), both.clone());
        for k in 0..both.assets.len() {
            let (a, b) = (-0.002 * knobs.unit(), -0.002 * knobs.unit());
            (
                first.assets[k].change,
                second.assets[k].change,
                both.assets[k].change,
            ) = (a, b, a + b);
        }
        for case in [&mut first, &mut second, &mut both] {
            for bank in &mut case.banks {
                bank.max_leverage *= 2.0;
                bank.min_ratio = (bank.min_ratio * 0.5).max(0.001);
                // These respond to losses, or to haircuts that nobody widened.
                if let RuleKind::LiquidityShortfall | RuleKind::Redemption | RuleKind::Haircut = bank.rule {
                    bank.rule = RuleKind::SellOnDefault;
                }
            }
        }
        for n in 0..both.banks.len().min(3) {
            let (a, b) = (-0.002 * knobs.unit(), -0.002 * knobs.unit());
            (first.banks[n].cash_change, second.banks[n].cash_change) = (a, b);
            both.banks[n].cash_change = a + b;
        }
        let mut losses = Vec::new();
        for case in [&first, &second, &both] {
            let outcome = super::accounting::outcome(case);
            let quiet = outcome
                .institutions
                .iter()
                .all(|bank| bank.equity >= 0.0 && bank.sold_fraction == 0.0);
            if !quiet {
                return Ok(Verdict::Skipped);
            }
            losses.push(outcome.institutions);
        }
        let mut moved = false;
        for ((first, second), both) in losses[0].iter().zip(&losses[1]).zip(&losses[2]) {
            let [one, two, sum] = [first, second, both].map(|bank| bank.equity_initial - bank.equity);
            close("loss", one + two, sum, first.assets, 1e-12)?;
            moved |= sum > 0.0;
        }
        Ok(Verdict::of(moved))
    });
}

/// Bitwise: without a shock, where everyone complies, nothing moves: prices and payments stay, nothing is sold.
#[test]
fn law_23_without_shock_and_breach_nothing_moves() {
    law(0.5, |tape| {
        let (case, _) = drawn(tape);
        let mut case = case.without_shock();
        // Everyone complies by a margin that no rounding reaches.
        for n in 0..case.banks.len() {
            let (claims, debts) = (case.claims_of(n), case.debts_of(n));
            let held = case.value_of(n, |asset| asset.price);
            let weighted = case.value_of(n, |asset| asset.price * asset.risk_weight);
            let bank = &mut case.banks[n];
            let assets = bank.cash + bank.other + held + claims;
            if assets == 0.0 {
                (bank.cash, bank.external) = (1.0, 0.0);
            }
            let assets = assets.max(bank.cash);
            if debts + bank.external >= 0.999 * assets {
                bank.cash += 1.01 * (debts + bank.external);
            }
            let assets = bank.cash + bank.other + held + claims;
            let equity = assets - bank.external - debts;
            bank.max_leverage = bank.max_leverage.max(1.0001 * assets / equity);
            let weighted = weighted + bank.other_weight * (bank.other + claims);
            if weighted > 0.0 {
                bank.min_ratio = bank.min_ratio.min(0.9999 * equity / weighted);
            }
            // Redemptions respond to a loss of one rounding, and haircuts are not fitted here.
            if let RuleKind::Redemption | RuleKind::Haircut = bank.rule {
                bank.rule = RuleKind::LeverageThreshold;
            }
            if bank.rule == RuleKind::LiquidityShortfall {
                bank.withdrawals = bank.withdrawals.min(0.5 * bank.cash);
                bank.cash = bank.cash.max(1.0001 * (debts + bank.withdrawals - claims));
            }
        }
        let state = case.greatest();
        for (asset, &price) in case.assets.iter().zip(&state.prices) {
            close("price", price, asset.price, 1.0, 0.0)
                .map_err(|error| TestCaseError::fail(format!("{error}\n{case:#?}")))?;
        }
        let quiet = state.sold.iter().chain(&state.fractions).all(|&sold| sold == 0.0)
            && state.ratios.iter().all(|&ratio| ratio == 1.0)
            && state.image_is_point;
        if !quiet {
            return Err(TestCaseError::fail(format!("{state:?}\n{case:#?}")));
        }
        Ok(Verdict::of(!case.assets.is_empty() || !case.debts.is_empty()))
    });
}

/// Bitwise, one unit in the last place: at the tightest cap that nobody breaches nothing moves, and one unit tighter
/// somebody sells.
#[test]
fn law_23_one_ulp_of_cap() {
    law(0.5, |tape| {
        let (case, mut knobs) = drawn(tape);
        let mut case = case.without_shock();
        let n = knobs.pick(case.banks.len());
        for (m, bank) in case.banks.iter_mut().enumerate() {
            bank.rule = if m == n {
                RuleKind::LeverageCap
            } else {
                RuleKind::None
            };
        }
        let (claims, held) = (case.claims_of(n), case.value_of(n, |asset| asset.price));
        let bank = &case.banks[n];
        let (assets, debts) = (
            bank.cash + bank.other + held + claims,
            case.debts_of(n) + bank.external,
        );
        if !(held > 0.0 && debts > 0.0 && assets > 1.001 * debts) {
            return Ok(Verdict::Idle);
        }
        let sells = |case: &Case| {
            case.wire(|wired| {
                let map = wired.map();
                let (mut bottom, mut top) = (vec![0.0; map.dim()], vec![0.0; map.dim()]);
                map.bounds_into(&mut bottom, &mut top);
                wired.state(&map, &top, None).fractions[n] > 0.0
            })
        };
        let mut cap = (assets / (assets - debts)) * (1.0 - 64.0 * f64::EPSILON);
        case.banks[n].max_leverage = cap;
        for _ in 0..1_000 {
            if !sells(&case) {
                break;
            }
            cap = cap.next_up();
            case.banks[n].max_leverage = cap;
        }
        let state = case.greatest();
        // The others' own failures are no sale; prices are what the law speaks of here.
        for (asset, &price) in case.assets.iter().zip(&state.prices) {
            if case.clearing == Clearing::None || state.ratios.iter().all(|&ratio| ratio == 1.0) {
                close("price", price, asset.price, 1.0, 0.0)?;
            }
        }
        case.banks[n].max_leverage = cap.next_down();
        if !sells(&case) {
            return Err(TestCaseError::fail(format!(
                "{cap:?} is not the tightest cap\n{case:#?}"
            )));
        }
        Ok(Verdict::Binding)
    });
}
