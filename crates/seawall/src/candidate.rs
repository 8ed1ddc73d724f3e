//! A file to be scanned: named once, read in two phases.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seawall_check::{Config, InputError, Source};
use seawall_input::{Input, Origin};
use seawall_snapshot::{Frame, Snapshot};
use seawall_yaml::{LineIndex, LineStarts};

use crate::settings::Settings;

/// A file's bytes and where its lines start.
pub(crate) struct Text {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) lines: LineStarts,
}

/// Bytes of files that may be kept between the phases, so that small inputs are read once, and a single file too: it has to be
/// in memory anyway.
pub(crate) fn room(files: &[Candidate]) -> AtomicUsize {
    AtomicUsize::new(if files.len() == 1 { usize::MAX } else { 1 << 16 })
}

/// A file to be scanned. What can be read only once is kept, and of the others what there is room for.
pub(crate) struct Candidate {
    input: Input,
    /// From the directory of the configuration file, where that is another name.
    path: Option<Box<str>>,
    pub(crate) scope: u16,
    /// Boxed: of most files nothing is held, and there may be many.
    held: Mutex<Option<Box<Held>>>,
    /// The part of a snapshot that it is, and how many lines of that are in front.
    part: Option<Box<(Frame, u32)>>,
}

/// What is held of a file.
struct Held {
    bytes: Arc<[u8]>,
    lines: Option<LineStarts>,
    /// Whether it is held until the end.
    stays: bool,
}

impl Candidate {
    pub(crate) fn new(input: Input, settings: &Settings) -> Self {
        let patterns = !(settings.config.scopes.is_empty() && settings.ignores.entries.is_empty());
        let name = input.display();
        let path = patterns.then(|| settings.relative(&input)).filter(|path| **path != *name);
        let scope = settings.config.scope_of(path.as_deref().unwrap_or(&name));
        drop(name);
        Self { input, path, scope, held: Mutex::new(None), part: None }
    }

    /// One that can be read once only and was.
    pub(crate) fn of_read(input: Input, bytes: Arc<[u8]>, settings: &Settings) -> Self {
        let held = Mutex::new(Some(Box::new(Held { bytes, lines: None, stays: true })));
        Self { held, ..Self::new(input, settings) }
    }

    /// The parts of a snapshot that goes by the name of an input.
    pub(crate) fn of_snapshot(input: &Input, snapshot: Snapshot, settings: &Settings) -> Vec<Self> {
        // The first line is the header.
        let mut line = 1;
        let of = |frame: Frame| {
            let before = line;
            line += frame.lines();
            Self { part: Some(Box::new((frame, before))), ..Self::new(input.clone(), settings) }
        };
        snapshot.frames.into_iter().map(of).collect()
    }

    fn read(&self) -> Result<Arc<[u8]>, seawall_input::InputError> {
        let Some(part) = &self.part else { return seawall_input::read(&self.input) };
        part.0.text().map_err(|error| seawall_input::InputError::io(self.input.display(), &error))
    }

    pub(crate) fn input(&self) -> &Input {
        &self.input
    }

    /// Its name for records; made when it is asked for.
    pub(crate) fn name(&self) -> Arc<str> {
        self.input.display().into()
    }

    /// Reads it the first time; `room` is what may still be kept.
    pub(crate) fn read_first(&self, room: &AtomicUsize) -> Result<Arc<[u8]>, seawall_input::InputError> {
        if let Some(held) = self.held().as_deref() {
            return Ok(held.bytes.clone());
        }
        let bytes = self.read()?;
        // Of a snapshot the frames are held.
        if self.part.is_some() {
            return Ok(bytes);
        }
        let take = |left: usize| left.checked_sub(bytes.len());
        if room.fetch_update(Relaxed, Relaxed, take).is_ok() {
            *self.held() = Some(Box::new(Held { bytes: bytes.clone(), lines: None, stays: true }));
        }
        Ok(bytes)
    }

    /// Reads it once more: a file of several parts is held from its first one on, until it is
    /// [released](Self::release).
    pub(crate) fn read_again(&self, last: bool) -> Result<Text, seawall_input::InputError> {
        let mut slot = self.held();
        let mut held = match slot.take() {
            Some(held) => held,
            None => Box::new(Held { bytes: self.read()?, lines: None, stays: false }),
        };
        let lines = held.lines.take().unwrap_or_else(|| LineIndex::new(&held.bytes).starts());
        let text = Text { bytes: held.bytes.clone(), lines };
        held.lines = (!last).then(|| text.lines.clone());
        *slot = (held.stays || !last).then_some(held);
        Ok(text)
    }

    /// Holds it no longer, once all of its parts are done.
    pub(crate) fn release(&self) {
        let mut slot = self.held();
        if slot.as_ref().is_some_and(|held| !held.stays) {
            *slot = None;
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Box<Held>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It as a source; `name` is its [`Candidate::name`].
    pub(crate) fn source<'a>(
        &'a self,
        name: &'a Arc<str>,
        bytes: &'a Arc<[u8]>,
        config: &'a Config,
    ) -> Source<'a> {
        Source {
            file: name,
            bytes,
            lines: None,
            walked: self.input.origin == Origin::Walked,
            chart: self.input.in_chart.as_deref(),
            path: self.path.as_deref().unwrap_or(name),
            scope: self.scope,
            scope_name: config.scope_name(self.scope),
            live: self.part.as_ref().map(|part| part.1),
        }
    }
}

pub(crate) fn unreadable(error: &seawall_input::InputError) -> InputError {
    InputError {
        file: error.path.as_str().into(),
        origin: None,
        region: None,
        message: error.message.clone(),
        hint: None,
    }
}
