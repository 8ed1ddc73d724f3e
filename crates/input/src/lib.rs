//! seawall-input
