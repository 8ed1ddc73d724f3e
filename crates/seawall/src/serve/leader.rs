//! Leading: one replica of all does what must be done once for the cluster.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime};

use seawall_cluster::{Error, Writer};

use super::election::{Election, RETRY, Step};
use super::ending::Ending;
use super::identity::Identity;
use super::lease;
use super::log::{Level, Told, log};

/// Something that the leader does, again and again, every two seconds, on a thread of its own.
pub(super) trait Duty: Send {
    /// Does what there is to do now. What takes long has to ask [`Leader::is_leader`] before each write; a write that was begun then
    /// is over before another replica leads.
    fn perform(&mut self, writer: &Writer, leader: &Leader);
}

/// Whether this replica leads.
#[derive(Debug, Default)]
pub(super) struct Leader {
    state: Mutex<State>,
    ending: Ending,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Until when it leads if it does not renew.
    until: Option<Instant>,
    /// How often it has begun to lead.
    terms: u64,
}

impl Leader {
    /// Stands for election by the Lease that has the service's name, and performs the duties while it leads. The thread ends after
    /// [`Leader::end`], when others may lead.
    pub(super) fn start(
        writer: &Arc<Writer>,
        identity: &Identity,
        duties: Vec<Box<dyn Duty>>,
    ) -> (Arc<Self>, JoinHandle<()>) {
        let leader = Arc::new(Self::default());
        // One that takes long, or waits for an answer, keeps none of the others from being done.
        let begin = |duty| {
            let (performing, writing) = (leader.clone(), writer.clone());
            std::thread::spawn(move || performing.perform(&writing, duty))
        };
        let performers: Vec<JoinHandle<()>> = duties.into_iter().map(begin).collect();
        let (standing, writer, identity) = (leader.clone(), writer.clone(), identity.clone());
        let stander = std::thread::spawn(move || {
            standing.stand(&writer, &identity);
            for performer in performers {
                let _ = performer.join();
            }
            standing.release(&writer, &identity);
        });
        (leader, stander)
    }

    /// Whether it leads at this moment.
    pub(super) fn is_leader(&self) -> bool {
        self.term().is_some()
    }

    /// Which time in a row it leads, from 1: another number means that others may have led in between. `None` if it does not lead.
    pub(super) fn term(&self) -> Option<u64> {
        let state = self.state();
        state.until.filter(|until| Instant::now() < *until).map(|_| state.terms)
    }

    /// Leads no more, as soon as the duties that are being performed are.
    pub(super) fn end(&self) {
        self.ending.end();
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leads until then.
    fn set(&self, until: Option<Instant>) {
        let was = self.is_leader();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.until = until;
        let is = until.is_some_and(|until| Instant::now() < until);
        if is && !was {
            state.terms += 1;
            log(Level::Info, "leading", &[]);
        }
    }

    fn stand(&self, writer: &Writer, identity: &Identity) {
        let mut election = Election::new(&identity.replica);
        let mut told = Told::default();
        let mut was = false;
        loop {
            match attempt(&mut election, writer, identity) {
                Ok(()) => told.over(),
                // Another one wrote: it is looked at again.
                Err(error) if error.status() == Some(409) => {}
                Err(error) => told.tell(Level::Error, "the Lease of the leader cannot be used", &error),
            }
            self.set(election.until());
            if was && !self.is_leader() {
                log(Level::Warning, "not leading any more", &[]);
            }
            was = self.is_leader();
            if self.ending.within(RETRY) {
                return;
            }
        }
    }

    fn perform(&self, writer: &Writer, mut duty: Box<dyn Duty>) {
        while !self.ending.within(RETRY) {
            if self.is_leader() {
                duty.perform(writer, self);
            }
        }
    }

    /// Lets others lead at once. If that fails they do after the time of the Lease.
    fn release(&self, writer: &Writer, identity: &Identity) {
        if !self.is_leader() {
            return;
        }
        self.set(None);
        let place = lease::one(&identity.namespace, &identity.service);
        let Ok(mut object) = writer.get(place) else { return };
        let clock = lease::micro_time(SystemTime::now());
        if let Some(spec) = Election::new(&identity.replica).release(&object["spec"], &clock) {
            object["spec"] = spec;
            let version = lease::version(&object).to_owned();
            if writer.replace(place, &version, &object).is_ok() {
                log(Level::Info, "another replica may lead", &[]);
            }
        }
    }
}

/// Takes or renews the Lease, if it can be had.
fn attempt(election: &mut Election, writer: &Writer, identity: &Identity) -> Result<(), Error> {
    let (namespace, name) = (&identity.namespace, &identity.service);
    let place = lease::one(namespace, name);
    let found = match writer.get(place) {
        Ok(object) => Some(object),
        Err(error) if error.status() == Some(404) => None,
        Err(error) => return Err(error),
    };
    let asked = Instant::now();
    let clock = lease::micro_time(SystemTime::now());
    match election.step(found.as_ref().map(|object| &object["spec"]), asked, &clock) {
        Step::Wait => {
            election.lost();
            Ok(())
        }
        Step::Write(spec) => {
            let written = match found {
                None => writer.create(lease::all(namespace, ""), &lease::new(name, &spec))?,
                Some(mut object) => {
                    object["spec"] = spec;
                    writer.replace(place, lease::version(&object), &object)?
                }
            };
            election.wrote(written["spec"].clone(), asked);
            Ok(())
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use serde_json::json;

    use super::super::fake::Fake;
    use super::*;

    /// One that leads, for an hour.
    pub(in super::super) fn leading() -> Leader {
        let leader = Leader::default();
        leader.set(Some(Instant::now() + Duration::from_hours(1)));
        leader
    }

    /// Waits until another one was done twice.
    struct Slow(Receiver<()>, Sender<bool>);

    impl Duty for Slow {
        fn perform(&mut self, _: &Writer, _: &Leader) {
            let is_done = |_| self.0.recv_timeout(Duration::from_secs(30)).is_ok();
            let _ = self.1.send((0..2).all(is_done));
        }
    }

    struct Quick(Sender<()>);

    impl Duty for Quick {
        fn perform(&mut self, _: &Writer, leader: &Leader) {
            assert!(leader.is_leader());
            let _ = self.0.send(());
        }
    }

    #[test]
    fn a_slow_duty_delays_no_other() {
        let fake = Fake::start("duties", |method, _, body| match method {
            "GET" => (404, json!({})),
            _ => (201, body.clone()),
        });
        let (done, told) = channel();
        let (tell, heard) = channel();
        let identity = Identity::new("s", Some("n"), "n", |_| None);
        let duties: Vec<Box<dyn Duty>> = vec![Box::new(Slow(told, tell)), Box::new(Quick(done))];
        let (leader, standing) = Leader::start(&Arc::new(fake.writer()), &identity, duties);
        assert!(heard.recv_timeout(Duration::from_mins(1)).unwrap(), "the other one had to wait");
        leader.end();
        standing.join().unwrap();
    }
}
