//! What users are told of the clearing and valuation models: one page for each kind that [`crate::register`] knows.

use delever_core::Order::Isotone;
use delever_core::{ModelPage, ParameterPage, Registry, Role};

const ALPHA: ParameterPage = ParameterPage::number(
    "alpha",
    "share",
    "from 0 to 1",
    "Share of outside and marketable assets that is recovered in default.",
);
const RECOVERY: ParameterPage = ParameterPage::number(
    "recovery",
    "share of face",
    "from 0 to 1",
    "What creditors recover of a claim when the debtor fails.",
);
const ASSET_VOLATILITY: ParameterPage = ParameterPage::number(
    "asset_volatility",
    "per root of a year",
    "above 0; times the root of maturity within 0.001 and 4",
    "Standard deviation of the logarithm of external assets in a year.",
);
const MATURITY: ParameterPage =
    ParameterPage::number("maturity", "years", "above 0", "Years until debts fall due.").or("1");

/// A structural formula with the symbols that all of them share.
macro_rules! structural {
    ($formula:literal) => {
        concat!(
            $formula,
            "\nd = ln(B / a) / s, s = asset_volatility sqrt(maturity), N the standard normal distribution",
            "\na = external assets, D = debts at face, B = D - payments received: what external assets have to cover"
        )
    };
}

const ALWAYS: &str = "Always: higher assets never mean lower payments. Continuous.";

const NONE: ModelPage = ModelPage {
    title: "Debts at face",
    summary: "Debts are worth their face, whoever fails. Shareholdings are refused.",
    formula: "payment ratio = 1",
    order: Isotone,
    order_conditions: "Always. Continuous.",
    source: "Own.",
    parameters: &[],
    example: "",
};

const EXTERNAL: ParameterPage = ParameterPage::word(
    "external",
    &["pari-passu", "senior"],
    "pari-passu",
    "Rank of creditors outside the system: beside those inside, or before them.",
);

const EISENBERG_NOE: ModelPage = ModelPage {
    title: "Proportional clearing",
    summary: "A debtor pays its debts or, if its assets do not suffice, all of its assets, pari passu.",
    formula: "payment ratio = min(1, max(0, A) / D)\n\
              external = \"senior\": creditors inside the system get min(1, max(0, A - external liabilities) / debts inside)\n\
              A assets at current prices and payments, D all debts at face",
    order: Isotone,
    order_conditions: ALWAYS,
    source: "Eisenberg and Noe (2001), Management Science 47(2).",
    parameters: &[EXTERNAL],
    example: "",
};

const ROGERS_VERAART: ModelPage = ModelPage {
    title: "Clearing with default costs",
    summary: "As eisenberg-noe, but a defaulter's assets fetch only a share of their value.",
    formula: "payment ratio = 1 if A >= D, else min(1, (alpha outside + beta interbank) / D)\n\
              A = outside + interbank, before haircuts; outside = cash, other and marketable assets; interbank = payments received",
    order: Isotone,
    order_conditions: "Higher assets never mean lower payments; with volume-weighted execution and beta < alpha unordered. \
                       Continuous from above only where alpha or beta is below 1: payments jump down at default.",
    source: "Rogers and Veraart (2013), Management Science 59(4).",
    parameters: &[
        ALPHA,
        ParameterPage::number(
            "beta",
            "share",
            "from 0 to 1",
            "Share of interbank assets that is recovered in default.",
        ),
        EXTERNAL,
    ],
    example: "alpha = 0.8\nbeta = 0.7",
};

const ELSINGER: ModelPage = ModelPage {
    title: "Seniority and shareholdings",
    summary: "Debts are paid layer after layer, the senior ones first; shareholders get what remains.",
    formula: "ratio of layer l = min(1, max(0, A - D_1 - ... - D_(l-1)) / D_l), pari passu within the layer\n\
              equity shared among owners = max(0, A - D_1 - ... - D_S)\n\
              A outside assets, debts received and shares at what they are worth; external liabilities are in layer 0, the first",
    order: Isotone,
    order_conditions: ALWAYS,
    source: "Elsinger (2009), Oesterreichische Nationalbank Working Paper 156; with one layer Suzuki (2002), Journal of the \
             Operations Research Society of Japan 45(2), and Fischer (2014), Mathematical Finance 24(1).",
    parameters: &[],
    example: "",
};

const WEBER_WESKE: ModelPage = ModelPage {
    title: "Seniority and shareholdings with default costs",
    summary: "As elsinger, but a defaulter's assets fetch only a share of their value.",
    formula: "as elsinger; an institution with A < D_1 + ... + D_S pays from\n\
              alpha outside + beta (debts received) + kappa (shareholdings) in the place of A",
    order: Isotone,
    order_conditions: "Higher assets never mean lower payments; with volume-weighted execution and beta or kappa < alpha \
                       unordered. Continuous from above only where one of the three is below 1.",
    source: "Weber and Weske (2017), Probability, Uncertainty and Quantitative Risk 2(9).",
    parameters: &[
        ALPHA,
        ParameterPage::number(
            "beta",
            "share",
            "from 0 to 1",
            "Share of debts received that is recovered in default.",
        ),
        ParameterPage::number(
            "kappa",
            "share",
            "from 0 to 1",
            "Share of the worth of shareholdings that is recovered in default.",
        ),
    ],
    example: "alpha = 0.8\nbeta = 0.7\nkappa = 0.6",
};

const ELLIOTT_GOLUB_JACKSON: ModelPage = ModelPage {
    title: "Cross-holdings with failure costs",
    summary: "Organisations own one another; who falls below a value fails and loses more. Debts between institutions are refused.",
    formula: "V_i = x_i - failure_cost_i if (1 - o_i) x_i < failure_value_i, else x_i\n\
              x_i = e_i + sum over j of C_ij V_j, market value v_i = (1 - o_i) V_i\n\
              C fractions (row = holder), o_i the fraction of i held inside, e outside assets less external liabilities",
    order: Isotone,
    order_conditions: "Always: higher assets never mean lower values. Continuous from above only: values jump down at a failure.",
    source: "Elliott, Golub and Jackson (2014), American Economic Review 104(10).",
    parameters: &[
        ParameterPage::number(
            "failure_value",
            "money",
            "any number",
            "Market value strictly below which the organisation fails.",
        ),
        ParameterPage::number(
            "failure_cost",
            "money",
            "0 or more",
            "What the organisation's failure destroys.",
        ),
    ],
    example: "failure_value = 5.0\nfailure_cost = 2.0",
};

const FURFINE: ModelPage = ModelPage {
    title: "Fixed recovery",
    summary: "A claim is worth its face until its debtor fails, and a given share of it from then on.",
    formula: "V(E) = 1 if E >= 0, else recovery",
    order: Isotone,
    order_conditions: "Always: higher equity never means lower claims. Continuous from above only where recovery is below 1.",
    source: "Furfine (2003), Journal of Money, Credit and Banking 35(1).",
    parameters: &[RECOVERY],
    example: "recovery = 0.4",
};

const DEBTRANK: ModelPage = ModelPage {
    title: "Linear DebtRank",
    summary: "A claim loses value in proportion to the equity that its debtor loses.",
    formula: "V(E) = clip(E / E0, 0, 1), E0 equity before the shock; 0 if E0 <= 0",
    order: Isotone,
    order_conditions: "Always with multiple hits: higher equity never means lower claims. Continuous. A single hit is a process, \
                       unordered.",
    source: "Bardoscia, Battiston, Caccioli and Caldarelli (2015), PLoS ONE 10(6); a single hit Battiston, Puliga, Kaushik, Tasca \
             and Caldarelli (2012), Scientific Reports 2.",
    parameters: &[
        ParameterPage::word(
            "hits",
            &["multi", "single"],
            "multi",
            "How often an institution passes on its distress: whenever it grows, which is an equilibrium, or once, which is a process \
             in waves; the same for all institutions.",
        ),
        ParameterPage::flag(
            "cap",
            "true",
            "Whether no impact of a single hit is more than the creditor's equity. Without it stress may exceed 1, as some \
             programs count.",
        ),
    ],
    example: "",
};

const BLACK_COX: ModelPage = ModelPage {
    title: "Default at first passage",
    summary: "A claim is worth its expected payment when its debtor defaults as soon as its external assets no longer cover its debts.",
    formula: structural!(
        "V = 1 - (1 - recovery) PD, PD = N(d + s/2) + exp(-s d) N(d - s/2), and 1 once equity is gone"
    ),
    order: Isotone,
    order_conditions: "Always: higher assets never mean lower claims. Continuous from above only where recovery is below 1.",
    source: "Black and Cox (1976), Journal of Finance 31(2); in networks Bardoscia, Barucca, Brinley Codd and Hill (2019), Journal \
             of Economic Dynamics and Control 108.",
    parameters: &[ASSET_VOLATILITY, MATURITY, RECOVERY],
    example: "asset_volatility = 0.1\nrecovery = 0.5",
};

const UNLESS_AVERAGE: &str = "With terminal execution: higher assets never mean lower claims. With volume-weighted execution \
    unordered. Continuous from above only where recovery is below 1.";

const MERTON: ModelPage = ModelPage {
    title: "Default at maturity",
    summary: "A claim is worth its expected payment when its debtor defaults at maturity and pays a share of what its assets cover.",
    formula: structural!(
        "V = clip(1 - (1 - recovery) N(d + s/2) - recovery (B / D) (N(d + s/2) - exp(-s d) N(d - s/2)), 0, 1)"
    ),
    order: Isotone,
    order_conditions: UNLESS_AVERAGE,
    source: "Merton (1974), Journal of Finance 29(2); as a valuation Barucca et al. (2020), Mathematical Finance.",
    parameters: &[
        ASSET_VOLATILITY,
        MATURITY,
        ParameterPage::number(
            "recovery",
            "share",
            "from 0 to 1",
            "What creditors recover in default of what the debtor's assets then cover.",
        ),
    ],
    example: "asset_volatility = 0.1\nrecovery = 0.5",
};

const FURFINE_MERTON: ModelPage = ModelPage {
    title: "Default at maturity with a fixed recovery",
    summary: "A claim is worth its expected payment when its debtor defaults at maturity and pays a given share of face.",
    formula: structural!("V = 1 - (1 - recovery) N(d + s/2)"),
    order: Isotone,
    order_conditions: UNLESS_AVERAGE,
    source: "Furfine (2003), Journal of Money, Credit and Banking 35(1), for the recovery, and Merton (1974), Journal of Finance \
             29(2), for the default; as a valuation Barucca et al. (2020), Mathematical Finance.",
    parameters: &[ASSET_VOLATILITY, MATURITY, RECOVERY],
    example: "asset_volatility = 0.1\nrecovery = 0.5",
};

/// Attaches the page of every model of this crate.
pub(crate) fn document(registry: &mut Registry) {
    for (kind, page) in [
        ("none", NONE),
        ("eisenberg-noe", EISENBERG_NOE),
        ("rogers-veraart", ROGERS_VERAART),
        ("elsinger", ELSINGER),
        ("weber-weske", WEBER_WESKE),
        ("elliott-golub-jackson", ELLIOTT_GOLUB_JACKSON),
        ("furfine", FURFINE),
        ("debtrank", DEBTRANK),
        ("black-cox", BLACK_COX),
        ("merton", MERTON),
        ("furfine-merton", FURFINE_MERTON),
    ] {
        registry.document(Role::Clearing, kind, page);
    }
}
