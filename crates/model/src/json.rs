//! Typed views straight from JSON bytes: a pull tokenizer with the semantics of sigs.k8s.io/json.
