//! Floors: what a measurement has to reach, and the table of those that were measured.

use std::fmt::Write as _;

/// The rows of a table of measurements against their floors.
#[derive(Debug, Default)]
pub struct Floors {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    measured: String,
    floor: String,
    met: bool,
}

impl Floors {
    /// Adds a measurement: what it is, what came out, what was to come out, and whether it did.
    pub fn add(
        &mut self,
        what: impl Into<String>,
        measured: impl Into<String>,
        floor: impl Into<String>,
        met: bool,
    ) {
        self.rows.push(Row { what: what.into(), measured: measured.into(), floor: floor.into(), met });
    }

    /// Whether every floor was reached.
    pub fn met(&self) -> bool {
        self.rows.iter().all(|row| row.met)
    }

    /// The table, for people.
    pub fn table(&self) -> String {
        let mut text = format!("{:<44} {:>24} {:>26}\n", "work", "measured", "floor");
        for Row { what, measured, floor, met } in &self.rows {
            let verdict = if *met { "met" } else { "MISSED" };
            let _ = writeln!(text, "{what:<44} {measured:>24} {floor:>26}  {verdict}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missed_floor_is_enough() {
        let mut floors = Floors::default();
        floors.add("a", "21 x", "20 x", true);
        assert!(floors.met());
        floors.add("b", "19 x", "20 x", false);
        assert!(!floors.met());
        assert!(floors.table().ends_with("20 x  MISSED\n"));
    }
}
