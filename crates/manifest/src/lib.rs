//! seawall-manifest
