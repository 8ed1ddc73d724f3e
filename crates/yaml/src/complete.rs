//! The complete reader: libyaml events to nodes, for what the fast reader leaves alone.
