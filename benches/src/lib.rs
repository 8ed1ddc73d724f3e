//! Benchmarks: both sides of every speed claim in one run, and the input that they share.

pub mod command;
pub mod corpus;
pub mod cpu;
pub mod disk;
pub mod floor;
pub mod peer;
