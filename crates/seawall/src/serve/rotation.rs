//! When a certificate is followed by another, as a function of times and of what the API server trusts.

use std::time::{Duration, Instant, SystemTime};

/// The shortest and the longest that a certificate has to have been trusted before it is relied on: API servers learn of a changed
/// configuration by a watch.
const SETTLE: (Duration, Duration) = (Duration::from_secs(3), Duration::from_mins(1));

/// The certificates of a replica: the one that it shows, and the one that is to follow.
#[derive(Debug)]
pub(super) struct Rotation<C> {
    lifetime: Duration,
    shown: Made<C>,
    next: Option<Made<C>>,
    /// Since when what is waited for is trusted.
    trusted: Option<Instant>,
    ready: bool,
}

#[derive(Debug)]
struct Made<C> {
    certificate: C,
    at: SystemTime,
}

/// What came of a look at what the API server trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing yet.
    None,
    /// The certificate that is shown is relied on from now on: the replica may be asked.
    Ready,
    /// The next certificate is the one to show from now on.
    Shown,
}

impl<C> Rotation<C> {
    /// Begins with a certificate that was made at a time and lives so long from then.
    pub(super) fn new(certificate: C, at: SystemTime, lifetime: Duration) -> Self {
        Self { lifetime, shown: Made { certificate, at }, next: None, trusted: None, ready: false }
    }

    /// Whether it is time to make the next certificate: after two thirds of the life of the one that is shown.
    pub(super) fn is_due(&self, clock: SystemTime) -> bool {
        self.next.is_none() && clock >= self.shown.at + self.lifetime / 3 * 2
    }

    /// The next certificate is there.
    pub(super) fn follow(&mut self, certificate: C, at: SystemTime) {
        self.next = Some(Made { certificate, at });
        self.trusted = None;
    }

    /// The certificate that is shown.
    pub(super) fn shown(&self) -> &C {
        &self.shown.certificate
    }

    /// Until when it is valid.
    pub(super) fn until(&self) -> SystemTime {
        self.shown.at + self.lifetime
    }

    /// All that the API server has to trust.
    pub(super) fn all(&self) -> impl Iterator<Item = &C> {
        [Some(&self.shown), self.next.as_ref()].into_iter().flatten().map(|made| &made.certificate)
    }

    /// The certificate that the API server has to trust before something else happens.
    pub(super) fn awaited(&self) -> Option<&C> {
        match &self.next {
            Some(next) => Some(&next.certificate),
            None => (!self.ready).then_some(&self.shown.certificate),
        }
    }

    /// Whether the API server has been seen to trust what is shown.
    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }

    /// Takes in whether the API server trusts what is [awaited](Self::awaited).
    pub(super) fn see(&mut self, is_trusted: bool, now: Instant) -> Change {
        if !is_trusted {
            self.trusted = None;
            return Change::None;
        }
        let since = *self.trusted.get_or_insert(now);
        // A short life has no time for the longest.
        let settle = if self.ready { (self.lifetime / 20).clamp(SETTLE.0, SETTLE.1) } else { SETTLE.0 };
        if now.duration_since(since) < settle {
            return Change::None;
        }
        self.trusted = None;
        if let Some(next) = self.next.take() {
            self.shown = next;
            self.ready = true;
            return Change::Shown;
        }
        let was_ready = std::mem::replace(&mut self.ready, true);
        if was_ready { Change::None } else { Change::Ready }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const DAY: u64 = 86_400;

    fn clock(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn rotation(lifetime: u64) -> (Rotation<&'static str>, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        let rotation = Rotation::new("a", clock(0), Duration::from_secs(lifetime));
        (rotation, move |seconds| start + Duration::from_secs(seconds))
    }

    #[test]
    fn nobody_is_sent_here_before_the_certificate_is_trusted() {
        let (mut rotation, at) = rotation(90 * DAY);
        assert_eq!(rotation.awaited(), Some(&"a"));
        assert_eq!(rotation.see(false, at(0)), Change::None);
        assert_eq!(rotation.see(true, at(5)), Change::None);
        assert_eq!(rotation.see(true, at(7)), Change::None);
        // It was taken away: the time begins anew.
        assert_eq!(rotation.see(false, at(8)), Change::None);
        assert_eq!(rotation.see(true, at(9)), Change::None);
        assert_eq!(rotation.see(true, at(11)), Change::None);
        assert!(!rotation.is_ready());
        assert_eq!(rotation.see(true, at(12)), Change::Ready);
        assert!(rotation.is_ready());
        assert_eq!(rotation.awaited(), None);
    }

    #[test]
    fn the_next_certificate_is_shown_once_it_is_trusted() {
        let (mut rotation, at) = rotation(90 * DAY);
        rotation.see(true, at(0));
        rotation.see(true, at(3));
        assert!(!rotation.is_due(clock(60 * DAY - 1)));
        assert!(rotation.is_due(clock(60 * DAY)));
        rotation.follow("b", clock(60 * DAY));
        assert!(!rotation.is_due(clock(80 * DAY)), "one at a time");
        assert_eq!(rotation.all().collect::<Vec<_>>(), [&"a", &"b"]);
        assert_eq!((rotation.shown(), rotation.awaited()), (&"a", Some(&"b")));
        for seconds in [10, 50, 99] {
            assert_eq!(rotation.see(false, at(seconds)), Change::None, "not as long as it is not trusted");
        }
        assert_eq!(rotation.see(true, at(100)), Change::None);
        assert_eq!(rotation.see(true, at(159)), Change::None);
        assert_eq!(rotation.shown(), &"a");
        assert_eq!(rotation.see(true, at(160)), Change::Shown);
        assert_eq!((rotation.shown(), rotation.awaited()), (&"b", None));
        assert_eq!(rotation.all().collect::<Vec<_>>(), [&"b"]);
        assert_eq!(rotation.until(), clock(150 * DAY));
        assert!(rotation.is_ready());
    }

    #[test]
    fn a_short_life_settles_sooner() {
        let (mut rotation, at) = rotation(120);
        rotation.see(true, at(0));
        rotation.see(true, at(3));
        rotation.follow("b", clock(80));
        assert_eq!(rotation.see(true, at(80)), Change::None);
        assert_eq!(rotation.see(true, at(85)), Change::None);
        assert_eq!(rotation.see(true, at(86)), Change::Shown);
    }

    #[test]
    fn one_that_was_never_trusted_is_followed_too() {
        let (mut rotation, at) = rotation(90);
        assert!(rotation.is_due(clock(60)));
        rotation.follow("b", clock(60));
        assert_eq!(rotation.awaited(), Some(&"b"));
        rotation.see(true, at(61));
        assert_eq!(rotation.see(true, at(64)), Change::Shown);
        assert!(rotation.is_ready());
    }
}
