//! `--fail-if`: a condition on a total of the result.

use delever::core::nearest_name;
use delever::io::TotalsResult;

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

/// The totals that a condition may name.
const FIELDS: [&str; 10] = [
    "equity_initial",
    "equity",
    "loss",
    "loss_shock",
    "loss_fire_sale",
    "loss_contagion",
    "loss_bankruptcy_costs",
    "amplification",
    "defaults",
    "sold_value",
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
                "`{text}` is no condition; write a total, one of > >= < <=, and a number: \"defaults > 3\""
            ));
        };
        let Some(field) = FIELDS.into_iter().find(|field| *field == name) else {
            let hint = nearest_name(name, FIELDS)
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(format!(
                "no total is named `{name}`{hint} Known are {}",
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

    /// What is breached, if anything. A total that has no value breaches nothing.
    pub fn breach(&self, totals: &TotalsResult) -> Option<String> {
        let value = match self.field {
            "equity_initial" => totals.equity_initial,
            "equity" => totals.equity,
            "loss" => totals.loss,
            "loss_shock" => totals.loss_shock,
            "loss_fire_sale" => totals.loss_fire_sale,
            "loss_contagion" => totals.loss_contagion,
            "loss_bankruptcy_costs" => totals.loss_bankruptcy_costs,
            "amplification" => totals.amplification?,
            "defaults" => totals.defaults as f64,
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
        assert!(Threshold::parse(" loss_fire_sale >= 1e6 ").is_ok());
        assert!(
            Threshold::parse("defualts > 3").is_err_and(|error| error.contains("did you mean `defaults`"))
        );
        assert!(Threshold::parse("defaults = 3").is_err());
        assert!(Threshold::parse("defaults > many").is_err());
        assert!(Threshold::parse("defaults > NaN").is_err());
    }
}
