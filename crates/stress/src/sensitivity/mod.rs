//! Gradients of a solved cascade, its spectral radius, and how near it is to a kink.
//!
//! An equilibrium is a fixed point `x = T(x, theta)` of prices and payments. Where `T` is smooth there and `1` is no eigenvalue
//! of its Jacobian `J`, the equilibrium moves with the inputs (implicit function theorem):
//!
//! ```text
//! dx / dtheta = (I - J)^-1 dT / dtheta
//! d g(x, theta) / dtheta = dg / dtheta + lambda' dT / dtheta,   (I - J') lambda = dg / dx
//! ```
//!
//! One linear solve for the *adjoint* `lambda` gives the derivatives of one figure `g` in all inputs at once: shocks,
//! amounts, holdings, depths, parameters of rules ([`Sensitivity::gradient`]). One solve with `J` itself gives the derivatives
//! of all prices, payments and equities along one direction of the shock ([`Sensitivity::along`]). The two are checked
//! against each other and against differences in the tests. For clearing alone this is Liu and Staum's (2010)
//! `dp/de = (I - Lambda Pi')^-1 Lambda` on the model of Eisenberg and Noe (2001).
//!
//! # What it holds for
//!
//! Models are piecewise smooth. Between two kinks the derivative is what a small enough change does; on a kink it is that
//! of one side; at a jump (a default with costs, a threshold of sales, a market that tips over) it says nothing of what
//! lies behind. [`Sensitivity::nearest_kink`] says how near the next one is: the money that one participant must gain or
//! lose, all else as it is, until it starts or stops selling, sells out, defaults, or pays in full. All else does not
//! stay: what hits one participant reaches others, so a shock that is smaller by the factor of amplification may do. Kinks
//! that change nothing for anybody, such as the default of an institution that owes nobody inside, do not count.
//!
//! What no local figure can tell is that a better equilibrium exists a small step away: after a collapse, a shock that is
//! milder by little may have another greatest equilibrium altogether. Gradients are those of the branch that was found.
//!
//! Assets that nobody sells answer no sale. Under a square-root law their price would fall infinitely fast with the
//! first one; that is one more thing on the other side of a kink.
//!
//! # Early warning
//!
//! Disturbances that die out at the rate `rho`, the spectral radius of `J`, sum to about `1 / (1 - rho)` of themselves, and
//! plain iteration needs about `1 / (1 - rho)` steps for a digit. As a shock approaches the tipping point at a distance `d`,
//! `1 - rho` falls like `sqrt(d)` (a saddle-node), so gradients grow like `1 / sqrt(d)`. [`Sensitivity::spectral_radius`] is a
//! bracket around it, from positive vectors (Collatz 1942, Wielandt 1950).
//!
//! # Limits
//!
//! Terminal execution, no credit default swaps; all models must state slopes, which models written over
//! [`Real`](delever_core::Real) do by themselves. `value-at-risk` and `order-book` have none. Everything without slopes is
//! refused with an error, never estimated. There are no derivatives in holdings where a model refers to the books or prices
//! before the shock, which change with them (`leverage-target` without a target, `redemption`, `haircut`, `debtrank`), or to
//! units (`least-impact`).
//!
//! # Cost
//!
//! One pass with dual numbers, an evaluation for every eight holdings and one more for each institution; up to 400 unknowns one
//! elimination, beyond that the generalised minimal residual method on products with sparse factors. 100,000 institutions
//! with 600,000 holdings and 400,000 debts in 5,000 assets take less than a second beside the solve, and each further target
//! about an eighth of one.
//!
//! ```
//! use delever_cascade::{Cascade, Models, RuleBlock, Shock};
//! use delever_core::{Execution, PerAsset, PerInstitution};
//! use delever_impact::{DepthRow, Linear};
//! use delever_network::{ContagionGraphBuilder, clearing::FaceValue};
//! use delever_portfolio::rules::{LeverageCap, LeverageCapRow};
//! use delever_portfolio::{Institution, SystemBuilder, strategies::ProRata};
//! use delever_stress::sensitivity::{Sensitivity, Target};
//!
//! // One bank with debts of 0.9 and a cap of 12.5 on assets over equity; selling all it has would cost 8 %.
//! let mut builder = SystemBuilder::new();
//! builder.asset("loans", 1.0);
//! builder.institution("bank", Institution { external_liabilities: 0.9, ..Institution::default() });
//! builder.holding("bank", "loans", 1.0);
//! let system = builder.build().expect("valid");
//! let graph = ContagionGraphBuilder::new(1).build().expect("valid");
//! let models = Models {
//!     impact: Box::new(PerAsset::new(Linear, vec![DepthRow { depth: 12.5 }])),
//!     execution: Execution::Terminal,
//!     rules: vec![RuleBlock {
//!         name: String::new(),
//!         rule: Box::new(PerInstitution::new(LeverageCap, vec![LeverageCapRow::cap(12.5)], vec![])),
//!         members: vec![0],
//!     }],
//!     strategy: Box::new(ProRata),
//!     claims: Box::new(FaceValue::new(1)),
//! };
//! let cascade = Cascade::new(&system, &graph, models).expect("valid");
//! let shock = Shock { prices: vec![-0.0225], ..Shock::none(&system) };
//! let sensitivity = Sensitivity::at(&cascade, &shock, &Default::default())?;
//! // s = 0.128... is sold at q = 0.967...: rho = b (s + kappa) / (1 - b s), kappa = 11.5, b = 0.08.
//! let (s, b, kappa) = (0.128_371_937_443_099_72, 0.08, 11.5);
//! let rho = b * (s + kappa) / (1.0 - b * s);
//! assert!((sensitivity.spectral_radius().upper - rho).abs() < 1e-9);
//! // The bank holds one unit, so its equity falls as the price does: dq/dq0 = (1 - b s) / (1 - rho), sixteen-fold.
//! let gradient = sensitivity.gradient(&Target::TotalEquity)?;
//! let amplified = (1.0 - b * s) / (1.0 - rho);
//! assert!((gradient.by_price_shock[0] - amplified).abs() < 1e-9 * amplified, "{gradient:?}");
//! # Ok::<(), delever_stress::StressError>(())
//! ```

mod linear;

use crate::StressError;
use delever_cascade::{Cascade, CascadeMap, End, Figure, Kink, Linearization, Settings, Shock, Status};
use delever_core::SparseRows;
use delever_network::analysis::{SpectralRadius, SpectralSettings, spectral_radius_of_product};
use linear::{LinearSystem, Side};

/// What is differentiated.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// The sum of all equities, negative ones included. A loss has the same derivatives in shocks with the other sign.
    TotalEquity,
    /// One institution's equity, negative when insolvent.
    Equity(usize),
    /// One asset's price.
    Price(usize),
    /// What one institution pays to institutions, on debts and shares.
    Payments(usize),
    /// Any weights.
    Figure(Figure),
}

/// How a sensitivity is computed.
#[derive(Clone, Debug, PartialEq)]
pub struct SensitivitySettings {
    /// Which equilibrium.
    pub end: End,
    /// How it is solved.
    pub solve: Settings,
    /// Parameters of deleveraging rules to differentiate in, as scenario files name them.
    pub parameters: Vec<String>,
    /// How narrow the bracket of the spectral radius is to be.
    pub spectral: SpectralSettings,
}

impl Default for SensitivitySettings {
    /// The greatest equilibrium; derivatives in `max_leverage`.
    fn default() -> Self {
        Self {
            end: End::Greatest,
            solve: Settings::default(),
            parameters: vec!["max_leverage".to_owned()],
            spectral: SpectralSettings::default(),
        }
    }
}

/// Derivatives of one target, in id order. Money of the target (or its unit) for one unit of what moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// The target itself.
    pub value: f64,
    /// By each relative change of a price in the shock: for -1 % times -0.01.
    pub by_price_shock: Vec<f64>,
    /// By each relative change of an institution's cash.
    pub by_cash_shock: Vec<f64>,
    /// By each relative change of an institution's other assets.
    pub by_other_assets_shock: Vec<f64>,
    /// By money added to each institution's cash.
    pub by_outside_assets: Vec<f64>,
    /// By each holding, for one unit more of the asset, in the pattern of the system's holdings. `None` where a rule or a
    /// valuation refers to the books before the shock, which change with holdings too.
    pub by_holding: Option<SparseRows>,
    /// By each asset's depth (daily volume where sales are measured in it); `None` where its price has no one depth.
    pub by_depth: Vec<Option<f64>>,
    /// By each parameter of rules that was asked for: its name, and by institution; `None` where the rule has none.
    pub by_parameter: Vec<(String, Vec<Option<f64>>)>,
    /// Residual of the linear solve, relative to its right-hand side.
    pub residual: f64,
}

impl Gradient {
    /// Derivatives in one parameter of rules, by institution; `None` if it was not asked for.
    pub fn by_parameter(&self, name: &str) -> Option<&[Option<f64>]> {
        let found = self.by_parameter.iter().find(|(given, _)| given == name);
        found.map(|(_, slopes)| &slopes[..])
    }
}

/// Derivatives of everything along one direction of the shock, in id order.
#[derive(Clone, Debug, PartialEq)]
pub struct Along {
    /// Of each price.
    pub prices: Vec<f64>,
    /// Of each component of the claims model's state: payment ratios by institution where they are one each.
    pub claims: Vec<f64>,
    /// Of each institution's equity.
    pub equity: Vec<f64>,
    /// Residual of the linear solve, relative to its right-hand side.
    pub residual: f64,
}

/// A solved cascade that can be differentiated.
pub struct Sensitivity<'c> {
    cascade: &'c Cascade<'c>,
    linear: Linearization<'c>,
    system: LinearSystem,
    parameters: Vec<String>,
    radius: SpectralRadius,
    status: Status,
}

impl<'c> Sensitivity<'c> {
    /// Solves the cascade under a shock and takes its slopes at the equilibrium.
    ///
    /// Errors: a shock that does not fit, volume-weighted execution, contingent claims, a model without slopes, infinite
    /// slopes, a cascade that is not solved.
    pub fn at(
        cascade: &'c Cascade<'c>,
        shock: &Shock,
        settings: &SensitivitySettings,
    ) -> Result<Self, StressError> {
        /// A fixed point moves by a few roundings in one application.
        const STATIONARY: f64 = 1e-9;
        let map = CascadeMap::new(cascade, shock)?;
        let solution = delever_solver::solve(&map, settings.end, &settings.solve, &mut ());
        let solved = matches!(
            solution.status,
            Status::Certified | Status::Bracketed | Status::Unordered
        );
        if !(solved && solution.residual <= STATIONARY) {
            return Err(StressError::NotSolved {
                status: solution.status,
                residual: solution.residual,
            });
        }
        let parameters: Vec<&str> = settings.parameters.iter().map(String::as_str).collect();
        let linear = map.linearize(&solution.point, &parameters)?;
        let (layers, same) = linear.non_negative_layers();
        let layers: Vec<&SparseRows> = layers.iter().collect();
        let mut radius = spectral_radius_of_product(&layers, &settings.spectral)
            .map_err(|mut problems| StressError::Radius(problems.swap_remove(0)))?;
        if !same {
            // The product of sizes bounds the radius from above only.
            radius.lower = 0.0;
            radius.converged = radius.upper == 0.0;
        }
        Ok(Self {
            cascade,
            system: LinearSystem::new(&linear),
            linear,
            parameters: settings.parameters.clone(),
            radius,
            status: solution.status,
        })
    }

    /// The spectral radius of the cascade's Jacobian at the equilibrium, bounded: the early warning.
    ///
    /// The bracket holds for the slopes as computed, which are right to a few roundings. `class` names components of the state:
    /// assets first, then claims by institution. In a cascade that is not ordered the lower end is 0: only the upper one is known.
    pub fn spectral_radius(&self) -> &SpectralRadius {
        &self.radius
    }

    /// The participant that is nearest to a kink or a jump; `None` where none has any.
    pub fn nearest_kink(&self) -> Option<Kink> {
        let kinks = self.linear.kinks().iter().copied();
        kinks
            .filter(|kink| kink.distance < f64::INFINITY)
            .min_by(|a, b| a.distance.total_cmp(&b.distance))
    }

    /// How the equilibrium was solved.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The cascade's map to first order, with the distances of all participants to their kinks.
    pub fn linearization(&self) -> &Linearization<'c> {
        &self.linear
    }

    /// Derivatives of one target in all inputs, by one adjoint solve.
    ///
    /// Errors: no such institution or asset, weights of another length, a singular or badly solved linear system.
    pub fn gradient(&self, target: &Target) -> Result<Gradient, StressError> {
        let figure = self.figure(target)?;
        let slopes = self.linear.state_slopes(&figure);
        let adjoint = self.system.solve(&self.linear, Side::Adjoint, &slopes)?;
        let inputs = self.linear.input_slopes(&figure, &adjoint.x);
        let system = self.cascade.system();
        let before = system.institutions();
        let scaled = |slopes: &[f64], amount: &dyn Fn(usize) -> f64| -> Vec<f64> {
            slopes
                .iter()
                .enumerate()
                .map(|(n, slope)| slope * amount(n))
                .collect()
        };
        Ok(Gradient {
            value: self.linear.value(&figure),
            by_price_shock: scaled(&inputs.shocked_prices, &|k| system.prices()[k]),
            by_cash_shock: scaled(&inputs.cash, &|n| before[n].cash),
            by_other_assets_shock: scaled(&inputs.other_assets, &|n| before[n].other_assets),
            by_outside_assets: inputs.cash,
            by_holding: inputs.holdings,
            by_depth: inputs.depths,
            by_parameter: self.parameters.iter().cloned().zip(inputs.parameters).collect(),
            residual: adjoint.residual,
        })
    }

    /// Derivatives of all prices, claims and equities when the shock moves along a direction, whose components are rates:
    /// `direction.prices[k]` is how fast the relative change of that price moves.
    ///
    /// Errors: a direction that does not fit the system, a singular or badly solved linear system.
    pub fn along(&self, direction: &Shock) -> Result<Along, StressError> {
        let system = self.cascade.system();
        let institutions = system.institution_count();
        check_length("rates of prices", direction.prices.len(), system.asset_count())?;
        check_length("rates of cash", direction.cash.len(), institutions)?;
        check_length(
            "rates of other assets",
            direction.other_assets.len(),
            institutions,
        )?;
        check_length(
            "rates of outside assets",
            direction.outside_assets.len(),
            institutions,
        )?;
        let image = self.linear.image_along(direction);
        let moved = self.system.solve(&self.linear, Side::Forward, &image)?;
        let equity = self.linear.equity_along(&moved.x, direction);
        let (prices, claims) = moved.x.split_at(system.asset_count());
        Ok(Along {
            prices: prices.to_vec(),
            claims: claims.to_vec(),
            equity,
            residual: moved.residual,
        })
    }

    fn figure(&self, target: &Target) -> Result<Figure, StressError> {
        let system = self.cascade.system();
        let (institutions, assets) = (system.institution_count(), system.asset_count());
        let mut figure = Figure::nothing(self.cascade);
        let known = |institution: usize| {
            if institution < institutions {
                Ok(institution)
            } else {
                Err(StressError::UnknownInstitution {
                    institution,
                    count: institutions,
                })
            }
        };
        match *target {
            Target::TotalEquity => figure.equity.fill(1.0),
            Target::Equity(institution) => figure.equity[known(institution)?] = 1.0,
            Target::Payments(institution) => figure.payments[known(institution)?] = 1.0,
            Target::Price(asset) => {
                if asset >= assets {
                    return Err(StressError::UnknownAsset { asset, count: assets });
                }
                figure.prices[asset] = 1.0;
            }
            Target::Figure(ref given) => {
                check_length("weights on equity", given.equity.len(), institutions)?;
                check_length("weights on prices", given.prices.len(), assets)?;
                check_length("weights on payments", given.payments.len(), institutions)?;
                figure = given.clone();
            }
        }
        Ok(figure)
    }
}

fn check_length(name: &'static str, given: usize, expected: usize) -> Result<(), StressError> {
    if given == expected {
        Ok(())
    } else {
        Err(StressError::Length {
            name,
            given,
            expected,
        })
    }
}
