//! One of several replicas: what it does beside answering.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use seawall_cluster::{Error, Options, Writer};
use seawall_server::Certificates;

use crate::cli::ServeArgs;
use crate::live;
use crate::terminal::Failure;

use super::bundle::Bundle;
use super::ending::Ending;
use super::identity::Identity;
use super::leader::{Duty, Leader};
use super::log::{Level, log};
use super::own::Own;
use super::registration::{Ours, Registration};
use super::status::Status;

/// How long the end waits for what is said to the API server then.
const FAREWELL: Duration = Duration::from_secs(5);

/// How often it is looked whether that is over.
const LOOK: Duration = Duration::from_millis(20);

/// The one way to a connection that may write.
pub(super) fn writer(options: &Options) -> Result<Writer, Error> {
    Writer::connect(options)
}

/// A replica that has not begun.
pub(super) struct Member {
    identity: Identity,
    writer: Arc<Writer>,
    duties: Vec<Box<dyn Duty>>,
    own: Option<Own>,
    beside: Vec<Beside>,
}

/// Begins something that has a thread of its own until the end.
type Beside = Box<dyn FnOnce(Arc<Writer>, Arc<Ending>) -> JoinHandle<()>>;

impl Member {
    /// A replica that may write.
    pub(super) fn connect(args: &ServeArgs) -> Result<Self, Failure> {
        let writer =
            writer(&live::options(&args.cluster, false)).map_err(|error| live::not_connected(&error))?;
        let of_context = writer.reader().default_namespace();
        let variable = |name: &str| std::env::var(name).ok();
        let identity = Identity::new(&args.service_name, args.namespace.as_deref(), of_context, variable);
        Ok(Self { identity, writer: Arc::new(writer), duties: Vec::new(), own: None, beside: Vec::new() })
    }

    /// What it writes by.
    pub(super) fn writer(&self) -> Arc<Writer> {
        self.writer.clone()
    }

    /// Gives the leader more to do.
    pub(super) fn add(&mut self, duty: impl Duty + 'static) {
        self.duties.push(Box::new(duty));
    }

    /// Has it do something beside, whether it leads or not.
    pub(super) fn beside(
        &mut self,
        begin: impl FnOnce(Arc<Writer>, Arc<Ending>) -> JoinHandle<()> + 'static,
    ) {
        self.beside.push(Box::new(begin));
    }

    /// Makes a certificate, and makes it this replica's business that it is trusted and followed by others.
    pub(super) fn make_certificates(
        &mut self,
        args: &ServeArgs,
        status: &Arc<Status>,
    ) -> Result<Certificates, Failure> {
        let names = self.identity.names(&args.certificate_name);
        let mut registrations = args.webhook_configuration.clone();
        if registrations.is_empty() {
            registrations.push(Registration::validating(&self.identity.service));
        }
        let ours = Ours::new(&self.identity, &names);
        self.duties.push(Box::new(Bundle::new(&self.identity, ours.clone(), &registrations)));
        let own =
            Own::new(&self.identity, names, ours, registrations, args.certificate_lifetime, status.clone())
                .map_err(|error| Failure::Usage(error.to_string(), None))?;
        Ok(self.own.insert(own).certificates())
    }

    /// Begins.
    pub(super) fn start(self, status: &Status) -> Running {
        let ending = Arc::new(Ending::default());
        let (leader, standing) = Leader::start(&self.writer, &self.identity, self.duties);
        status.stand(leader.clone());
        let mut threads = vec![standing];
        threads.extend(self.own.map(|own| own.start(self.writer.clone(), ending.clone())));
        threads.extend(self.beside.into_iter().map(|begin| begin(self.writer.clone(), ending.clone())));
        Running { leader, ending, threads }
    }
}

/// A replica that has begun.
pub(super) struct Running {
    leader: Arc<Leader>,
    ending: Arc<Ending>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// Lets others lead.
    pub(super) fn stand_down(&self) {
        self.leader.end();
    }

    /// Takes leave, when nothing is answered any more.
    pub(super) fn end(self) {
        self.leader.end();
        self.ending.end();
        let until = Instant::now() + FAREWELL;
        while !self.threads.iter().all(JoinHandle::is_finished) {
            if Instant::now() >= until {
                log(Level::Warning, "the API server was not told of the end in time", &[]);
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}
