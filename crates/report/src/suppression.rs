//! Why a finding does not count, in words and in JSON.

use seawall_check::Suppression;
use seawall_finding::redact;

use crate::writer::Writer;

/// Where it is said and why: `comment in deploy.yaml:7: reads node logs`.
pub(crate) fn text(suppression: &Suppression) -> String {
    match suppression {
        Suppression::Ignored(ignore) => {
            let line = ignore.region.map(|region| format!(":{}", region.line)).unwrap_or_default();
            format!("{} in {}{line}: {}", ignore.source.as_str(), ignore.file, ignore.reason)
        }
        Suppression::Excepted(exception) => format!("exception {}: {}", exception.name, exception.reason),
    }
}

/// Writes the members of the JSON object that describes it.
pub(crate) fn write(w: &mut Writer<'_>, suppression: &Suppression) {
    match suppression {
        Suppression::Ignored(ignore) => {
            w.string("source", ignore.source.as_str());
            w.string("reason", &redact(&ignore.reason));
            w.optional("owner", ignore.owner.as_deref().map(redact).as_deref());
            w.optional("until", ignore.until.map(|date| date.to_string()).as_deref());
            w.string("file", &ignore.file);
            if let Some(region) = ignore.region {
                w.number("line", region.line.into());
            }
        }
        Suppression::Excepted(exception) => {
            w.string("source", "exception");
            w.string("reason", &redact(&exception.reason));
            w.optional("owner", exception.owner.as_deref().map(redact).as_deref());
            w.optional("until", exception.expires.map(|date| date.to_string()).as_deref());
            w.string("exception", &exception.name);
        }
    }
}
