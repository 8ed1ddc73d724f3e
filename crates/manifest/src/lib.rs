//! x
pub mod defaults;
pub mod objects;
pub mod types;
pub mod workload;
