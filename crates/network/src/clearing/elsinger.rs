//! Elsinger (2009): seniority layers and shareholdings; with one layer Suzuki (2002) and Fischer (2014); with default costs
//! Weber and Weske (2017).

use super::ownership::{settle, upper_bound, wholly_owned};
use super::refuse_swaps;
use crate::analysis::closed_classes;
use delever_core::error_free::CompensatedSum;
use delever_core::{
    Anchor, BalanceSheet, Claims, ClaimsSpec, Continuity, Dual, Execution, Interval, Jet, NetworkView, Order,
    Profile, Real, SparseRows, SpecError, ramp_slope, residual_slope,
};

/// Debts of one seniority, by debtor: what is owed at face, as summed and as bounded.
#[derive(Clone, Debug)]
struct Layer {
    seniority: u32,
    face: Vec<f64>,
    bounds: Vec<Interval>,
}

/// Pays debts layer after layer, and shares with what remains.
///
/// With assets `A`, layers `l = 1..S` at face `D_l` (senior first) and equity `w`:
///
/// * creditors of layer `l` get the ratio `min(1, (A - D_1 - ... - D_(l-1))^+ / D_l)`, pari passu within the layer,
/// * shareholders get their fraction of `w = max(0, A - D_1 - ... - D_S)`,
/// * `A` counts outside assets, debts received of all layers, and fractions of the equity of others.
///
/// With default costs (Weber and Weske), an institution with `A < D_1 + ... + D_S` pays from what its assets fetch:
/// `alpha outside + beta debts received + kappa shares` in the place of `A`.
///
/// External liabilities rank with seniority 0. The state of an institution is its ratio by layer, then `w` in money.
/// Greatest and least solution exist; without default costs they are one if outsiders hold some of every issuer's shares
/// and debts. With costs the ratios jump down at default, so the map is continuous from above only; with volume-weighted
/// execution and `beta` or `kappa` below `alpha` it is unordered.
/// Sources: Elsinger (2009), OeNB Working Paper 156; with one layer Suzuki (2002), Journal of the Operations Research
/// Society of Japan 45(2), and Fischer (2014), Mathematical Finance 24(1); with default costs Weber and Weske (2017),
/// Probability, Uncertainty and Quantitative Risk 2(9).
///
/// ```
/// use delever_core::{BalanceSheet, Claims};
/// use delever_network::{ContagionGraphBuilder, clearing::Elsinger};
/// let mut builder = ContagionGraphBuilder::new(2);
/// builder.debt(0, 1, 4.0, 0).debt(0, 1, 10.0, 1).shareholding(0, 1, 0.25);
/// let graph = builder.build().expect("valid");
/// let model = Elsinger::new(graph.debts(), graph.shareholdings(), &[0.0, 0.0]).expect("shares held outside");
/// let mut sheet = BalanceSheet::empty();
/// (sheet.cash, sheet.liabilities) = (9.0, 14.0);
/// let mut state = [0.0; 3];
/// model.settle_into(&[0], &[sheet], &mut state);
/// assert_eq!(state, [1.0, 0.5, 0.0]); // senior in full, junior by half, nothing for shareholders
/// ```
#[derive(Clone, Debug)]
pub struct Elsinger {
    layers: Vec<Layer>,
    shareholdings: SparseRows,
    entitlements: SparseRows,
    share_entitlements: Option<SparseRows>,
    /// By institution; empty where defaults cost nothing.
    recoveries: Vec<RecoveryRow>,
    /// Classes of mutual debtors that owe nobody outside of them, in any seniority.
    closed: Vec<Vec<u32>>,
}

/// What a defaulting institution's assets fetch, as shares of their value, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct RecoveryRow {
    /// `alpha`: of outside and marketable assets.
    pub alpha: f64,
    /// `beta`: of debts received.
    pub beta: f64,
    /// `kappa`: of shareholdings.
    pub kappa: f64,
}

impl RecoveryRow {
    /// Outside assets below zero are a debt, which no haircut relieves.
    #[inline(always)]
    fn recovered<N: Real>(&self, sheet: &BalanceSheet<'_, N>) -> N {
        let outside = sheet.outside_assets();
        N::from(self.alpha) * outside.at_least(0.0)
            + outside.at_most(0.0)
            + N::from(self.beta) * sheet.debts_received
            + N::from(self.kappa) * sheet.shares
    }

    fn fields(&self) -> [(&'static str, f64); 3] {
        [("alpha", self.alpha), ("beta", self.beta), ("kappa", self.kappa)]
    }
}

/// Issuers that are owned wholly, or but for less than can be computed with, by a set of institutions among them:
/// what their shares are worth is not determined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("institutions {issuers:?} own one another's shares wholly; their worth is not determined")]
pub struct WhollyOwned {
    /// The issuers, ascending.
    pub issuers: Vec<u32>,
}

impl WhollyOwned {
    /// As problems of the rows of a scenario.
    pub(super) fn reported(self) -> Vec<SpecError> {
        let explained = "this institution is owned wholly within a set of institutions that own one another, so its shares \
                         have no determined worth; leave some fraction to holders outside the set";
        let problem = |issuer: u32| SpecError::conflict("shareholdings", explained).at_row(issuer as usize);
        self.issuers.into_iter().map(problem).collect()
    }
}

impl Elsinger {
    /// A model over debts by seniority (row = creditor, column = debtor, value = face) and shareholdings (row = holder,
    /// column = issuer, value = fraction), with what everyone owes outside.
    pub fn new(
        debts: &[(u32, SparseRows)],
        shareholdings: &SparseRows,
        external_liabilities: &[f64],
    ) -> Result<Self, WhollyOwned> {
        let issuers = wholly_owned(shareholdings);
        if !issuers.is_empty() {
            return Err(WhollyOwned { issuers });
        }
        let count = external_liabilities.len();
        let outside = external_liabilities.iter().any(|&amount| amount > 0.0);
        let mut seniorities: Vec<u32> = debts.iter().map(|&(seniority, _)| seniority).collect();
        if outside && seniorities.first() != Some(&0) {
            seniorities.insert(0, 0);
        }
        let components = seniorities.len() + 1;
        let (mut triplets, mut shares) = (Vec::new(), Vec::new());
        let mut layers = Vec::with_capacity(seniorities.len());
        for (place, &seniority) in seniorities.iter().enumerate() {
            let mut sums = vec![CompensatedSum::default(); count];
            if seniority == 0 {
                for (sum, &amount) in sums.iter_mut().zip(external_liabilities) {
                    sum.add(amount);
                }
            }
            let entries = debts.iter().filter(|&&(of, _)| of == seniority);
            for (creditor, debtor, amount) in entries.flat_map(|(_, layer)| layer.triplets()) {
                sums[debtor as usize].add(amount);
                triplets.push((creditor, debtor * components as u32 + place as u32, amount));
            }
            let bounds: Vec<Interval> = sums
                .iter()
                .map(|sum| {
                    let (low, high) = sum.bounds();
                    Interval { low, high }
                })
                .collect();
            layers.push(Layer {
                seniority,
                face: bounds
                    .iter()
                    .map(|bound| bound.low + (bound.high - bound.low) / 2.0)
                    .collect(),
                bounds,
            });
        }
        for (holder, issuer, fraction) in shareholdings.triplets() {
            shares.push((holder, (issuer + 1) * components as u32 - 1, fraction));
        }
        let states = count * components;
        let valued = !shares.is_empty();
        Ok(Self {
            layers,
            shareholdings: shareholdings.clone(),
            entitlements: SparseRows::from_triplets(count, states, &triplets),
            share_entitlements: valued.then(|| SparseRows::from_triplets(count, states, &shares)),
            recoveries: Vec::new(),
            closed: closed_classes(
                &debts.iter().map(|(_, layer)| layer).collect::<Vec<_>>(),
                external_liabilities,
            ),
        })
    }

    /// The model with default costs of Weber and Weske (2017), by institution.
    ///
    /// # Panics
    /// If there are not as many rows as institutions.
    #[must_use]
    pub fn with_default_costs(mut self, recoveries: Vec<RecoveryRow>) -> Self {
        assert_eq!(recoveries.len(), self.shareholdings.row_count());
        self.recoveries = recoveries;
        self
    }

    /// Seniorities that somebody owes, most senior first: the order of the ratios in an institution's state.
    pub fn seniorities(&self) -> impl Iterator<Item = u32> + '_ {
        self.layers.iter().map(|layer| layer.seniority)
    }
}

/// Ratios by layer, then equity: handed on one after the other.
#[inline(always)]
fn settle_one<N: Real>(
    sheet: &BalanceSheet<'_, N>,
    recovery: Option<&RecoveryRow>,
    faces: impl Iterator<Item = N>,
    mut hand_on: impl FnMut(usize, N),
) {
    let assets = match recovery {
        None => sheet.assets(),
        Some(row) => sheet
            .assets()
            .if_below(sheet.liabilities, || row.recovered(sheet), || sheet.assets()),
    };
    let mut senior = N::from(0.0);
    let mut place = 0;
    for face in faces {
        let ratio = if face.is_zero() {
            N::from(1.0)
        } else {
            (assets - senior).fraction_of(face)
        };
        hand_on(place, ratio);
        senior = senior + face;
        place += 1;
    }
    hand_on(place, (sheet.assets() - sheet.liabilities).at_least(0.0));
}

impl Claims for Elsinger {
    fn components(&self) -> usize {
        self.layers.len() + 1
    }

    fn entitlements(&self) -> &SparseRows {
        &self.entitlements
    }

    fn share_entitlements(&self) -> Option<&SparseRows> {
        self.share_entitlements.as_ref()
    }

    fn shareholdings_into(&self, equity: &[f64], values: &mut [f64]) {
        let mut worth = vec![0.0; equity.len()];
        settle(&self.shareholdings, equity, &mut worth);
        for (n, value) in values.iter_mut().enumerate() {
            *value = self.shareholdings.row(n).product_sum(&worth);
        }
    }

    fn range_into(&self, equity: &[Interval], bottom: &mut [f64], top: &mut [f64]) {
        bottom.fill(0.0);
        top.fill(1.0);
        let mut worth = vec![0.0; self.shareholdings.row_count()];
        if self.share_entitlements.is_some() {
            let equity: Vec<f64> = equity.iter().map(|bounds| bounds.high).collect();
            upper_bound(&self.shareholdings, &equity, &mut worth);
        }
        for (state, &worth) in top.chunks_mut(self.components()).zip(&worth) {
            if let Some(last) = state.last_mut() {
                *last = worth;
            }
        }
    }

    fn settle_into(&self, institutions: &[u32], sheets: &[BalanceSheet<'_>], components: &mut [f64]) {
        let states = components.chunks_mut(self.components());
        for ((&institution, sheet), state) in institutions.iter().zip(sheets).zip(states) {
            let faces = self.layers.iter().map(|layer| layer.face[institution as usize]);
            settle_one(sheet, self.recovery(institution), faces, |place, value| {
                state[place] = value;
            });
            self.without_holders(state);
        }
    }

    fn settle_bounds_into(
        &self,
        institutions: &[u32],
        sheets: &[BalanceSheet<'_, Interval>],
        low: &mut [f64],
        high: &mut [f64],
    ) {
        let states = low
            .chunks_mut(self.components())
            .zip(high.chunks_mut(self.components()));
        for ((&institution, sheet), (low, high)) in institutions.iter().zip(sheets).zip(states) {
            let faces = self.layers.iter().map(|layer| layer.bounds[institution as usize]);
            settle_one(
                sheet,
                self.recovery(institution),
                faces,
                |place, value: Interval| {
                    (low[place], high[place]) = (value.low, value.high);
                },
            );
            self.without_holders(low);
            self.without_holders(high);
        }
    }

    fn slopes_into(
        &self,
        anchor: Anchor,
        institution: u32,
        sheet: &BalanceSheet<'_, Interval>,
        other: Interval,
        slopes: &mut [f64],
    ) {
        slopes.fill(0.0);
        if !self.recoveries.is_empty() {
            // What is received on debts and on shares counts differently in default; together they have no slope.
            return;
        }
        let (at, other) = (sheet.assets(), sheet.outside_assets() + other);
        let mut senior = Interval::from(0.0);
        for (layer, slope) in self.layers.iter().zip(slopes.iter_mut()) {
            let face = layer.bounds[institution as usize];
            *slope = ramp_slope(anchor, at, other, senior, face);
            senior = senior + face;
        }
        if self.share_entitlements.is_some()
            && let Some(last) = slopes.last_mut()
        {
            *last = residual_slope(anchor, at, other, sheet.liabilities);
        }
    }

    fn component_jets_into(
        &self,
        institution: u32,
        sheet: &BalanceSheet<'_, Jet>,
        components: &mut [Jet],
    ) -> bool {
        let face = |layer: &Layer| Jet::constant(layer.bounds[institution as usize].into());
        let faces = self.layers.iter().map(face);
        settle_one(sheet, self.recovery(institution), faces, |place, value| {
            components[place] = value;
        });
        if self.share_entitlements.is_none()
            && let Some(last) = components.last_mut()
        {
            *last = Jet::from(0.0);
        }
        true
    }

    fn settle_in_duals(
        &self,
        institution: u32,
        sheet: &BalanceSheet<'_, Dual>,
        components: &mut [Dual],
    ) -> bool {
        let faces = self
            .layers
            .iter()
            .map(|layer| Dual::from(layer.face[institution as usize]));
        settle_one(sheet, self.recovery(institution), faces, |place, value| {
            components[place] = value;
        });
        if self.share_entitlements.is_none()
            && let Some(last) = components.last_mut()
        {
            *last = Dual::NOTHING;
        }
        true
    }

    fn payment(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        let n = institution as usize;
        let mut payment = 0.0;
        settle_one(
            sheet,
            self.recovery(institution),
            self.layers.iter().map(|layer| layer.face[n]),
            |place, ratio| {
                if let Some(layer) = self.layers.get(place) {
                    payment += ratio * layer.face[n];
                }
            },
        );
        payment
    }

    fn value_destroyed(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        match self.recovery(institution) {
            Some(row) if sheet.assets() < sheet.liabilities => {
                (sheet.assets().at_least(0.0) - row.recovered(sheet).at_least(0.0)).at_least(0.0)
            }
            _ => 0.0,
        }
    }

    /// The layer that is paid in part passes on what comes in, as long as debts received count in full. Where all are short, what
    /// these layers owe leads from each member to others, and in the end round some class of them.
    fn closed_groups(&self) -> Vec<Vec<u32>> {
        let passes_on = |&n: &u32| self.recovery(n).is_none_or(|row| row.beta == 1.0);
        let groups = self.closed.iter();
        groups
            .filter(|class| class.iter().all(passes_on))
            .cloned()
            .collect()
    }

    fn encloses(&self) -> bool {
        true
    }

    fn profile(&self, execution: Execution) -> Profile {
        let rows = &self.recoveries;
        let costs = rows
            .iter()
            .any(|row| row.fields().iter().any(|&(_, share)| share < 1.0));
        // An institution that receives more sells less and forgoes execution gain, which may count for more.
        let gain_counts_more =
            execution == Execution::Vwap && rows.iter().any(|row| row.beta.min(row.kappa) < row.alpha);
        Profile {
            order: if gain_counts_more {
                Order::Unordered
            } else {
                Order::Isotone
            },
            continuity: if costs {
                Continuity::FromAbove
            } else {
                Continuity::Both
            },
            bounded: true,
        }
    }
}

impl Elsinger {
    fn recovery(&self, institution: u32) -> Option<&RecoveryRow> {
        self.recoveries.get(institution as usize)
    }

    /// Where nobody holds shares inside the system, equity is no part of the state.
    fn without_holders(&self, state: &mut [f64]) {
        if self.share_entitlements.is_none()
            && let Some(last) = state.last_mut()
        {
            *last = 0.0;
        }
    }
}

/// Builds [`Elsinger`] from scenario files.
#[derive(serde::Deserialize)]
pub(crate) struct ElsingerSpec {}

impl ClaimsSpec for ElsingerSpec {
    const KIND: &'static str = "elsinger";
    type Model = Elsinger;

    fn build(self, view: &NetworkView<'_>) -> Result<Elsinger, Vec<SpecError>> {
        let mut problems: Vec<SpecError> = refuse_swaps(Self::KIND, view).into_iter().collect();
        match Elsinger::new(view.debts, view.shareholdings, view.external_liabilities) {
            Ok(model) if problems.is_empty() => Ok(model),
            Ok(_) => Err(problems),
            Err(closed) => {
                problems.extend(closed.reported());
                Err(problems)
            }
        }
    }
}

/// Builds [`Elsinger`] with default costs from scenario files.
#[derive(serde::Deserialize)]
pub(crate) struct WeberWeskeSpec {}

impl ClaimsSpec for WeberWeskeSpec {
    const KIND: &'static str = "weber-weske";
    type Model = Elsinger;

    fn build(self, view: &NetworkView<'_>) -> Result<Elsinger, Vec<SpecError>> {
        let mut problems: Vec<SpecError> = refuse_swaps(Self::KIND, view).into_iter().collect();
        let model = Elsinger::new(view.debts, view.shareholdings, view.external_liabilities)
            .map_err(|closed| problems.extend(closed.reported()));
        let rows = view
            .institutions
            .rows::<RecoveryRow>(view.parameters, &[])
            .map_err(|errors| problems.extend(errors));
        for (n, row) in rows.iter().flatten().enumerate() {
            for (name, share) in row.fields() {
                if !(0.0..=1.0).contains(&share) {
                    let allowed = "from 0 to 1 (the share that is recovered)";
                    problems.push(SpecError::out_of_range(name, share, allowed).at_row(n));
                }
            }
        }
        match (model, rows) {
            (Ok(model), Ok(rows)) if problems.is_empty() => Ok(model.with_default_costs(rows)),
            _ => Err(problems),
        }
    }
}
