//! JSON: the records of JSON lines in one document, described by `schemas/scan-document-v1.schema.json`.
//!
//! Every record has a line of its own, so that documents can be compared line by line.

use std::io::{self, Write};

use seawall_check::Record;

use crate::jsonl;

/// Writes a record, with a comma and a line's end in front of it.
pub(crate) fn record(out: &mut String, record: &Record) {
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
    pub(crate) fn add(&mut self, records: &str, to: &mut dyn Write) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let mut records = records;
        if !self.begun {
            self.begin(to)?;
            records = records.strip_prefix(',').unwrap_or(records);
        }
        to.write_all(records.as_bytes())
    }

    /// Writes the end, with a summary in it.
    pub(crate) fn finish(mut self, summary: impl FnOnce(&mut String), to: &mut dyn Write) -> io::Result<()> {
        if !self.begun {
            self.begin(to)?;
        }
        let mut out = "\n],\"summary\":".to_owned();
        summary(&mut out);
        out.push_str("}\n");
        to.write_all(out.as_bytes())
    }
}
