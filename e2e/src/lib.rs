//! A real control plane for tests: etcd and kube-apiserver, built from pinned Go modules (`go/go.mod`) once and started on the
//! loopback interface.
//!
//! This package is for tests: what goes wrong in it ends the test with a message that says what is missing.

mod assets;
mod client;
mod control_plane;
pub mod install;
pub mod live;
mod pki;
pub mod pods;
mod ports;
mod process;
pub mod proxy;
pub mod replica;
pub mod scan;
mod valid;
pub mod verdicts;
pub mod warning;
pub mod webhook;
pub mod wire;

pub use assets::kubernetes;
pub use client::{Client, Response};
pub use control_plane::{ControlPlane, SHOWN_TO_WEBHOOKS, from_base64};
