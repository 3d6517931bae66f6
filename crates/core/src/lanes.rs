//! Many numbers at once: the forms of the models that compute [`LANES`] scenarios, or as many institutions, side by side.
//!
//! Every load of a holding then serves all lanes. The lanes never mix, so a scenario has the same bits alone, among others, and
//! whatever vectors the machine has.

use crate::rows::Rows;
use crate::{BalanceSheet, Ball, BallJet, Pack, Plain, Real, Single};

/// Numbers that are computed side by side: two vectors of AVX2, one of AVX-512. Twice as many are no faster on AVX2, where formulas
/// then need more registers than there are, and take the compiler far longer.
pub const LANES: usize = 8;

/// A number for each lane: [`Plain`] doubles, with what is known of them as [`Ball`]s, with their slopes as [`BallJet`]s. It lies in memory in one kind of registers and is
/// computed with in another.
pub trait InLanes: Real {
    /// The same in registers `Q`.
    type In<Q: Pack<Array = Self::Given>>: Real<Given = Self::Given>;
    /// Whether what is given to a formula can move with the input all the same, so that a formula must not rely on it.
    const MOVES: bool = false;
    /// These numbers in registers like those.
    #[must_use]
    fn load<Q: Pack<Array = Self::Given>>(self, like: Q) -> Self::In<Q>;
    /// What was computed in other registers, in registers like its own.
    #[must_use]
    fn store<Q: Pack<Array = Self::Given>>(self, computed: Self::In<Q>) -> Self;
    /// Takes the lanes of `other` that the mask names.
    fn take_lanes(&mut self, other: &Self, lanes: &[bool]);
}

fn take<P: Pack>(pack: &mut P, other: P, lanes: &[bool]) {
    let (mut kept, other) = (pack.lanes(), other.lanes());
    for ((kept, &other), &taken) in kept.as_mut().iter_mut().zip(other.as_ref()).zip(lanes) {
        *kept = if taken { other } else { *kept };
    }
    *pack = pack.load(kept);
}

impl InLanes for Plain {
    type In<Q: Pack<Array = [f64; LANES]>> = Q;
    #[inline(always)]
    fn load<Q: Pack<Array = [f64; LANES]>>(self, like: Q) -> Q {
        like.load(self.lanes())
    }
    #[inline(always)]
    fn store<Q: Pack<Array = [f64; LANES]>>(self, computed: Q) -> Self {
        Pack::load(self, computed.lanes())
    }
    #[inline(always)]
    fn take_lanes(&mut self, other: &Self, lanes: &[bool]) {
        take(self, *other, lanes);
    }
}

impl<P: Pack> InLanes for Ball<P> {
    type In<Q: Pack<Array = P::Array>> = Ball<Q>;
    #[inline(always)]
    fn load<Q: Pack<Array = P::Array>>(self, like: Q) -> Ball<Q> {
        Self::load(self, like)
    }
    #[inline(always)]
    fn store<Q: Pack<Array = P::Array>>(self, computed: Ball<Q>) -> Self {
        computed.load(self.center)
    }
    #[inline(always)]
    fn take_lanes(&mut self, other: &Self, lanes: &[bool]) {
        take(&mut self.center, other.center, lanes);
        take(&mut self.radius, other.radius, lanes);
    }
}

impl<P: Pack> InLanes for BallJet<P> {
    type In<Q: Pack<Array = P::Array>> = BallJet<Q>;
    const MOVES: bool = true;
    #[inline(always)]
    fn load<Q: Pack<Array = P::Array>>(self, like: Q) -> BallJet<Q> {
        Self::load(self, like)
    }
    #[inline(always)]
    fn store<Q: Pack<Array = P::Array>>(self, computed: BallJet<Q>) -> Self {
        computed.load(self.value.center)
    }
    #[inline(always)]
    fn take_lanes(&mut self, other: &Self, lanes: &[bool]) {
        self.value.take_lanes(&other.value, lanes);
        self.slope.take_lanes(&other.slope, lanes);
    }
}

/// What a function of parameters gives in the lane of each institution, `rows` of a table in the order of lanes. It is called
/// once for each value that they have.
#[inline(always)]
pub(crate) fn by_row<R, P, N>(
    table: &Rows<R>,
    rows: &(impl Iterator<Item = usize> + Clone),
    value: impl Fn(&R) -> Option<N::In<P>>,
) -> N
where
    P: Pack<Array = [f64; LANES]>,
    N: InLanes<Given = [f64; LANES]>,
{
    let mut out = N::from(0.0);
    let mut filled = [false; LANES];
    for (l, row) in rows.clone().enumerate() {
        if filled[l] {
            continue;
        }
        let Some(number) = value(table.get(row)) else {
            continue;
        };
        let number = out.store(number);
        if l == 0 && table.agree(rows.clone()) {
            return number;
        }
        let mut same = [false; LANES];
        for (l, other) in rows.clone().enumerate().skip(l) {
            same[l] = table.which(other) == table.which(row);
            filled[l] |= same[l];
        }
        out.take_lanes(&number, &same);
    }
    out
}

/// What stands side by side on one balance sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// One institution in [`LANES`] scenarios.
    Scenario,
    /// [`LANES`] institutions, one after the other, in one scenario. The sheet then has amounts only, neither holdings nor
    /// prices; behind the last institution lanes are empty.
    Institution,
}

impl Lane {
    /// Institutions on a sheet.
    #[inline(always)]
    pub fn institutions(self) -> usize {
        match self {
            Self::Scenario => 1,
            Self::Institution => LANES,
        }
    }
}

/// The fractions of holdings that a rule makes pro-rata sellers sell, in lanes of one kind of number.
pub trait FractionsInLanes<N: InLanes> {
    /// The fractions that must be sold, as [`crate::Sale::fraction`] has them. `first` is the block's row of the first lane of
    /// `sheets[0]`. `false`: the rule has no such numbers, and `fractions` means nothing.
    fn fractions_in_lanes(
        &self,
        lane: Lane,
        first: usize,
        sheets: &[BalanceSheet<'_, N>],
        fractions: &mut [N],
    ) -> bool;
}

/// A deleveraging rule of pro-rata sellers in lanes; as [`crate::Rule::sales_into`]. Doubles and balls it must have, jets it may.
pub trait RuleInLanes:
    FractionsInLanes<Plain> + FractionsInLanes<Ball<Plain>> + FractionsInLanes<BallJet<Plain>> + Send + Sync
{
    /// Whether it computes institutions side by side: a rule that looks at each one's holdings does not.
    fn takes_institutions(&self) -> bool {
        false
    }
}

/// What debtors pay, in lanes of one kind of number.
pub trait RatiosInLanes<N: InLanes> {
    /// The payment ratios of these institutions, by id: one for each sheet, or one for each lane. `false`: the claims have no such
    /// numbers, and `ratios` means nothing.
    fn ratios_in_lanes(
        &self,
        lane: Lane,
        institutions: &[u32],
        sheets: &[BalanceSheet<'_, N>],
        ratios: &mut [N],
    ) -> bool;
}

/// Claims of one number a debtor in lanes; as [`crate::Claims::settle_into`]. Doubles and balls they must have, jets they may.
pub trait ClaimsInLanes:
    RatiosInLanes<Plain> + RatiosInLanes<Ball<Plain>> + RatiosInLanes<BallJet<Plain>> + Send + Sync
{
    /// Whether they compute institutions side by side.
    fn takes_institutions(&self) -> bool {
        false
    }
}

/// Price impact in lanes: the multiplier of shocked prices, with bounds.
pub trait ImpactInLanes: Send + Sync {
    /// Turns what is sold of each asset from `first` on, money at the initial price, into the multiplier of its shocked price in
    /// [`LANES`] scenarios.
    fn survive(&self, first: usize, sold: &mut [Ball<Plain>]);

    /// The same in one scenario.
    fn survive_alone(&self, first: usize, sold: &mut [Ball<Single>]);

    /// As [`Self::survive`] in jets; `false`: the model gives none, and `sold` means nothing.
    fn survive_in_jets(&self, _first: usize, _sold: &mut [BallJet<Plain>]) -> bool {
        false
    }

    /// The same in one scenario.
    fn survive_alone_in_jets(&self, _first: usize, _sold: &mut [BallJet<Single>]) -> bool {
        false
    }
}
