//! Published cases, by name.
