//! What is told of a replica beside its answers: whether it may be asked, whether it leads, until when its certificate is valid.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::leader::Leader;

/// Written by those who know, read by who is asked.
#[derive(Debug, Default)]
pub(super) struct Status {
    leader: OnceLock<Arc<Leader>>,
    until: Mutex<Option<SystemTime>>,
    waiting: Mutex<Option<String>>,
}

impl Status {
    /// It stands for election.
    pub(super) fn stand(&self, leader: Arc<Leader>) {
        // There is one election in a process.
        let _ = self.leader.set(leader);
    }

    /// It shows a certificate that is valid until then.
    pub(super) fn show_until(&self, until: SystemTime) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// What it waits for before it may be asked.
    pub(super) fn wait_for(&self, what: Option<String>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// The same.
    pub(super) fn waiting(&self) -> Option<String> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes what Prometheus reads.
    pub(super) fn write(&self, out: &mut String) {
        if let Some(leader) = self.leader.get() {
            let is = u8::from(leader.is_leader());
            let _ = writeln!(
                out,
                "# HELP seawall_leader Whether this replica leads.\n# TYPE seawall_leader gauge\nseawall_leader {is}"
            );
        }
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until {
            let name = "seawall_certificate_expiry_timestamp_seconds";
            let seconds = until.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let help = "When the certificate that clients see expires, in seconds since 1970-01-01.";
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {seconds}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_is_known_is_told() {
        let status = Status::default();
        let written = || {
            let mut out = String::new();
            status.write(&mut out);
            out
        };
        assert_eq!(written(), "");
        status.show_until(UNIX_EPOCH + Duration::from_millis(1_500));
        status.stand(Arc::default());
        let out = written();
        assert!(out.ends_with("\nseawall_certificate_expiry_timestamp_seconds 1\n"), "{out}");
        assert!(out.contains("\nseawall_leader 0\n"), "{out}");
    }
}
