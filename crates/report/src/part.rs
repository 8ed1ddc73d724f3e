//! What rendering leaves of some records until it is printed.

use crate::blocks::Blocks;
use crate::identity::Item;
use crate::{markdown, sarif, text};

/// Some records in a format. Made in any order and from any thread; a [`crate::Report`] takes them in the order of the input.
#[derive(Debug, Default)]
pub struct Part {
    pub(crate) text: Blocks,
    /// The entries of `text`, where the end of the report depends on their number.
    pub(crate) items: Vec<Item>,
    pub(crate) tail: Tail,
}

/// What the end of a report has to know of a part.
#[derive(Debug, Default)]
pub(crate) enum Tail {
    #[default]
    Nothing,
    Text(text::Tail),
    Sarif(sarif::Heard),
    Markdown(Box<markdown::Page>),
}

impl From<Blocks> for Part {
    fn from(text: Blocks) -> Self {
        Self { text, ..Self::default() }
    }
}
