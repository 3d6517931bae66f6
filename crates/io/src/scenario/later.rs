//! Names that the format knows and this build does not have, so that users learn it is not their spelling.

/// Models by role that may be named and are not registered.
pub(crate) fn is_known_later(role: Role, kind: &str) -> bool {
    let kinds: &[&str] = match role {
        Role::Impact => &["constant-product", "concentrated-liquidity", "stableswap"],
        Role::Rule | Role::Strategy | Role::Clearing => &[],
    };
    kinds.contains(&kind)
}

/// What a kind stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Rule,
    Strategy,
    Impact,
    Clearing,
}

impl Role {
    /// The role in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule => "deleveraging rule",
            Self::Strategy => "liquidation strategy",
            Self::Impact => "impact model",
            Self::Clearing => "clearing model",
        }
    }

    /// Its place in [`delever_core::Registry::kinds`].
    pub fn place(self) -> usize {
        match self {
            Self::Impact => 0,
            Self::Rule => 1,
            Self::Clearing => 2,
            Self::Strategy => 3,
        }
    }
}
