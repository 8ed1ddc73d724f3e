//! `seawall serve`: the admission webhook.

mod alarm;
mod announce;
mod break_glass;
mod bundle;
mod callers;
mod cluster;
mod election;
mod ending;
mod event;
mod events;
mod exceptions;
#[cfg(test)]
mod fake;
mod floors;
mod follow;
mod identity;
mod kept;
mod latency;
mod leader;
mod lease;
mod log;
mod member;
mod own;
mod owners;
mod registration;
mod reload;
mod report;
mod reports;
mod rotation;
mod status;
mod traces;
mod version;
mod webhook;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_admission::{Admission, Configuration, Counters, MAX_BODY};
use seawall_server::{Certificates, Limits, Server, not_after, read_certificates};

use crate::cli::ServeArgs;
use crate::live;
use crate::terminal::Failure;

use self::alarm::Alarm;
use self::announce::Announce;
use self::break_glass::Now;
use self::callers::{AskedBy, Callers};
use self::cluster::Cache;
use self::floors::Floors;
use self::kept::{Keeping, Kept};
use self::log::{Level, log};
use self::member::Member;
pub(crate) use self::own::lifetime;
pub(crate) use self::registration::Registration;
use self::reload::Watched;
use self::status::Status;
use self::version::Version;
use self::webhook::Webhook;

/// How often files are looked at for changes.
const LOOK: Duration = Duration::from_secs(2);

/// Threads that wait for the cluster, at most.
const WAITING: usize = 16;

/// Serves until it is told to end; the exit status.
pub(crate) fn run(args: &ServeArgs) -> Result<u8, Failure> {
    let usage = |message: String| Failure::Usage(message, None);
    let mut configuration = match &args.config {
        Some(path) => Some(Watched::read(&[path]).map_err(usage)?),
        None => None,
    };
    let name = args.config.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let read = move |watched: &Watched| {
        let text = watched.held().first().map(Vec::as_slice).unwrap_or_default();
        Configuration::read(text).map_err(|error| format!("{name}: {error}"))
    };
    let first = configuration.as_ref().map(&read).transpose().map_err(usage)?.unwrap_or_default();
    let mut callers = Callers::read(args).map_err(usage)?;
    let (kept, events) = Kept::wanted(args)?;
    let variable = |name: &str| std::env::var(name).ok();
    let (traces, exporter) = traces::wanted(variable).map_err(usage)?.unzip();
    let asked_by = callers.is_some().then(AskedBy::default);
    let keeping = Keeping { asked_by, kept: kept.map(Arc::new), traces };
    let cluster = Arc::new(live::connect(&args.cluster, true)?);
    let minor =
        seawall_snapshot::minor(&cluster.version().git_version).unwrap_or(u64::from(seawall_check::NEWEST));
    let status = Arc::new(Status::default());
    let (mut pair, mut member) = (None, Member::connect(args)?);
    let certificates = match (&args.tls_cert_file, &args.tls_private_key_file) {
        (Some(certificate), Some(key)) => {
            pair.insert(Pair::read(certificate, key, &status).map_err(usage)?).certificates.clone()
        }
        _ => member.make_certificates(args, &status)?,
    };

    if let Some(kept) = keeping.kept.clone().filter(|_| args.reports) {
        member.beside(|writer, ending| reports::start(writer, kept, ending));
    }
    if let Some(exporter) = exporter {
        member.beside(|_, ending| exporter.start(ending));
    }
    if let Some(events) = events {
        member.beside(|writer, ending| events::start(writer, events, ending));
    }
    let cache = Arc::new(Cache::new());
    cache.follow(&Arc::new(live::connect(&args.cluster, false)?));

    let admission = Admission::new(first, minor);
    let counters = Counters::new(admission.newest());
    let mut version = Version::new(cluster.clone(), minor);
    let writer = member.writer();
    let webhook = Webhook::new(admission, cache.clone(), cluster, writer, counters, status.clone(), keeping);
    let webhook = Arc::new(webhook);
    member.add(Floors::new(cache.clone(), webhook.clone()));
    member.add(Announce::new(cache.clone()));
    member.add(Alarm::new(cache.clone()));

    let address = SocketAddr::new(args.bind_address, args.secure_port);
    let begin = |error: std::io::Error| usage(format!("cannot listen on {address}: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(WAITING)
        .build()
        .map_err(begin)?;
    let server = runtime.block_on(async { Server::bind(address).await }).map_err(begin)?;
    let server = server.telling(callers.as_ref().map(Callers::clients));
    let address = server.local_addr().map_err(begin)?;
    log(Level::Info, "listening", &[("address", &address)]);

    let running = member.start(&status);
    let reloaded = webhook.clone();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(LOOK);
            cache.break_glass.look(Now::new());
            if version.has_changed(Instant::now()) {
                reloaded.judge_at(version.minor());
            }
            if let Some(configuration) = &mut configuration {
                reload("the configuration", configuration, |watched| {
                    reloaded.replace(Admission::new(read(watched)?, version.minor()));
                    Ok(())
                });
            }
            if let Some(pair) = &mut pair {
                pair.reload(&status);
            }
            if let Some(callers) = &mut callers {
                callers.reload();
            }
        }
    });
    runtime.block_on(async {
        let stop = stop().map_err(|error| usage(format!("signals cannot be received: {error}")))?;
        let ending = async {
            stop.await;
            log(Level::Info, "told to end: new requests are still answered for a while", &[]);
            webhook.end();
            running.stand_down();
        };
        server
            .run(certificates, Limits { body: MAX_BODY, ..Limits::default() }, webhook.clone(), ending)
            .await;
        running.end();
        log(Level::Info, "ended", &[]);
        Ok(0)
    })
}

/// A certificate and its key in files.
struct Pair {
    watched: Watched,
    certificates: Certificates,
    name: String,
}

impl Pair {
    fn read(certificate: &Path, key: &Path, status: &Status) -> Result<Self, String> {
        let watched = Watched::read(&[certificate, key])?;
        let name = certificate.display().to_string();
        let [chain, key] = watched.held() else { return Err(format!("`{name}`: nothing was read")) };
        let certificates = Certificates::new(chain, key).map_err(|error| format!("`{name}`: {error}"))?;
        show_expiry(chain, status);
        Ok(Self { watched, certificates, name })
    }

    fn reload(&mut self, status: &Status) {
        let Self { watched, certificates, name } = self;
        reload("the certificate", watched, |watched| {
            let [chain, key] = watched.held() else { return Ok(()) };
            certificates.replace(chain, key).map_err(|error| format!("`{name}`: {error}"))?;
            show_expiry(chain, status);
            Ok(())
        });
    }
}

/// The first certificate of a chain is the one that clients look at.
fn show_expiry(chain: &[u8], status: &Status) {
    let first = read_certificates(chain).into_iter().next();
    if let Some(until) = first.and_then(|first| not_after(&first).ok()) {
        status.show_until(until);
    }
}

/// Uses what files hold if that changed; if it cannot be used, what they held before stays in use.
fn reload(what: &str, watched: &mut Watched, used: impl FnOnce(&Watched) -> Result<(), String>) {
    match watched.changed().and_then(|changed| if changed { used(watched).map(|()| true) } else { Ok(false) })
    {
        Ok(true) => log(Level::Info, "read again", &[("what", &what)]),
        Ok(false) => {}
        Err(error) => {
            log(Level::Error, "not used: what was read before holds", &[("what", &what), ("error", &error)]);
        }
    }
}

/// What ends when the process is told to.
#[cfg(not(unix))]
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// What ends when the process is told to.
#[cfg(unix)]
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        std::future::poll_fn(|cx| {
            if terminate.poll_recv(cx).is_ready() || interrupt.poll_recv(cx).is_ready() {
                return std::task::Poll::Ready(());
            }
            std::task::Poll::Pending
        })
        .await;
    })
}
