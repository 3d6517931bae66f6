//! Doubles side by side in vector registers.
//!
//! The compiler turns loops over arrays of doubles into vector instructions only now and then; so lanes are held in registers by
//! name. Which registers there are is found out at run time, once for each piece of work ([`vectorized`]).

use crate::{LANES, Real, elementary};
use pulp::{Scalar, Simd};
use std::fmt::{Debug, Formatter};
use std::ops::{Add, Div, Mul, Sub};

/// Doubles side by side, lane by lane: what [`crate::Ball`] computes with.
///
/// No operation mixes lanes, and all are correctly rounded: bits do not depend on the registers. Comparisons with what is no
/// number are false.
pub trait Pack:
    Copy + Debug + PartialEq + Send + Sync + 'static + Real<Given = <Self as Pack>::Array>
{
    /// The lanes in memory.
    type Array: Copy + Debug + PartialEq + Send + Sync + 'static + AsRef<[f64]> + AsMut<[f64]>;
    /// A truth value in every lane.
    type Mask: Copy;
    /// Zero in every lane.
    const ZEROS: Self::Array;

    /// The lanes of an array; asks whether the registers are there, so prefer [`Self::load`].
    #[must_use]
    fn of(lanes: Self::Array) -> Self;
    /// The lanes of an array, in registers like these.
    #[must_use]
    fn load(self, lanes: Self::Array) -> Self;
    /// The lanes as an array.
    fn lanes(self) -> Self::Array;
    /// One value in every lane, in registers like these.
    #[must_use]
    fn splat(self, value: f64) -> Self;
    /// The magnitude.
    #[must_use]
    fn abs(self) -> Self;
    /// `self` where it is greater, else `other`.
    #[must_use]
    fn or_larger(self, other: Self) -> Self;
    /// `self` where it is less, else `other`.
    #[must_use]
    fn or_smaller(self, other: Self) -> Self;
    /// `self < other`.
    fn is_below(self, other: Self) -> Self::Mask;
    /// `self <= other`.
    fn is_at_most(self, other: Self) -> Self::Mask;
    /// `self == other`.
    fn equals(self, other: Self) -> Self::Mask;
    /// `self` where the mask holds, else `other`.
    #[must_use]
    fn where_or(self, mask: Self::Mask, other: Self) -> Self;
    /// Where both masks hold.
    fn both(self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Where one of two masks holds.
    fn either(self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Whether a mask holds in every lane.
    fn all(self, mask: Self::Mask) -> bool;
    /// Whether a mask holds in any lane.
    fn any(self, mask: Self::Mask) -> bool;

    /// Runs a closure in a function of its own, compiled for these registers: what is long and not in the innermost loop, so that
    /// formulas stay short for the compiler, and frames small where it does not optimise. Mark the closure `#[inline(always)]`.
    fn apart<R>(self, work: impl FnOnce() -> R) -> R;

    /// A function of one lane after the other.
    #[must_use]
    #[inline(always)]
    fn each(self, function: impl Fn(f64) -> f64) -> Self {
        let mut lanes = self.lanes();
        for lane in lanes.as_mut() {
            *lane = function(*lane);
        }
        self.load(lanes)
    }
}

/// A kind of vector registers.
pub trait Registers: Simd {
    /// The proof that this machine has them. Only work that [`vectorized`] chose for such a machine asks.
    fn here() -> Self;
    /// Runs a closure in a function of its own that is compiled for these registers.
    fn apart<R>(self, work: impl FnOnce() -> R) -> R;
    /// `a` where `a > b`, else `b`.
    #[inline(always)]
    fn larger(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
        self.select_f64s(self.less_than_f64s(b, a), a, b)
    }
    /// `a` where `a < b`, else `b`.
    #[inline(always)]
    fn smaller(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
        self.select_f64s(self.less_than_f64s(a, b), a, b)
    }
}

impl Registers for Scalar {
    #[inline(always)]
    fn here() -> Self {
        Self::new()
    }
    #[inline(never)]
    fn apart<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }
}

/// A closure as a piece of work for registers.
struct Work<F>(F);

impl<R, F: FnOnce() -> R> pulp::NullaryFnOnce for Work<F> {
    type Output = R;
    #[inline(always)]
    fn call(self) -> R {
        (self.0)()
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! registers {
    ($($simd:ty),*) => {$(
        impl Registers for $simd {
            #[inline(always)]
            fn here() -> Self {
                let Some(simd) = Self::try_new() else {
                    unreachable!("work is handed to registers that the machine has")
                };
                simd
            }
            #[inline(always)]
            fn apart<R>(self, work: impl FnOnce() -> R) -> R {
                self.vectorize(Work(work))
            }
            // These instructions take the second operand where neither is greater, or one is no number.
            #[inline(always)]
            fn larger(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
                self.max_f64s(a, b)
            }
            #[inline(always)]
            fn smaller(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
                self.min_f64s(a, b)
            }
        }
    )*};
}
#[cfg(target_arch = "x86_64")]
registers!(pulp::x86::V3, pulp::x86::V4);

/// `W` doubles in `N` registers; in memory they lie as `A` does.
#[derive(Clone, Copy)]
pub struct Packed<S: Registers, const N: usize, const W: usize, A = ()> {
    parts: [S::f64s; N],
    registers: S,
    /// Takes no room.
    _alignment: [A; 0],
}

/// The alignment of a cache line: vectors that straddle two lines take twice as long.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct CacheLine;

/// [`LANES`] doubles one by one: how they lie in memory between pieces of work, and how machines without wide vectors compute.
pub type Plain = Packed<Scalar, LANES, LANES, CacheLine>;

/// A double by itself.
pub type Single = Packed<Scalar, 1, 1>;

/// How numbers lie in memory.
pub trait Alignment: Copy + Send + Sync + 'static {}
impl Alignment for () {}
impl Alignment for CacheLine {}

/// One operation on all registers.
#[inline(always)]
fn map<T: Copy, const N: usize>(mut parts: [T; N], operation: impl Fn(T) -> T) -> [T; N] {
    for part in &mut parts {
        *part = operation(*part);
    }
    parts
}

/// One operation on the registers of two numbers. A plain loop: what makes arrays from functions takes the compiler far longer.
#[inline(always)]
fn zip<T: Copy, R: Copy, const N: usize>(a: [T; N], b: [T; N], operation: impl Fn(T, T) -> R) -> [R; N] {
    let mut all = [operation(a[0], b[0]); N];
    for n in 1..N {
        all[n] = operation(a[n], b[n]);
    }
    all
}

#[inline(always)]
fn select<S: Simd, const N: usize>(
    registers: S,
    mask: [S::m64s; N],
    taken: [S::f64s; N],
    mut left: [S::f64s; N],
) -> [S::f64s; N] {
    for n in 0..N {
        left[n] = registers.select_f64s(mask[n], taken[n], left[n]);
    }
    left
}

/// The same with a loop that is compiled once; likewise those below.
#[inline(never)]
fn zip_apart<T: Copy, R: Copy, const N: usize>(
    a: [T; N],
    b: [T; N],
    operation: impl Fn(T, T) -> R,
) -> [R; N] {
    zip(a, b, operation)
}

#[inline(never)]
fn select_apart<S: Simd, const N: usize>(
    registers: S,
    mask: [S::m64s; N],
    taken: [S::f64s; N],
    left: [S::f64s; N],
) -> [S::f64s; N] {
    select(registers, mask, taken, left)
}

#[inline(never)]
fn map_apart<T: Copy, const N: usize>(parts: [T; N], operation: impl Fn(T) -> T) -> [T; N] {
    map(parts, operation)
}

impl<S: Registers, const N: usize, const W: usize, A: Alignment> Packed<S, N, W, A> {
    /// Whether operations are called rather than inlined: doubles one by one where machines as good as always have vectors. Inlined,
    /// what hardly runs doubles the time to compile models (measured on the crate of rules).
    const APART: bool = cfg!(all(target_arch = "x86_64", not(feature = "portable"))) && N == LANES;

    #[inline(always)]
    fn map(self, operation: impl Fn(S, S::f64s) -> S::f64s) -> Self {
        let registers = self.registers;
        let parts = if Self::APART {
            map_apart(
                self.parts,
                #[inline(always)]
                |part| operation(registers, part),
            )
        } else {
            map(
                self.parts,
                #[inline(always)]
                |part| operation(registers, part),
            )
        };
        Self { parts, ..self }
    }

    #[inline(always)]
    fn zip(self, other: Self, operation: impl Fn(S, S::f64s, S::f64s) -> S::f64s) -> Self {
        let parts = self.compare(other, operation);
        Self { parts, ..self }
    }

    #[inline(always)]
    fn compare<R: Copy>(self, other: Self, relation: impl Fn(S, S::f64s, S::f64s) -> R) -> [R; N] {
        self.join(self.parts, other.parts, relation)
    }

    #[inline(always)]
    fn join<T: Copy, R: Copy>(self, a: [T; N], b: [T; N], operation: impl Fn(S, T, T) -> R) -> [R; N] {
        let registers = self.registers;
        if Self::APART {
            zip_apart(
                a,
                b,
                #[inline(always)]
                |a, b| operation(registers, a, b),
            )
        } else {
            zip(
                a,
                b,
                #[inline(always)]
                |a, b| operation(registers, a, b),
            )
        }
    }
}

impl<S: Registers, const N: usize, const W: usize, A: Alignment> Debug for Packed<S, N, W, A> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        self.lanes().fmt(formatter)
    }
}

impl<S: Registers, const N: usize, const W: usize, A: Alignment> PartialEq for Packed<S, N, W, A> {
    fn eq(&self, other: &Self) -> bool {
        self.lanes() == other.lanes()
    }
}

macro_rules! operator {
    ($($operator:ident $method:ident $simd:ident),*) => {$(
        impl<S: Registers, const N: usize, const W: usize, A: Alignment> $operator for Packed<S, N, W, A> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.zip(other, S::$simd)
            }
        }
    )*};
}
operator!(Add add add_f64s, Sub sub sub_f64s, Mul mul mul_f64s, Div div div_f64s);

impl<S: Registers, const N: usize, const W: usize, A: Alignment> Pack for Packed<S, N, W, A>
where
    [f64; W]: AsRef<[f64]> + AsMut<[f64]>,
{
    type Array = [f64; W];
    type Mask = [S::m64s; N];
    const ZEROS: [f64; W] = [0.0; W];

    #[inline(always)]
    fn of(lanes: [f64; W]) -> Self {
        Self {
            parts: bytemuck::cast(lanes),
            registers: S::here(),
            _alignment: [],
        }
    }
    #[inline(always)]
    fn load(self, lanes: [f64; W]) -> Self {
        Self {
            parts: bytemuck::cast(lanes),
            ..self
        }
    }
    #[inline(always)]
    fn lanes(self) -> [f64; W] {
        bytemuck::cast(self.parts)
    }
    #[inline(always)]
    fn splat(self, value: f64) -> Self {
        let all = self.registers.splat_f64s(value);
        Self {
            parts: [all; N],
            ..self
        }
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.map(S::abs_f64s)
    }
    #[inline(always)]
    fn apart<R>(self, work: impl FnOnce() -> R) -> R {
        self.registers.apart(work)
    }
    #[inline(always)]
    fn or_larger(self, other: Self) -> Self {
        self.zip(other, S::larger)
    }
    #[inline(always)]
    fn or_smaller(self, other: Self) -> Self {
        self.zip(other, S::smaller)
    }
    #[inline(always)]
    fn is_below(self, other: Self) -> Self::Mask {
        self.compare(other, S::less_than_f64s)
    }
    #[inline(always)]
    fn is_at_most(self, other: Self) -> Self::Mask {
        self.compare(other, S::less_than_or_equal_f64s)
    }
    #[inline(always)]
    fn equals(self, other: Self) -> Self::Mask {
        self.compare(other, S::equal_f64s)
    }
    #[inline(always)]
    fn where_or(self, mask: Self::Mask, other: Self) -> Self {
        let parts = if Self::APART {
            select_apart(self.registers, mask, self.parts, other.parts)
        } else {
            select(self.registers, mask, self.parts, other.parts)
        };
        Self { parts, ..self }
    }
    #[inline(always)]
    fn both(self, a: Self::Mask, b: Self::Mask) -> Self::Mask {
        self.join(a, b, S::and_m64s)
    }
    #[inline(always)]
    fn either(self, a: Self::Mask, b: Self::Mask) -> Self::Mask {
        self.join(a, b, S::or_m64s)
    }
    #[inline(always)]
    fn all(self, mask: Self::Mask) -> bool {
        let mut failing = mask[0];
        for n in 1..N {
            failing = self.registers.and_m64s(failing, mask[n]);
        }
        let failing = self.registers.not_m64s(failing);
        self.registers.first_true_m64s(failing) == S::F64_LANES
    }
    #[inline(always)]
    fn any(self, mask: Self::Mask) -> bool {
        let mut holding = mask[0];
        for n in 1..N {
            holding = self.registers.or_m64s(holding, mask[n]);
        }
        self.registers.first_true_m64s(holding) != S::F64_LANES
    }
}

impl<S: Registers, const N: usize, const W: usize, A: Alignment> From<f64> for Packed<S, N, W, A>
where
    [f64; W]: AsRef<[f64]> + AsMut<[f64]>,
{
    #[inline(always)]
    fn from(value: f64) -> Self {
        Self::of([0.0; W]).splat(value)
    }
}

/// Lane by lane what doubles give, to the last bit.
impl<S: Registers, const N: usize, const W: usize, A: Alignment> Real for Packed<S, N, W, A>
where
    [f64; W]: AsRef<[f64]> + AsMut<[f64]>,
{
    type Given = [f64; W];
    const NOTHING: [f64; W] = [0.0; W];

    #[inline(always)]
    fn given(amount: [f64; W]) -> Self {
        Self::of(amount)
    }
    #[inline(always)]
    fn at_least(self, floor: f64) -> Self {
        self.or_larger(self.splat(floor))
    }
    #[inline(always)]
    fn at_most(self, cap: f64) -> Self {
        self.or_smaller(self.splat(cap))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(S::sqrt_f64s)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        elementary::exp_side_by_side(self)
    }
    fn one_minus_tanh(self) -> Self {
        self.each(elementary::one_minus_tanh)
    }
    fn pow(self, exponent: f64) -> Self {
        self.each(|x| elementary::pow(x, exponent))
    }
    #[inline(always)]
    fn is_zero(self) -> bool {
        self.all(self.equals(self.splat(0.0)))
    }
    #[inline(always)]
    fn if_zero(self, zero: impl FnOnce() -> Self, otherwise: impl FnOnce() -> Self) -> Self {
        let nothing = self.equals(self.splat(0.0));
        if !self.any(nothing) {
            otherwise()
        } else if self.all(nothing) {
            zero()
        } else {
            zero().where_or(nothing, otherwise())
        }
    }
    #[inline(always)]
    fn if_below(
        self,
        threshold: Self,
        below: impl FnOnce() -> Self,
        otherwise: impl FnOnce() -> Self,
    ) -> Self {
        let is_below = self.is_below(threshold);
        below().where_or(is_below, otherwise())
    }
    #[inline(always)]
    fn fraction_of(self, whole: Self) -> Self {
        let (zero, one) = (self.splat(0.0), self.splat(1.0));
        // Most institutions sell nothing, or pay all: then nothing is divided.
        let nothing = self.is_at_most(zero);
        if self.all(nothing) {
            return zero;
        }
        let all = self.either(whole.is_at_most(zero), whole.is_at_most(self));
        let quotient = if self.all(all) {
            one
        } else {
            one.where_or(all, self / whole)
        };
        zero.where_or(nothing, quotient)
    }
    #[inline(always)]
    fn signed_fraction_of(self, whole: Self) -> Self {
        let sold = self.fraction_of(whole);
        let zero = self.splat(0.0);
        let sells = zero.is_at_most(self);
        if zero.all(sells) {
            return sold;
        }
        let bought = (zero - self).fraction_of(whole);
        // Where nothing is held, nothing can be bought in proportion.
        let bought = bought.where_or(zero.is_below(whole), zero);
        sold.where_or(sells, sold - bought)
    }
}

/// Runs a closure whose plain loops the compiler turns into vector instructions by itself, in the widest that there are.
///
/// Only what is inlined into it is compiled for them.
#[inline(always)]
pub fn auto_vectorized<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
    {
        #[cfg(not(debug_assertions))]
        if let Some(registers) = pulp::x86::V4::try_new() {
            return registers.vectorize(Work(work));
        }
        if let Some(registers) = pulp::x86::V3::try_new() {
            return registers.vectorize(Work(work));
        }
    }
    work()
}

/// A piece of work over [`LANES`] doubles at a time, whatever the registers. Mark all that it calls `#[inline(always)]`: only what is
/// inlined into it becomes vector instructions.
pub trait PackedWork {
    /// What it returns.
    type Output;
    /// Does the work in registers like these.
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) -> Self::Output;
}

/// Runs work in the widest vectors that the machine has and the build knows, with the same bits as without them.
///
/// Builds with debug assertions, which tests are, know nothing wider than AVX2: each kind of registers is one more copy of every
/// model to compile.
#[inline(always)]
pub fn vectorized<T: PackedWork>(work: T) -> T::Output {
    #[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
    {
        /// Work in registers that are there.
        struct Here<T, const N: usize, S>(T, S);
        impl<T: PackedWork, const N: usize, S: Registers> pulp::NullaryFnOnce for Here<T, N, S> {
            type Output = T::Output;
            #[inline(always)]
            fn call(self) -> T::Output {
                let Self(work, registers) = self;
                work.run(Packed::<S, N, LANES> {
                    parts: [registers.splat_f64s(0.0); N],
                    registers,
                    _alignment: [],
                })
            }
        }
        #[cfg(not(debug_assertions))]
        if let Some(registers) = pulp::x86::V4::try_new() {
            return registers.vectorize(Here::<T, 1, _>(work, registers));
        }
        if let Some(registers) = pulp::x86::V3::try_new() {
            return registers.vectorize(Here::<T, 2, _>(work, registers));
        }
    }
    work.run(Plain::of([0.0; LANES]))
}
