//! seawall-report
