//! JSON: the records of JSON lines in one document, described by `schemas/scan-document-v1.schema.json`.
//!
//! Every record has a line of its own, so that documents can be compared line by line.

use std::io::{self, Write};

use seawall_check::Record;

use crate::blocks::Blocks;
use crate::jsonl;

/// Writes a record, with a comma and a line's end in front of it.
pub(crate) fn record(out: &mut Blocks, record: &Record) {
    out.push_str(",\n");
    jsonl::record(out, record);
}

/// What has been written of the document.
#[derive(Debug, Default)]
pub(crate) struct State {
    begun: bool,
}

impl State {
    fn begin(&mut self, to: &mut dyn Write) -> io::Result<()> {
        self.begun = true;
        write!(to, "{{\"schema\":{},\"records\":[", jsonl::SCHEMA)
    }

    /// Writes some records.
    pub(crate) fn add(&mut self, records: &Blocks, to: &mut dyn Write) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        if self.begun {
            return records.write_to(to);
        }
        self.begin(to)?;
        // The first has no comma in front of it.
        records.write_part(1..records.len(), to)
    }

    /// Writes the end, with a summary in it.
    pub(crate) fn finish(mut self, summary: impl FnOnce(&mut Blocks), to: &mut dyn Write) -> io::Result<()> {
        if !self.begun {
            self.begin(to)?;
        }
        let mut out = Blocks::from("\n],\"summary\":".to_owned());
        summary(&mut out);
        out.push_str("}\n");
        out.write_to(to)
    }
}
