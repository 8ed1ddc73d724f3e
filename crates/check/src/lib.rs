//! seawall-check
