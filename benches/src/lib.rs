//! Benchmarks: both sides of every speed claim in one run, and the input that they share.

pub mod api;
pub mod command;
pub mod corpus;
pub mod cpu;
pub mod disk;
pub mod floor;
pub mod load;
pub mod peer;
