//! What users are told of the deleveraging rules: one page for each kind that [`super::register`] knows.
//!
//! `A` total assets at current prices and payments, `D` liabilities at face, `E = A - D`, `M` marketable assets, `V` the
//! same at average execution prices.

use delever_core::Order::{Antitone, Unordered};
use delever_core::{ModelPage, ParameterPage, Registry, Role};

const EQUITY_OVER_ASSETS: &str = "equity / assets";
const SHARE: &str = "share of the fund";

const ALWAYS: &str = "Always: higher prices and payments never mean more sales. Continuous.";
const UNLESS_GAINS_SPREAD: &str = "Higher prices and payments never mean more sales, with one exception: with volume-weighted \
    execution beside a clearing model in which payments respond to assets it is unordered, as proceeds can rise while prices \
    fall. Continuous from above only: sales jump at the threshold, which itself counts as healthy.";

const NONE: ModelPage = ModelPage {
    title: "No deleveraging",
    summary: "Nobody sells.",
    formula: "sold = 0",
    order: Antitone,
    order_conditions: "Always. Continuous.",
    source: "Own.",
    parameters: &[],
    example: "",
};

const LEVERAGE_CAP: ModelPage = ModelPage {
    title: "Leverage cap",
    summary: "Who exceeds a cap on assets over equity sells the same fraction of every holding and repays debt, down to the cap.",
    formula: "fraction of every holding sold = clip((A - max_leverage E) / M, 0, 1), and 1 if E <= 0 and there is debt\n\
              with vwap: clip((A - max_leverage E) / (M + max_leverage (V - M)), 0, 1)\n\
              A assets at current prices and payments, E = A - liabilities at face, M marketable assets, V these at the average \
              execution price",
    order: Antitone,
    order_conditions: ALWAYS,
    source: "Greenwood, Landier and Thesmar (2015), Journal of Financial Economics 115(3); Breuer, Summer and Urosevic (2021), \
             Oesterreichische Nationalbank Working Paper 235; with volume-weighted execution Banerjee and Feinstein (2021).",
    parameters: &[
        ParameterPage::number(
            "max_leverage",
            "assets / equity",
            "above 1; inf is no cap",
            "Largest leverage. Give this or min_leverage_ratio.",
        )
        .or_else("min_leverage_ratio counts; one of the two is needed"),
        ParameterPage::number(
            "min_leverage_ratio",
            EQUITY_OVER_ASSETS,
            "between 0 and 1, both excluded",
            "Smallest leverage ratio, the reciprocal of max_leverage; 0.03 is 3 %.",
        )
        .or_else("max_leverage counts; one of the two is needed"),
    ],
    example: "max_leverage = 33.0",
};

const LEVERAGE_THRESHOLD: ModelPage = ModelPage {
    title: "Leverage threshold with a target",
    summary: "Who falls below a ratio of equity to assets sells until a higher ratio is reached; a buffer lies between the two.",
    formula: "if E / A < act_below: money raised = max(0, A - E / target)\n\
              everything if E <= 0, or if E / A < default_below; otherwise nothing",
    order: Antitone,
    order_conditions: UNLESS_GAINS_SPREAD,
    source: "Cont and Schaanning (2017), Norges Bank Working Paper 2/2017.",
    parameters: &[
        ParameterPage::number(
            "act_below",
            EQUITY_OVER_ASSETS,
            "above 0 and at most 1",
            "Acts strictly below it; at 1 every institution with debt acts.",
        ),
        ParameterPage::number(
            "target",
            EQUITY_OVER_ASSETS,
            "between 0 and 1, and at least act_below unless that is 1",
            "Ratio that is sold to.",
        ),
        ParameterPage::number(
            "default_below",
            EQUITY_OVER_ASSETS,
            "from 0 to act_below",
            "Strictly below it everything is sold. In rounds it is read beside every rule, and who is below fails.",
        )
        .or_else("everything is sold at E <= 0"),
    ],
    example: "act_below = 0.04\ntarget = 0.05",
};

const LEVERAGE_TARGET: ModelPage = ModelPage {
    title: "Leverage target",
    summary: "After a loss institutions return to a target leverage, by default the one before the shock.",
    formula: "money raised = A - target_leverage E, at least 0 unless two_sided; everything if E <= 0 and there is debt",
    order: Antitone,
    order_conditions: "One-sided, and then continuous. With two_sided unordered: units bought may fall when prices rise.",
    source: "Greenwood, Landier and Thesmar (2015), Journal of Financial Economics 115(3).",
    parameters: &[
        ParameterPage::number(
            "target_leverage",
            "assets / equity",
            "1 or more",
            "Leverage to return to.",
        )
        .or_else("the leverage before the shock; without equity then, nothing is sold while E > 0"),
        ParameterPage::flag(
            "two_sided",
            "false",
            "Whether an institution below its target buys, with new debt.",
        ),
    ],
    example: "",
};

const VALUE_AT_RISK: ModelPage = ModelPage {
    title: "Leverage that follows perceived risk",
    summary: "The allowed leverage falls as the perceived variance of the portfolio rises.",
    formula: "money raised = max(0, A - lambda E), lambda = max(1, leverage_scale (s^2 + volatility_offset^2)^cyclicality)\n\
              s^2 = (1 - shock_weight) historic_volatility^2 + shock_weight r^2\n\
              r = relative change of the value of what is held since before the shock",
    order: Unordered,
    order_conditions: "Always: variance rises with gains as with losses, so a higher price can mean more sales.",
    source: "Aymanns and Farmer (2015), Journal of Economic Dynamics and Control 50; Adrian and Shin (2010), Journal of Financial \
             Intermediation 19(3).",
    parameters: &[
        ParameterPage::number(
            "leverage_scale",
            "assets / equity",
            "above 0",
            "Leverage at a perceived volatility of one; 1 / z for a value at risk of z standard deviations.",
        ),
        ParameterPage::number(
            "cyclicality",
            "plain number",
            "from -10 to 10, and 0 or at least 0.001 from it",
            "Exponent of perceived variance; -0.5 is value at risk, 0 a constant leverage.",
        )
        .or("-0.5"),
        ParameterPage::number(
            "historic_volatility",
            "share",
            "0 or more",
            "Volatility of the portfolio as perceived before the shock.",
        ),
        ParameterPage::number(
            "volatility_offset",
            "share",
            "0 or more",
            "Volatility that is always perceived.",
        )
        .or("0"),
        ParameterPage::number(
            "shock_weight",
            "share",
            "from 0 to 1",
            "Weight of the latest return in perceived variance.",
        ),
    ],
    example: "leverage_scale = 1.0\nhistoric_volatility = 0.08\nshock_weight = 0.1",
};

const CAPITAL_RATIO: ModelPage = ModelPage {
    title: "Risk-weighted capital ratio",
    summary: "Who falls below a ratio of equity to risk-weighted assets sells the same fraction of every holding until it is \
              restored.",
    formula: "fraction of every holding sold = clip((W + other_risk_weight (o + claims) - E / min_ratio) / W, 0, 1)\n\
              W = sum over assets of risk_weight q h, o other assets, claims on institutions as received; cash weighs 0",
    order: Antitone,
    order_conditions: "Where risk_weight * min_ratio is at most 1 for every asset, and other_risk_weight * min_ratio too where \
                       payments respond to assets; then continuous. Above that unordered: a fall in price relieves the \
                       institution.",
    source: "The Basel Committee's ratio; in fire sales Cifuentes, Ferrucci and Shin (2005), Journal of the European Economic \
             Association 3(2-3).",
    parameters: &[
        ParameterPage::number(
            "min_ratio",
            "equity / risk-weighted assets",
            "above 0 and at most 1",
            "Smallest ratio; 0.08 is 8 %.",
        ),
        ParameterPage::number(
            "other_risk_weight",
            "plain number",
            "0 or more",
            "Risk weight of other assets and of claims on institutions; 1 is 100 %.",
        ),
        ParameterPage::number(
            "risk_weight",
            "plain number",
            "0 or more",
            "Risk weight of the asset; 1 is 100 %. Needed for every asset, in assets.csv.",
        ),
    ],
    example: "min_ratio = 0.08\nother_risk_weight = 1.0\nrisk_weight = 1.0",
};

const HAIRCUT: ModelPage = ModelPage {
    title: "Margins on holdings",
    summary: "Own capital has to cover a margin on every holding; who lacks it sells the same fraction of each.",
    formula: "fraction of every holding sold = clip((X - E) / X, 0, 1), and 1 if E <= 0\n\
              X = sum over assets of m q h, m = min(1, haircut + procyclicality max(0, 1 - q / p)), p the price before the shock",
    order: Antitone,
    order_conditions: ALWAYS,
    source: "Brunnermeier and Pedersen (2009), Review of Financial Studies 22(6).",
    parameters: &[
        ParameterPage::number(
            "haircut",
            "share",
            "from 0 to 1",
            "Margin on the asset: share of its value that own capital covers; 0.05 is 5 %.",
        ),
        ParameterPage::number(
            "procyclicality",
            "plain number",
            "from 0 to 1e6",
            "Rise of the haircut with a relative fall of the price of one.",
        )
        .or("0"),
    ],
    example: "haircut = 0.1",
};

const LIQUIDITY_SHORTFALL: ModelPage = ModelPage {
    title: "Liquidity shortfall",
    summary: "Institutions raise what falls due and is not covered by cash and payments received.",
    formula: "money raised = max(0, debts to institutions at face + withdrawals - cash - payments received - repaid)\n\
              repaid = what has been paid back in earlier rounds, 0 in an equilibrium",
    order: Antitone,
    order_conditions: ALWAYS,
    source: "Cifuentes, Ferrucci and Shin (2005), Journal of the European Economic Association 3(2-3); Amini, Filipovic and \
             Minca (2016).",
    parameters: &[ParameterPage::number(
        "withdrawals",
        "money",
        "0 or more",
        "External liabilities that fall due now; external liabilities beyond them do not fall due.",
    )
    .or("0")],
    example: "",
};

const FUNDING_WITHDRAWAL: ModelPage = ModelPage {
    title: "Funding withdrawal",
    summary: "Creditors outside withdraw more of what they lent the thinner the capital is; sales raise what cash does not cover.",
    formula: "money raised = max(0, w (external + repaid) - repaid - cash)\n\
              w = clip((run_below - E / A) / (run_below - run_complete_below), 0, 1)\n\
              external = liabilities still owed outside, repaid = what has been paid back in earlier rounds",
    order: Antitone,
    order_conditions: "Higher prices and payments never mean more sales, with one exception: with volume-weighted execution \
                       beside a clearing model in which payments respond to assets it is unordered. Continuous, but from above \
                       only where both thresholds are equal.",
    source: "The danger zones of Aikman et al. (2009), Bank of England Working Paper 372, and of Kapadia, Drehmann, Elliott and \
             Sterne (2013), with a linear schedule.",
    parameters: &[
        ParameterPage::number(
            "run_below",
            EQUITY_OVER_ASSETS,
            "above 0 and at most 1",
            "Strictly below it creditors outside begin to withdraw.",
        ),
        ParameterPage::number(
            "run_complete_below",
            EQUITY_OVER_ASSETS,
            "from 0 to run_below",
            "At it and below they withdraw everything.",
        ),
    ],
    example: "run_below = 0.05\nrun_complete_below = 0.02",
};

const REDEMPTION: ModelPage = ModelPage {
    title: "Redemptions from a fund",
    summary: "Investors leave an open-ended fund after losses, and it sells to pay them.",
    formula: "phi = clip(base_flow + flow_sensitivity max(0, 1 - E / E0), 0, gate), E0 equity before the shock\n\
              vertical-slice: fraction of every holding sold = phi (1 - swing_price)\n\
              cash-first: money raised = max(0, phi (1 - swing_price) E - max(0, cash - cash_buffer A))",
    order: Antitone,
    order_conditions: "With liquidity = \"vertical-slice\" and strategy = \"pro-rata\", and then continuous. Unordered with cash-first, \
                       with a strategy that raises the same money from other assets, and with volume-weighted execution beside \
                       a clearing model in which payments respond to assets.",
    source: "The flow-performance relation of Goldstein, Jiang and Ng (2017), Journal of Financial Economics 126(3).",
    parameters: &[
        ParameterPage::number(
            "base_flow",
            SHARE,
            "from -1 to 1",
            "Share that is redeemed without any loss; negative for inflows, which offset outflows.",
        )
        .or("0"),
        ParameterPage::number(
            "flow_sensitivity",
            SHARE,
            "0 or more",
            "Share that is redeemed for a relative loss of one.",
        ),
        ParameterPage::number(
            "gate",
            SHARE,
            "from 0 to 1",
            "Largest share that may be redeemed.",
        )
        .or("1"),
        ParameterPage::number(
            "swing_price",
            "share of net asset value",
            "from 0 to 1",
            "Discount at which redeemers are paid; 0.02 is 2 %.",
        )
        .or("0"),
        ParameterPage::word(
            "liquidity",
            &["vertical-slice", "cash-first"],
            "vertical-slice",
            "How the fund pays redeemers.",
        ),
        ParameterPage::number(
            "cash_buffer",
            "share of total assets",
            "from 0 to 1",
            "What is kept in cash under cash-first.",
        )
        .or("0"),
    ],
    example: "flow_sensitivity = 0.5",
};

const SELL_ON_DEFAULT: ModelPage = ModelPage {
    title: "Liquidation of whoever fails",
    summary: "An institution sells everything once its equity is negative, and nothing before.",
    formula: "fraction of every holding sold = 1 if E < 0, else 0",
    order: Antitone,
    order_conditions: UNLESS_GAINS_SPREAD,
    source: "Caccioli, Shrestha, Moore and Farmer (2014), Journal of Banking and Finance 46.",
    parameters: &[],
    example: "",
};

/// Attaches the page of every rule.
pub(super) fn document(registry: &mut Registry) {
    for (kind, page) in [
        ("none", NONE),
        ("leverage-cap", LEVERAGE_CAP),
        ("leverage-threshold", LEVERAGE_THRESHOLD),
        ("leverage-target", LEVERAGE_TARGET),
        ("value-at-risk", VALUE_AT_RISK),
        ("capital-ratio", CAPITAL_RATIO),
        ("haircut", HAIRCUT),
        ("liquidity-shortfall", LIQUIDITY_SHORTFALL),
        ("funding-withdrawal", FUNDING_WITHDRAWAL),
        ("redemption", REDEMPTION),
        ("sell-on-default", SELL_ON_DEFAULT),
    ] {
        registry.document(Role::Rule, kind, page);
    }
}
