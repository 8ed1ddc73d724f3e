//! A file to be scanned: named once, read in two phases.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use seawall_check::{Config, InputError, Source};
use seawall_input::{Input, InputKind, Origin};
use seawall_yaml::LineIndex;

use crate::settings::Settings;

/// A file's bytes and where its lines start.
#[derive(Clone)]
pub(crate) struct Text {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) lines: Arc<[u32]>,
}

/// Bytes of files that are kept between the phases, so that small inputs are read once.
pub(crate) const KEPT: usize = 4 << 20;

/// A file to be scanned. What can be read only once is kept, and of the others what there is room for.
pub(crate) struct Candidate {
    input: Input,
    pub(crate) name: Arc<str>,
    /// From the directory of the configuration file, where that is another name.
    path: Option<Box<str>>,
    pub(crate) scope: u16,
    once: OnceLock<Arc<[u8]>>,
    held: Mutex<Option<Text>>,
}

impl Candidate {
    pub(crate) fn new(input: Input, settings: &Settings) -> Self {
        let name: Arc<str> = input.display().into();
        let patterns = !(settings.config.scopes.is_empty() && settings.ignores.entries.is_empty());
        let path = patterns.then(|| settings.relative(&input)).filter(|path| **path != *name);
        let scope = settings.config.scope_of(path.as_deref().unwrap_or(&name));
        Self { input, name, path, scope, once: OnceLock::new(), held: Mutex::new(None) }
    }

    /// Reads it the first time; `room` is what may still be kept.
    pub(crate) fn read_first(&self, room: &AtomicUsize) -> Result<Arc<[u8]>, seawall_input::InputError> {
        let bytes = seawall_input::read(&self.input)?;
        let take = |left: usize| left.checked_sub(bytes.len());
        if self.input.kind != InputKind::File || room.fetch_update(Relaxed, Relaxed, take).is_ok() {
            let _ = self.once.set(bytes.clone());
        }
        Ok(bytes)
    }

    /// Reads it once more: a file of several parts is held from its first part on, until its last one is done.
    pub(crate) fn read_again(&self, last: bool) -> Result<Text, seawall_input::InputError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let text = if let Some(text) = held.take() {
            text
        } else {
            let bytes = match self.once.get() {
                Some(bytes) => bytes.clone(),
                None => seawall_input::read(&self.input)?,
            };
            let lines = LineIndex::new(&bytes).starts();
            Text { bytes, lines }
        };
        *held = (!last).then(|| text.clone());
        Ok(text)
    }

    pub(crate) fn source<'a>(&'a self, bytes: &'a Arc<[u8]>, config: &'a Config) -> Source<'a> {
        Source {
            file: &self.name,
            bytes,
            lines: None,
            walked: self.input.origin == Origin::Walked,
            chart: self.input.in_chart.as_deref(),
            path: self.path.as_deref().unwrap_or(&self.name),
            scope: self.scope,
            scope_name: config.scope_name(self.scope),
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
