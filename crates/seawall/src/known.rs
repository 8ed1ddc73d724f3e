//! Values of options that are well known: shells complete them, and other values are parsed as ever.

use std::ffi::OsStr;
use std::fmt::Display;
use std::str::FromStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use seawall_check::scores::ModelName;
use seawall_check::{FailOn, rules};
use seawall_model::Level;

use crate::cli::FormatArg;

/// Parses a `T` and names values that are well known.
#[derive(Clone)]
pub(crate) struct Known<T> {
    parse: fn(&str) -> Result<T, String>,
    values: fn() -> Vec<&'static str>,
}

/// A parser by [`FromStr`] that names the values which `values` gives.
pub(crate) fn known<T: FromStr<Err: Display>>(values: fn() -> Vec<&'static str>) -> Known<T> {
    Known { parse: |text| text.parse().map_err(|e: T::Err| e.to_string()), values }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Known<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, clap::Error> {
        let parse = self.parse;
        StringValueParser::new().try_map(move |text| parse(&text)).parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.values)().into_iter().map(PossibleValue::new)))
    }
}

pub(crate) fn levels() -> Vec<&'static str> {
    Level::ALL.map(Level::as_str).to_vec()
}

pub(crate) fn bars() -> Vec<&'static str> {
    FailOn::NAMES.to_vec()
}

pub(crate) fn formats() -> Vec<&'static str> {
    FormatArg::names()
}

pub(crate) fn models() -> Vec<&'static str> {
    ModelName::ALL.map(ModelName::as_str).to_vec()
}

/// Ids of rules, and of topics that can be explained.
pub(crate) fn rules() -> Vec<&'static str> {
    rules::all().into_iter().map(|rule| rule.id).chain(rules::topics()).collect()
}

/// What can be explained: these, and `exception`.
pub(crate) fn explained() -> Vec<&'static str> {
    rules().into_iter().chain([crate::explain::EXCEPTION]).collect()
}

/// Ids of rules, and their tags.
pub(crate) fn selections() -> Vec<&'static str> {
    findings().into_iter().chain(rules::tags()).collect()
}

/// Ids of rules alone.
pub(crate) fn findings() -> Vec<&'static str> {
    rules::all().into_iter().map(|rule| rule.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_taken() {
        assert!(
            bars().iter().all(|bar| bar.parse::<FailOn>().is_ok_and(|parsed| parsed.to_string() == **bar))
        );
        assert!(levels().iter().all(|level| level.parse::<seawall_check::LevelVersion>().is_ok()));
        assert!(formats().iter().all(|format| format.parse::<FormatArg>().is_ok()));
        assert!(rules().iter().all(|rule| !seawall_check::rules::explain(rule).is_empty()));
    }
}
