//! Typed views from the nodes of a document.
