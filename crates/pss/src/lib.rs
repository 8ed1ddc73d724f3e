//! seawall-pss
