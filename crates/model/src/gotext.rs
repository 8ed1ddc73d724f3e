//! Text as Go writes it: `%q`, joined quoted lists, plurals.
