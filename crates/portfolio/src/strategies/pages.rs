//! What users are told of the liquidation strategies: one page for each kind that [`super::register`] knows.

use delever_core::Order::Antitone;
use delever_core::{ModelPage, ParameterPage, Registry, Role};

const UNLESS_AVERAGE: &str = "With terminal execution and rules that ask for money, and then continuous; in real numbers also for \
    capital ratios, haircuts and sales on default. With volume-weighted execution, and for a fund's redemptions, unordered.";
const AS_IN_IMPACT: &str = "Adopted from the impact model's parameters.";

const DEPTH: ParameterPage =
    ParameterPage::number("depth", "money", "above 0", "Market depth, which ranks assets.");
const ADV: ParameterPage = ParameterPage::number(
    "adv",
    "money per day",
    "above 0",
    "Average daily volume, which ranks assets without a depth.",
);

const PRO_RATA: ModelPage = ModelPage {
    title: "Pro rata",
    summary: "Sells the same fraction of every holding.",
    formula: "units of asset k sold = fraction h_k, or h_k (money asked for) / (value of all holdings) where the rule asks for money",
    order: Antitone,
    order_conditions: "Always. Continuous.",
    source: "Greenwood, Landier and Thesmar (2015), Journal of Financial Economics 115(3).",
    parameters: &[],
    example: "",
};

const MOST_LIQUID_FIRST: ModelPage = ModelPage {
    title: "Most liquid first",
    summary: "Sells the assets with the deepest markets first, until the money that a pro-rata seller would raise is raised.",
    formula: "units of asset k sold = clip((money - value of what is sold before k) / q_k, 0, h_k), descending depth, else adv; \
              ties by id",
    order: Antitone,
    order_conditions: UNLESS_AVERAGE,
    source: "Own formalisation of the pecking order that fire-sale models discuss, among them Cont and Schaanning (2017), Norges \
             Bank Working Paper 2/2017.",
    parameters: &[
        DEPTH.or_else("adv ranks the asset; one of the two is needed"),
        ADV.or_else("depth ranks the asset; one of the two is needed"),
    ],
    example: "depth = 1000.0",
};

const BY_PRIORITY: ModelPage = ModelPage {
    title: "By priority",
    summary: "Sells in an order of one's own, until the money that a pro-rata seller would raise is raised.",
    formula: "units of asset k sold = clip((money - value of what is sold before k) / q_k, 0, h_k), ascending sale_priority; ties by id",
    order: Antitone,
    order_conditions: UNLESS_AVERAGE,
    source: "Own.",
    parameters: &[ParameterPage::number(
        "sale_priority",
        "plain number",
        "any number",
        "Rank of the asset in the order of sale, the lowest first.",
    )],
    example: "sale_priority = 1.0",
};

const LEAST_IMPACT: ModelPage = ModelPage {
    title: "Least impact",
    summary: "Raises the money that a pro-rata seller would raise so that the seller's own sales cost it least.",
    formula: "minimises sum over k of q_k c_k (p_k / depth_k)^g_k s_k^(1 + g_k) / (1 + g_k) over 0 <= s_k <= h_k \
              with sum over k of q_k s_k = money\n\
              s_k units of asset k sold, p_k the price before the shock\n\
              where kappa is given: c = kappa volatility, g = 0.5, depth = adv",
    order: Antitone,
    order_conditions: UNLESS_AVERAGE,
    source: "Own; a single seller's optimal liquidation in the spirit of Almgren and Chriss (2000), Journal of Risk 3(2).",
    parameters: &[
        ParameterPage::number("depth", "money", "above 0", AS_IN_IMPACT)
            .or_else("adv counts; one of the two is needed"),
        ParameterPage::number("adv", "money per day", "above 0", AS_IN_IMPACT)
            .or_else("depth counts; needed with kappa"),
        ParameterPage::number(
            "c",
            "share",
            "0 or more",
            "Relative fall of the price when sales equal the depth.",
        )
        .or("1"),
        ParameterPage::number(
            "g",
            "plain number",
            "from 0.01 to 10",
            "Exponent of the relative fall.",
        )
        .or("1"),
        ParameterPage::number(
            "kappa",
            "plain number",
            "0 or more",
            "Coefficient of the square-root law.",
        )
        .or_else("c, g and depth describe the impact"),
        ParameterPage::number(
            "volatility",
            "share per day",
            "0 or more",
            "Standard deviation of daily returns. Needed with kappa.",
        )
        .or_else("c, g and depth describe the impact"),
    ],
    example: "depth = 1000.0",
};

/// Attaches the page of every strategy.
pub(super) fn document(registry: &mut Registry) {
    for (kind, page) in [
        ("pro-rata", PRO_RATA),
        ("most-liquid-first", MOST_LIQUID_FIRST),
        ("by-priority", BY_PRIORITY),
        ("least-impact", LEAST_IMPACT),
    ] {
        registry.document(Role::Strategy, kind, page);
    }
}
