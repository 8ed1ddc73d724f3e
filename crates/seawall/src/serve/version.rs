//! The version of the API server, which an upgrade of the control plane changes while this runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_cluster::Cluster;

use super::log::{Level, Told, log};

/// How often it is asked for.
const OFTEN: Duration = Duration::from_mins(2);

/// The version that was heard last.
pub(super) struct Version {
    cluster: Arc<Cluster>,
    minor: u64,
    asked: Instant,
    told: Told,
}

impl Version {
    /// A server that has this minor version now.
    pub(super) fn new(cluster: Arc<Cluster>, minor: u64) -> Self {
        Self { cluster, minor, asked: Instant::now(), told: Told::default() }
    }

    /// Its minor version, as it was heard last.
    pub(super) fn minor(&self) -> u64 {
        self.minor
    }

    /// Asks for it if it is time to: whether it has become another one.
    pub(super) fn has_changed(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.asked) < OFTEN {
            return false;
        }
        self.asked = now;
        let version = match self.cluster.ask_version() {
            Ok(version) => version.git_version,
            Err(error) => {
                self.told.tell(Level::Warning, "the version of the API server is not known", &error);
                return false;
            }
        };
        self.told.over();
        let Some(minor) = seawall_snapshot::minor(&version).filter(|minor| *minor != self.minor) else {
            return false;
        };
        self.minor = minor;
        log(Level::Info, "the API server has another version", &[("version", &version)]);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use serde_json::json;

    use super::super::fake::Fake;
    use super::*;

    #[test]
    fn an_upgrade_is_noticed() {
        let minor = Arc::new(AtomicU64::new(36));
        let shown = minor.clone();
        let fake = Fake::start("version", move |_, path, _| match (path, shown.load(Ordering::SeqCst)) {
            (_, 0) => (503, json!({"message": "it is upgraded"})),
            ("/version", minor) => (200, json!({"gitVersion": format!("v1.{minor}.1")})),
            _ => (404, json!({})),
        });
        let (cluster, start) = (Arc::new(fake.connect()), Instant::now());
        let mut version = Version::new(cluster, 36);
        assert!(!version.has_changed(start + OFTEN));
        minor.store(37, Ordering::SeqCst);
        assert!(!version.has_changed(start + OFTEN), "it was asked a moment ago");
        minor.store(0, Ordering::SeqCst);
        assert!(!version.has_changed(start + OFTEN * 2));
        assert_eq!(version.minor(), 36);
        minor.store(37, Ordering::SeqCst);
        assert!(version.has_changed(start + OFTEN * 3));
        assert_eq!(version.minor(), 37);
        assert!(!version.has_changed(start + OFTEN * 4));
    }
}
