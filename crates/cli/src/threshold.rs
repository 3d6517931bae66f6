//! `--fail-if`: a condition on a total of the result, or on a share.

use delever::core::nearest_name;
use delever::io::OutcomeResult;

/// A total, a comparison, a number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Threshold {
    field: &'static str,
    comparison: Comparison,
    number: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// What a condition may name: totals; losses over equity before the shock; institutions that failed over all of them.
const FIELDS: [&str; 16] = [
    "equity_initial",
    "equity",
    "loss",
    "loss_shock",
    "loss_fire_sale",
    "loss_contagion",
    "loss_contagion_before_shock",
    "loss_bankruptcy_costs",
    "amplification",
    "defaults",
    "sold_value",
    "loss_share",
    "loss_shock_share",
    "loss_fire_sale_share",
    "loss_contagion_share",
    "default_share",
];

impl Threshold {
    /// Reads `defaults > 3`; spaces do not matter.
    pub fn parse(text: &str) -> Result<Self, String> {
        let operators = [
            (">=", Comparison::AtLeast),
            ("<=", Comparison::AtMost),
            (">", Comparison::Above),
            ("<", Comparison::Below),
        ];
        let Some((name, comparison, number)) = operators.into_iter().find_map(|(operator, comparison)| {
            text.split_once(operator)
                .map(|(name, number)| (name.trim(), comparison, number.trim()))
        }) else {
            return Err(format!(
                "`{text}` is no condition; write a total or a share, one of > >= < <=, and a number: \"defaults > 3\""
            ));
        };
        let Some(field) = FIELDS.into_iter().find(|field| *field == name) else {
            let hint = nearest_name(name, FIELDS)
                .map_or_else(|| ".".to_owned(), |near| format!("; did you mean `{near}`?"));
            return Err(format!(
                "no total or share is named `{name}`{hint} Known are {}",
                FIELDS.join(", ")
            ));
        };
        match number.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Self {
                field,
                comparison,
                number,
            }),
            _ => Err(format!("`{number}` in `{text}` is no number")),
        }
    }

    /// What is breached, if anything. A total that has no value breaches nothing, nor does a share of equity that is not
    /// positive.
    pub fn breach(&self, outcome: &OutcomeResult) -> Option<String> {
        let totals = &outcome.totals;
        let share = |loss: f64| (totals.equity_initial > 0.0).then(|| loss / totals.equity_initial);
        let value = match self.field {
            "equity_initial" => totals.equity_initial,
            "equity" => totals.equity,
            "loss" => totals.loss,
            "loss_shock" => totals.loss_shock,
            "loss_fire_sale" => totals.loss_fire_sale,
            "loss_contagion" => totals.loss_contagion,
            "loss_contagion_before_shock" => totals.loss_contagion_before_shock?,
            "loss_bankruptcy_costs" => totals.loss_bankruptcy_costs,
            "amplification" => totals.amplification?,
            "defaults" => totals.defaults as f64,
            "loss_share" => share(totals.loss)?,
            "loss_shock_share" => share(totals.loss_shock)?,
            "loss_fire_sale_share" => share(totals.loss_fire_sale)?,
            "loss_contagion_share" => share(totals.loss_contagion)?,
            "default_share" => totals.defaults as f64 / outcome.institutions.len() as f64,
            _ => totals.sold_value,
        };
        let (breached, sign) = match self.comparison {
            Comparison::Above => (value > self.number, ">"),
            Comparison::AtLeast => (value >= self.number, ">="),
            Comparison::Below => (value < self.number, "<"),
            Comparison::AtMost => (value <= self.number, "<="),
        };
        breached.then(|| {
            format!(
                "{} = {value}, and {} {sign} {} was to fail",
                self.field, self.field, self.number
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_or_explained() {
        assert!(Threshold::parse("defaults>3").is_ok());
        assert!(Threshold::parse("loss_share > 0.3").is_ok());
        assert!(Threshold::parse(" loss_fire_sale >= 1e6 ").is_ok());
        assert!(
            Threshold::parse("defualts > 3").is_err_and(|error| error.contains("did you mean `defaults`"))
        );
        assert!(Threshold::parse("defaults = 3").is_err());
        assert!(Threshold::parse("defaults > many").is_err());
        assert!(Threshold::parse("defaults > NaN").is_err());
    }
}
