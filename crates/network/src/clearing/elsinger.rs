//! Elsinger (2009): seniority layers and shareholdings; with one layer Suzuki (2002) and Fischer (2014).

use super::ownership::{settle, upper_bound, wholly_owned};
use delever_core::error_free::CompensatedSum;
use delever_core::{
    BalanceSheet, Claims, ClaimsSpec, Continuity, Execution, Interval, NetworkView, Order, Profile, Real,
    SparseRows, SpecError,
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
/// External liabilities rank with seniority 0. The state of an institution is its ratio by layer, then `w` in money.
/// Greatest and least solution exist; they are one if outsiders hold some of every issuer's shares and debts.
/// Sources: Elsinger (2009), OeNB Working Paper 156; with one layer Suzuki (2002), Journal of the Operations Research
/// Society of Japan 45(2), and Fischer (2014), Mathematical Finance 24(1).
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
}

/// Issuers that are owned wholly, or but for less than can be computed with, by a set of institutions among them:
/// what their shares are worth is not determined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("institutions {issuers:?} own one another's shares wholly; their worth is not determined")]
pub struct WhollyOwned {
    /// The issuers, ascending.
    pub issuers: Vec<u32>,
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
        let mut triplets = Vec::new();
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
            triplets.push((holder, (issuer + 1) * components as u32 - 1, fraction));
        }
        Ok(Self {
            layers,
            shareholdings: shareholdings.clone(),
            entitlements: SparseRows::from_triplets(count, count * components, &triplets),
        })
    }

    /// Seniorities that somebody owes, most senior first: the order of the ratios in an institution's state.
    pub fn seniorities(&self) -> impl Iterator<Item = u32> + '_ {
        self.layers.iter().map(|layer| layer.seniority)
    }
}

/// Ratios by layer, then equity: handed on one after the other.
fn settle_one<N: Real>(
    sheet: &BalanceSheet<'_, N>,
    faces: impl Iterator<Item = N>,
    mut hand_on: impl FnMut(usize, N),
) {
    let assets = sheet.assets();
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
    hand_on(place, (assets - sheet.liabilities).at_least(0.0));
}

impl Claims for Elsinger {
    fn components(&self) -> usize {
        self.layers.len() + 1
    }

    fn entitlements(&self) -> &SparseRows {
        &self.entitlements
    }

    fn values_shares(&self) -> bool {
        self.shareholdings.entry_count() > 0
    }

    fn shareholdings_into(&self, equity: &[f64], values: &mut [f64]) {
        let mut worth = vec![0.0; equity.len()];
        settle(&self.shareholdings, equity, &mut worth);
        for (n, value) in values.iter_mut().enumerate() {
            *value = self.shareholdings.row(n).product_sum(&worth);
        }
    }

    fn range_into(&self, equity: &[f64], bottom: &mut [f64], top: &mut [f64]) {
        bottom.fill(0.0);
        top.fill(1.0);
        let mut worth = vec![0.0; self.shareholdings.row_count()];
        if self.values_shares() {
            upper_bound(&self.shareholdings, equity, &mut worth);
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
            settle_one(sheet, faces, |place, value| state[place] = value);
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
            settle_one(sheet, faces, |place, value: Interval| {
                (low[place], high[place]) = (value.low, value.high);
            });
            self.without_holders(low);
            self.without_holders(high);
        }
    }

    fn payment(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        let n = institution as usize;
        let mut payment = 0.0;
        settle_one(
            sheet,
            self.layers.iter().map(|layer| layer.face[n]),
            |place, ratio| {
                if let Some(layer) = self.layers.get(place) {
                    payment += ratio * layer.face[n];
                }
            },
        );
        payment
    }

    fn value_destroyed(&self, _: u32, _: &BalanceSheet<'_>) -> f64 {
        0.0
    }

    fn profile(&self, _: Execution) -> Profile {
        Profile {
            order: Order::Isotone,
            continuity: Continuity::Both,
            bounded: true,
        }
    }
}

impl Elsinger {
    /// Where nobody holds shares inside the system, equity is no part of the state.
    fn without_holders(&self, state: &mut [f64]) {
        if !self.values_shares()
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
        Elsinger::new(view.debts, view.shareholdings, view.external_liabilities).map_err(|closed| {
            closed
                .issuers
                .into_iter()
                .map(|issuer| {
                    SpecError::conflict(
                        "shareholdings",
                        "this institution is owned wholly within a set of institutions that own one another, so its \
                         shares have no determined worth; leave some fraction to holders outside the set",
                    )
                    .at_row(issuer as usize)
                })
                .collect()
        })
    }
}
