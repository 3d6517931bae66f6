//! Names that the format reserves and no model answers to yet, so that users learn it is not their spelling.

use delever_core::Role;

/// Models by role that the format reserves and that are not registered.
pub(crate) fn is_reserved(role: Role, kind: &str) -> bool {
    let kinds: &[&str] = match role {
        Role::Impact => &["constant-product", "concentrated-liquidity", "stableswap"],
        Role::Rule | Role::Strategy | Role::Clearing => &[],
    };
    kinds.contains(&kind)
}
