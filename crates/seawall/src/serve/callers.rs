//! Who asks: the API server, which a certificate shows, or anybody who reaches the port.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use seawall_server::{Client, Clients};

use super::log::{Level, log};
use super::reload;
use super::reload::Watched;
use crate::cli::ServeArgs;

/// The clients that are believed to be the API server, by a file of authorities.
pub(super) struct Callers {
    watched: Watched,
    clients: Clients,
    name: String,
}

impl Callers {
    /// Those that the arguments name; `None` where they name nobody.
    pub(super) fn read(args: &ServeArgs) -> Result<Option<Self>, String> {
        let Some(path) = &args.client_ca_file else { return Ok(None) };
        let watched = Watched::read(&[path])?;
        let name = path.display().to_string();
        let authorities = watched.held().first().map(Vec::as_slice).unwrap_or_default();
        let clients =
            Clients::new(authorities, &args.client_name).map_err(|error| format!("`{name}`: {error}"))?;
        Ok(Some(Self { watched, clients, name }))
    }

    /// The same for a server.
    pub(super) fn clients(&self) -> Clients {
        self.clients.clone()
    }

    /// Believes other authorities if the file holds others.
    pub(super) fn reload(&mut self) {
        let Self { watched, clients, name } = self;
        reload("the authorities of clients", watched, |watched| {
            let authorities = watched.held().first().map(Vec::as_slice).unwrap_or_default();
            clients.replace(authorities).map_err(|error| format!("`{name}`: {error}"))
        });
    }
}

/// How long nothing more is logged of certificates that do not verify: anybody who reaches the port may show some.
const QUIET: Duration = Duration::from_hours(1);

/// Who reviews came from, counted.
#[derive(Debug, Default)]
pub(super) struct AskedBy {
    verified: AtomicU64,
    unverified: AtomicU64,
    anonymous: AtomicU64,
    told: Mutex<Option<Instant>>,
}

impl AskedBy {
    /// Whether a review is from the API server, so that something of it may be kept. Counts it.
    pub(super) fn is_known(&self, client: &Client) -> bool {
        let count = match client {
            Client::Verified => &self.verified,
            Client::Anonymous => &self.anonymous,
            Client::Unverified(why) => {
                self.tell(why);
                &self.unverified
            }
        };
        count.fetch_add(1, Ordering::Relaxed);
        *client == Client::Verified
    }

    fn tell(&self, why: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() > QUIET) {
            *told = Some(Instant::now());
            let message = "a client shows a certificate that does not verify: it is answered, and nothing of it is kept";
            log(Level::Warning, message, &[("error", &why)]);
        }
    }

    /// Writes what Prometheus reads.
    pub(super) fn write(&self, out: &mut String) {
        let name = "seawall_reviews_total";
        let _ = writeln!(
            out,
            "# HELP {name} Reviews by what the client's certificate shows.\n# TYPE {name} counter"
        );
        for (client, count) in
            [("anonymous", &self.anonymous), ("unverified", &self.unverified), ("verified", &self.verified)]
        {
            let _ = writeln!(out, "{name}{{client=\"{client}\"}} {}", count.load(Ordering::Relaxed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_shown_it_is_known() {
        let asked_by = AskedBy::default();
        assert!(asked_by.is_known(&Client::Verified));
        for client in [Client::Anonymous, Client::Unverified("why".into()), Client::Unverified("else".into())]
        {
            assert!(!asked_by.is_known(&client), "{client:?}");
        }
        let mut out = String::new();
        asked_by.write(&mut out);
        let counts = [("anonymous", 1), ("unverified", 2), ("verified", 1)];
        for (client, count) in counts {
            assert!(
                out.contains(&format!("\nseawall_reviews_total{{client=\"{client}\"}} {count}\n")),
                "{out}"
            );
        }
    }
}
