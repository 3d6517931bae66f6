//! Measures of fire-sale risk.
//!
//! Some look at portfolios before anything happens, some follow one round of linear sales, one asks the whole cascade
//! where it tips over. All take plain numbers or a frozen [`System`](delever_portfolio::System), stand in id order, and
//! sum left to right, so that their bits depend on nothing else.
//!
//! | module | measures | source |
//! |---|---|---|
//! | [`overlap`] | liquidity-weighted overlap, indirect contagion index, endogenous risk index | Cont and Schaanning (2019) |
//! | [`vulnerability`] | aggregate vulnerability, systemicness, direct and indirect vulnerability, connectedness | Greenwood, Landier and Thesmar (2015) |
//! | [`vulnerability`] | its factors: size, leverage, illiquidity concentration, exposure to the shock | Duarte and Eisenbach (2021) |
//! | [`breakdown`] | the smallest shock after which nothing but full liquidation is an equilibrium | |
//! | [`sensitivity`] | gradients of equities, prices and payments in everything that goes in; spectral radius; distance to kinks | Eisenberg and Noe (2001), Liu and Staum (2010) |
//!
//! ```
//! use delever_core::SparseRows;
//! use delever_stress::overlap::Overlap;
//! // Two funds share an asset whose price falls by 1 % for every 10 sold.
//! let holdings = SparseRows::from_triplets(2, 1, &[(0, 0, 60.0), (1, 0, 40.0)]);
//! let overlap = Overlap::new(holdings, &[1000.0])?;
//! assert_eq!(overlap.between(0, 1)?, 2.4);
//! # Ok::<(), Vec<delever_stress::StressError>>(())
//! ```

pub mod breakdown;
mod error;
pub mod overlap;
mod perron;
pub mod sensitivity;
pub mod vulnerability;

pub use error::StressError;
