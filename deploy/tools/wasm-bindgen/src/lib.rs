//! What is done to finished modules here. Stands on nothing but the standard library, so that its tests take a moment.

pub mod module;
pub mod short_names;
