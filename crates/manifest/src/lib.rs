//! Documents to Kubernetes objects.
//!
//! ```text
//! Document -> objects   what is an object, lists expanded
//!          -> schema    wrong types, unknown fields, duplicate keys   (types: the table of built-in kinds)
//!          -> workload  the pods and pod templates of an object
//!          -> defaults  what the API server would add to a pod
//! ```
//!
//! Nothing here judges a pod.

pub mod defaults;
pub mod objects;
pub mod owner;
pub mod schema;
pub mod types;
pub mod workload;
