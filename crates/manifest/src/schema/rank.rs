//! Which of several problems the API server names: its decoder stops at what a type with a decoder of its own refuses, else it
//! tells of the first wrong type (sigs.k8s.io/json `internal/golang/encoding/json/decode.go`: `unmarshal`, `saveError`).

/// When the decoder meets a problem, and whether it goes on; the least is the one that it names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Whether the decoder goes on behind it.
    pub(super) goes_on: bool,
    /// The way from the root in the order of decoding.
    pub(super) way: Vec<Step>,
}

/// A step of the decoder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// The position of a list's item, or in the source.
    At(u32),
    /// A key: YAML reaches the decoder with sorted keys.
    Key(Box<str>),
}
