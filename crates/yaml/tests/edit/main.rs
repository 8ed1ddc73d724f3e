//! Edits of whole sources: golden cases for every style, random documents, and time that grows with size alone.

#![expect(clippy::disallowed_methods, reason = "cases are files, and the environment sets how much is tried")]
#![expect(clippy::disallowed_types, reason = "the growth of time is measured")]

mod changes;
mod check;
mod generate;
mod golden;
mod random;
mod rng;
mod speed;
