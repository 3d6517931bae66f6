//! Depths from what is observed: volume and volatility, or a fall of the price at a share that is sold.
//!
//! Scenario files can give `fall` and `at_share_sold` in place of `depth` under `linear` and `exponential`; see
//! [`DepthOrFall`].

use crate::{DepthRow, Exponential, Linear, checks};
use delever_core::{ImpactKernel, ImpactSpec, MarketShape, PerAsset, SpecError, elementary};

/// `c` of [`depth_from_volume`] as it is commonly set with the formula of Cont and Schaanning (2017): the upper value.
pub const CONT_SCHAANNING_SCALE: f64 = 0.4;
/// The lower value of the same `c`: thinner markets.
pub const CONT_SCHAANNING_LOWER_SCALE: f64 = 0.25;
/// `Y` of the square-root law `I = Y volatility sqrt(Q / adv)`, a number of order one: `kappa` of [`crate::SquareRoot`].
pub const SQUARE_ROOT_COEFFICIENT: f64 = 1.0;
/// Relative fall for each euro sold in Greenwood, Landier and Thesmar (2015): 10 basis points for 10 billion.
pub const GREENWOOD_LANDIER_THESMAR: f64 = 1e-13;

/// `D = scale (adv / volatility) sqrt(horizon)`: depth for sales spread over a horizon, money.
///
/// `adv` is money per day, `volatility` the standard deviation of daily returns, `horizon` days; `volatility` 0 and `adv`
/// infinite mean no impact. Errors name the argument that is out of range. Source: Cont and Schaanning (2017), with
/// `scale` from [`CONT_SCHAANNING_LOWER_SCALE`] to [`CONT_SCHAANNING_SCALE`].
///
/// ```
/// use delever_impact::calibration::{CONT_SCHAANNING_SCALE, depth_from_volume};
/// let depth = depth_from_volume(50.0, 0.02, 20.0, CONT_SCHAANNING_SCALE)?;
/// assert!((depth - 4472.135_954_999_58).abs() < 1e-9);
/// # Ok::<(), delever_core::SpecError>(())
/// ```
pub fn depth_from_volume(adv: f64, volatility: f64, horizon: f64, scale: f64) -> Result<f64, SpecError> {
    checks::depth("adv", adv)?;
    checks::coefficient("volatility", volatility)?;
    checks::above_zero("horizon", horizon)?;
    checks::above_zero("scale", scale)?;
    Ok(scale * (adv / volatility) * horizon.sqrt())
}

fn check_fall(fall: f64, at_share_sold: f64) -> Result<(), SpecError> {
    if !(0.0..1.0).contains(&fall) {
        return Err(SpecError::out_of_range(
            "fall",
            fall,
            "0 or more and below 1; 0.05 is 5 %",
        ));
    }
    if at_share_sold > 0.0 && at_share_sold <= 1.0 {
        Ok(())
    } else {
        Err(SpecError::out_of_range(
            "at_share_sold",
            at_share_sold,
            "above 0 and at most 1; 0.05 is 5 % of what is held",
        ))
    }
}

fn depth_or_none(sold: f64, fall: f64) -> f64 {
    // Where nobody holds anything nobody can sell; no impact, rather than 0/0.
    if sold > 0.0 && fall > 0.0 {
        sold / fall
    } else {
        f64::INFINITY
    }
}

/// `D = at_share_sold value / -ln(1 - fall)`: under exponential impact, selling the share `at_share_sold` of `value` lowers
/// the price by `fall`.
///
/// `value` is what all institutions hold, money at the initial price; shares and falls are plain numbers. `fall` 0 is no
/// impact, and so is a value of 0. Errors name the argument that is out of range. With 10 % for both it is the
/// `alpha = 1.0536` of Gai and Kapadia (2010) and of Caccioli, Shrestha, Moore and Farmer (2014), `D = value / alpha`.
///
/// ```
/// use delever_core::ImpactKernel;
/// use delever_impact::calibration::exponential_depth;
/// use delever_impact::{DepthRow, Exponential};
/// let depth = exponential_depth(0.1, 0.1, 1000.0)?;
/// assert!((1000.0 / depth - 1.053_605_156_578_262_7).abs() < 1e-15);
/// assert!((Exponential.survival(100.0, &DepthRow { depth }) - 0.9).abs() < 1e-15);
/// # Ok::<(), delever_core::SpecError>(())
/// ```
pub fn exponential_depth(fall: f64, at_share_sold: f64, value: f64) -> Result<f64, SpecError> {
    check_fall(fall, at_share_sold)?;
    Ok(depth_or_none(
        at_share_sold * value,
        elementary::minus_ln_of_rest(fall),
    ))
}

/// `D = at_share_sold value / fall`: the same under linear impact.
///
/// ```
/// use delever_impact::calibration::linear_depth;
/// assert_eq!(linear_depth(0.25, 0.5, 1000.0), Ok(2000.0));
/// assert!(linear_depth(1.0, 0.5, 1000.0).is_err());
/// ```
pub fn linear_depth(fall: f64, at_share_sold: f64, value: f64) -> Result<f64, SpecError> {
    check_fall(fall, at_share_sold)?;
    Ok(depth_or_none(at_share_sold * value, fall))
}

/// `D = 1 / impact`: linear depth from the relative fall for each unit of money sold; 0 is no impact.
///
/// ```
/// use delever_impact::calibration::{GREENWOOD_LANDIER_THESMAR, linear_depth_of_impact};
/// assert_eq!(linear_depth_of_impact(GREENWOOD_LANDIER_THESMAR), Ok(1e13));
/// ```
pub fn linear_depth_of_impact(impact: f64) -> Result<f64, SpecError> {
    checks::coefficient("impact", impact)?;
    Ok(1.0 / impact)
}

/// Parameters of `linear` and `exponential` in scenario files: `depth`, or `fall` and `at_share_sold` in its place.
///
/// Each may be a key of `[impact]` or a column of the assets table. `fall`, wherever it is given, takes the place of a depth
/// that is given elsewhere, so that one key puts a whole system on another calibration; both in one place is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct DepthOrFall {
    /// `depth`: money.
    pub depth: Option<f64>,
    /// `fall`: relative fall of the price when `at_share_sold` is sold, from 0 and below 1.
    pub fall: Option<f64>,
    /// `at_share_sold`: share of all institutions' holdings of the asset, above 0 and at most 1.
    pub at_share_sold: Option<f64>,
}

type DepthOfFall = fn(f64, f64, f64) -> Result<f64, SpecError>;

fn depth_of(
    asset: usize,
    row: &DepthOrFall,
    shape: &MarketShape<'_>,
    of_fall: DepthOfFall,
) -> Result<f64, SpecError> {
    let Some(fall) = row.fall else {
        return row.depth.ok_or_else(|| SpecError::missing("depth"));
    };
    let cell = |name| shape.columns.get(name, asset).is_some();
    let key = |name| shape.parameters.contains_key(name);
    if (cell("depth") && cell("fall")) || (key("depth") && key("fall") && !cell("depth") && !cell("fall")) {
        return Err(SpecError::conflict(
            "fall",
            "it takes the place of `depth`; give one of the two",
        ));
    }
    let share = row
        .at_share_sold
        .ok_or_else(|| SpecError::missing("at_share_sold"))?;
    let units = *shape.held.get(asset).ok_or_else(|| {
        SpecError::unsupported(
            "fall",
            "`fall` needs to know what all institutions hold; give `depth`",
        )
    })?;
    of_fall(fall, share, units * shape.market.initial[asset])
}

fn calibrated<K: ImpactKernel<Row = DepthRow>>(
    kernel: K,
    shape: &MarketShape<'_>,
    of_fall: DepthOfFall,
) -> Result<PerAsset<K>, Vec<SpecError>> {
    let given: Vec<DepthOrFall> = shape.columns.rows(shape.parameters, &[])?;
    let mut rows = Vec::with_capacity(given.len());
    let mut problems = Vec::new();
    for (asset, row) in given.iter().enumerate() {
        let depth = depth_of(asset, row, shape, of_fall).and_then(|depth| {
            let row = DepthRow { depth };
            kernel.check(shape.market.quote(asset), &row).map(|()| row)
        });
        match depth {
            Ok(row) => rows.push(row),
            Err(problem) => problems.push(problem.at_row(asset)),
        }
    }
    if problems.is_empty() {
        Ok(PerAsset::new(kernel, rows))
    } else {
        Err(problems)
    }
}

/// `linear` in scenario files: [`Linear`] with the parameters of [`DepthOrFall`].
///
/// ```
/// use delever_core::{ImpactSpec, Market, MarketShape, ParameterTable, ParameterValue, Parameters};
/// use delever_impact::calibration::LinearSpec;
/// let parameters = Parameters::from([
///     ("fall".to_owned(), ParameterValue::Number(0.05)),
///     ("at_share_sold".to_owned(), ParameterValue::Number(0.1)),
/// ]);
/// let columns = ParameterTable::new(1);
/// let shape = MarketShape::new(Market::new(&[2.0], &[2.0]), &parameters, &columns).with_held(&[50.0]);
/// let model = LinearSpec {}.build(&shape).expect("complete");
/// assert_eq!(model.rows()[0].depth, 200.0); // 10 % of 100 moves the price by 5 %
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct LinearSpec {}

impl ImpactSpec for LinearSpec {
    const KIND: &'static str = "linear";
    type Model = PerAsset<Linear>;

    fn build(self, market: &MarketShape<'_>) -> Result<Self::Model, Vec<SpecError>> {
        calibrated(Linear, market, linear_depth)
    }
}

/// `exponential` in scenario files: [`Exponential`] with the parameters of [`DepthOrFall`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct ExponentialSpec {}

impl ImpactSpec for ExponentialSpec {
    const KIND: &'static str = "exponential";
    type Model = PerAsset<Exponential>;

    fn build(self, market: &MarketShape<'_>) -> Result<Self::Model, Vec<SpecError>> {
        calibrated(Exponential, market, exponential_depth)
    }
}
