//! The registry of built-in models.

use delever_core::Registry;

/// A registry with every built-in model, to which models of one's own can be added.
///
/// ```
/// let registry = delever_io::registry();
/// assert!(registry.kinds()[0].contains(&"exponential"));
/// ```
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    delever_impact::register(&mut registry);
    delever_portfolio::register(&mut registry);
    delever_network::register(&mut registry);
    registry
}
