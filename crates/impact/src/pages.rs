//! What users are told of the impact models: one page for each kind that [`crate::register`] knows.
//!
//! `Q` is money at the initial price, `q0` the shocked price, `q` the price after sales.

use delever_core::Order::Antitone;
use delever_core::{ModelPage, ParameterPage, Registry, Role};

const DEPTH: ParameterPage = ParameterPage::number(
    "depth",
    "money",
    "above 0; inf is no impact",
    "Market depth: the scale of sales that move the price.",
);
const DEPTH_OR_FALL: ParameterPage = DEPTH.or_else("fall and at_share_sold take its place");
const FALL: ParameterPage = ParameterPage::number(
    "fall",
    "share",
    "from 0 and below 1",
    "Relative fall of the price when at_share_sold is sold. Takes the place of a depth given elsewhere.",
)
.or_else("depth counts");
const AT_SHARE_SOLD: ParameterPage = ParameterPage::number(
    "at_share_sold",
    "share",
    "above 0 and at most 1",
    "Share of all institutions' holdings of the asset whose sale lowers the price by fall.",
)
.or_else("depth counts");
const ADV: ParameterPage = ParameterPage::number(
    "adv",
    "money per day",
    "above 0; inf is no impact",
    "Average daily volume.",
);
const VOLATILITY: ParameterPage = ParameterPage::number(
    "volatility",
    "share per day",
    "0 or more",
    "Standard deviation of daily returns, before the shock; 0.02 is 2 %.",
);
const PRICE_FLOOR: ParameterPage = ParameterPage::number(
    "price_floor",
    "money per unit",
    "0 or more and below the initial price",
    "Price below which sales do not push: buyers of last resort stand there.",
);
const HORIZON: ParameterPage = ParameterPage::number(
    "horizon",
    "days",
    "above 0",
    "Days over which sales are spread evenly.",
);

const ALWAYS: &str = "Always: more sales never raise the price. Continuous.";

const NONE: ModelPage = ModelPage {
    title: "No impact",
    summary: "Sales do not move prices.",
    formula: "q = q0",
    order: Antitone,
    order_conditions: "Always. Continuous.",
    source: "Own.",
    parameters: &[],
    example: "",
};

const LINEAR: ModelPage = ModelPage {
    title: "Linear impact",
    summary: "Each unit of money that is sold lowers the price by the same amount, until it is 0.",
    formula: "q = q0 max(0, 1 - Q / depth)\n\
              depth = at_share_sold * (value of all holdings) / fall, where fall is given",
    order: Antitone,
    order_conditions: ALWAYS,
    source: "Kyle (1985), Econometrica 53(6); in fire sales Greenwood, Landier and Thesmar (2015), Journal of Financial \
             Economics 115(3).",
    parameters: &[DEPTH_OR_FALL, FALL, AT_SHARE_SOLD],
    example: "depth = 1000.0",
};

const EXPONENTIAL: ModelPage = ModelPage {
    title: "Exponential impact",
    summary: "Each unit of money that is sold lowers the price by the same percentage, so that it stays above 0.",
    formula: "q = q0 exp(-Q / depth)\n\
              depth = at_share_sold * (value of all holdings) / -ln(1 - fall), where fall is given",
    order: Antitone,
    order_conditions: ALWAYS,
    source: "Cifuentes, Ferrucci and Shin (2005), Journal of the European Economic Association 3(2-3); calibrated by a fall at \
             a share as in Gai and Kapadia (2010), Proceedings of the Royal Society A 466.",
    parameters: &[DEPTH_OR_FALL, FALL, AT_SHARE_SOLD],
    example: "depth = 1000.0",
};

const POWER: ModelPage = ModelPage {
    title: "Power law",
    summary: "The relative fall is a power of what is sold; with an exponent of 0.5 it is a square-root law.",
    formula: "q = q0 max(0, 1 - c (Q / depth)^g)",
    order: Antitone,
    order_conditions: ALWAYS,
    source: "The concave form that Almgren, Thum, Hauptmann and Li (2005), Risk 18(7), estimate; the parametrisation is own.",
    parameters: &[
        ParameterPage::number(
            "c",
            "share",
            "0 or more",
            "Relative fall of the price when sales equal the depth.",
        ),
        ParameterPage::number(
            "g",
            "plain number",
            "from 0.01 to 10",
            "Exponent; 0.5 is the square-root law.",
        ),
        DEPTH,
    ],
    example: "c = 0.5\ng = 0.5\ndepth = 1000.0",
};

const SQUARE_ROOT: ModelPage = ModelPage {
    title: "Square-root law",
    summary: "The relative fall is the daily volatility times the root of the days of volume that are sold.",
    formula: "q = q0 max(0, 1 - kappa volatility sqrt(Q / adv))",
    order: Antitone,
    order_conditions: ALWAYS,
    source: "Breuer, Summer and Urosevic (2021), Oesterreichische Nationalbank Working Paper 235.",
    parameters: &[
        ParameterPage::number(
            "kappa",
            "plain number",
            "0 or more",
            "Coefficient of the square-root law, a number of order one.",
        ),
        VOLATILITY,
        ADV,
    ],
    example: "kappa = 1.0\nvolatility = 0.02\nadv = 50.0",
};

const FLOORED: ModelPage = ModelPage {
    title: "Exponential impact with a floor",
    summary: "The price falls exponentially towards a floor, at which buyers of last resort stand.",
    formula: "q = floor + (q0 - floor) exp(-Q / ((1 - floor / initial) depth)) if q0 > floor, else q0\n\
              floor = price_floor, initial = the price before the shock",
    order: Antitone,
    order_conditions: ALWAYS,
    source: "Cont and Schaanning (2017), Norges Bank Working Paper 2/2017.",
    parameters: &[DEPTH, PRICE_FLOOR],
    example: "depth = 1000.0\nprice_floor = 0.5",
};

const TANH: ModelPage = ModelPage {
    title: "Hyperbolic tangent with a floor",
    summary: "As floored-exponential for small sales, faster for large ones.",
    formula: "q = floor + (q0 - floor) (1 - tanh(Q / ((1 - floor / initial) depth))) if q0 > floor, else q0\n\
              floor = price_floor, initial = the price before the shock",
    order: Antitone,
    order_conditions: ALWAYS,
    source: "Own variant of the floored form of Cont and Schaanning (2017), Norges Bank Working Paper 2/2017.",
    parameters: &[DEPTH, PRICE_FLOOR],
    example: "depth = 1000.0\nprice_floor = 0.5",
};

const ALMGREN: ModelPage = ModelPage {
    title: "Permanent and temporary impact",
    summary: "The price keeps the permanent impact; sellers at average prices bear half of it and all of the temporary one.",
    formula: "q = q0 max(0, 1 - I), I = gamma volatility (Q / adv) (market_cap / adv)^(1/4)\n\
              average price = q0 max(0, 1 - I / 2 - eta volatility (Q / (adv horizon))^(3/5))",
    order: Antitone,
    order_conditions: "With terminal execution, and then continuous. With volume-weighted execution unordered: the average price \
                       of small sales lies below the final one.",
    source: "Almgren, Thum, Hauptmann and Li (2005), Direct estimation of equity market impact, Risk 18(7).",
    parameters: &[
        ParameterPage::number(
            "gamma",
            "plain number",
            "0 or more",
            "Coefficient of the permanent impact, as published.",
        )
        .or("0.314"),
        ParameterPage::number(
            "eta",
            "plain number",
            "0 or more",
            "Coefficient of the temporary impact, as published. Read with volume-weighted execution.",
        )
        .or("0.142"),
        VOLATILITY,
        ADV,
        ParameterPage::number(
            "market_cap",
            "money",
            "0 or more",
            "Value of all units outstanding.",
        ),
        HORIZON,
    ],
    example: "volatility = 0.02\nadv = 50.0\nmarket_cap = 5000.0\nhorizon = 1.0",
};

const STRESSED_DEPTH: ModelPage = ModelPage {
    title: "Depth that falls with the shock",
    summary: "Exponential impact whose depth the shock itself reduces: liquidity is provided least when it is needed.",
    formula: "q = q0 exp(-Q / (depth exp(-withdrawal f)))\n\
              f = max(0, 1 - q0 / initial), initial = the price before the shock",
    order: Antitone,
    order_conditions: ALWAYS,
    source: "Own formula for the mechanism of Kyle and Xiong (2001), Journal of Finance 56(4), and of Brunnermeier and Pedersen \
             (2009), Review of Financial Studies 22(6).",
    parameters: &[
        DEPTH,
        ParameterPage::number(
            "withdrawal",
            "plain number",
            "from 0 to 50",
            "Depth is multiplied by exp(-withdrawal f) when the shock lowers the price by the share f.",
        ),
    ],
    example: "depth = 1000.0\nwithdrawal = 5.0",
};

const STRESSED_VOLATILITY: ModelPage = ModelPage {
    title: "Depth from volume and a volatility that the shock raises",
    summary: "Exponential impact with the depth that daily volume and volatility suggest, the latter raised by the shock.",
    formula: "q = q0 exp(-Q / D), D = depth_scale (adv / s) sqrt(horizon)\n\
              s = volatility (1 + volatility_stress f)\n\
              f = max(0, 1 - q0 / initial), initial = the price before the shock",
    order: Antitone,
    order_conditions: ALWAYS,
    source: "Depth after Cont and Schaanning (2017), Norges Bank Working Paper 2/2017; the rise of volatility is own.",
    parameters: &[
        ADV,
        VOLATILITY,
        HORIZON,
        ParameterPage::number(
            "depth_scale",
            "plain number",
            "above 0",
            "Number in front of adv / volatility * sqrt(horizon).",
        )
        .or("0.4"),
        ParameterPage::number(
            "volatility_stress",
            "plain number",
            "0 or more",
            "Volatility is multiplied by 1 + volatility_stress f when the shock lowers the price by the share f.",
        )
        .or("0"),
    ],
    example: "adv = 50.0\nvolatility = 0.02\nhorizon = 20.0",
};

const MARKET_MAKER: ModelPage = ModelPage {
    title: "Market makers with limited capital",
    summary: "Market makers lose on what they take and offer depth in proportion to the capital that is left; past a threshold \
              the price jumps down.",
    formula: "q = q0 s with the greatest s = exp(-Q / (depth k(s)))\n\
              k(s) = max(depth_floor, 1 - Q (1 - s) / capital)",
    order: Antitone,
    order_conditions: "Always: more sales never raise the price. Continuous from above only, as the price jumps behind the \
                       threshold. There is no average price, so volume-weighted execution is refused.",
    source: "Own formula for the mechanism of Kyle and Xiong (2001), Journal of Finance 56(4), and of Brunnermeier and Pedersen \
             (2009), Review of Financial Studies 22(6).",
    parameters: &[
        DEPTH,
        ParameterPage::number(
            "capital",
            "money",
            "above 0",
            "Capital that an asset's market makers can lose.",
        ),
        ParameterPage::number(
            "depth_floor",
            "share",
            "from 0 to 1",
            "Share of the depth that stays when market makers have lost their capital.",
        )
        .or("0"),
    ],
    example: "depth = 1000.0\ncapital = 200.0",
};

const CROSS_MATRIX: ModelPage = ModelPage {
    title: "Linear impact across assets",
    summary: "Sales of one asset lower the prices of others too.",
    formula: "q_k = q0_k max(0, 1 - sum over l of M_kl Q_l)\n\
              M_kl = impact in the row with asset k and seller l, one over money; pairs without a row have none",
    order: Antitone,
    order_conditions: "Where no entry of the matrix is negative, and then continuous. With a negative entry unordered: selling one \
                       asset raises the price of another.",
    source: "Kyle (1985), Econometrica 53(6); for several assets Caballe and Krishnan (1994), Econometrica 62(3).",
    parameters: &[ParameterPage::file(
        "matrix",
        "asset, seller, impact",
        "Cross-impacts: the relative fall of the price of `asset` for each unit of money of `seller` that is sold.",
    )],
    example: "matrix = \"matrix.csv\"",
};

const ORDER_BOOK: ModelPage = ModelPage {
    title: "Order book",
    summary: "Sales walk down the bids of a visible book; the price is the lowest bid that they reach.",
    formula: "q = (lowest bid reached) q0 / initial, and q0 without sales\n\
              initial = the price before the shock; behind the last bid as `beyond` says",
    order: Antitone,
    order_conditions: "Always: more sales never raise the price. A step function, continuous from above only; it has no derivative.",
    source: "Own; the walk down a limit order book is common practice.",
    parameters: &[
        ParameterPage::file(
            "book",
            "asset, side (bid or ask), price, quantity",
            "Levels of the book before the shock: money per unit, and units.",
        ),
        ParameterPage::word(
            "beyond",
            &["zero", "last-bid"],
            "zero",
            "Price behind the last bid: nothing, or that bid's for any amount.",
        ),
    ],
    example: "book = \"book.csv\"",
};

/// Attaches the page of every model of this crate.
pub(crate) fn document(registry: &mut Registry) {
    for (kind, page) in [
        ("none", NONE),
        ("linear", LINEAR),
        ("exponential", EXPONENTIAL),
        ("power", POWER),
        ("square-root", SQUARE_ROOT),
        ("floored-exponential", FLOORED),
        ("tanh", TANH),
        ("almgren", ALMGREN),
        ("stressed-depth", STRESSED_DEPTH),
        ("stressed-volatility", STRESSED_VOLATILITY),
        ("market-maker", MARKET_MAKER),
        ("cross-matrix", CROSS_MATRIX),
        ("order-book", ORDER_BOOK),
    ] {
        registry.document(Role::Impact, kind, page);
    }
}
