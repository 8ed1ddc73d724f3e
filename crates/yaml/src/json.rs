//! The JSON reader, as k8s.io/apimachinery reads JSON.
