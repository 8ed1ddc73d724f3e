//! x
pub mod types;
pub mod defaults;