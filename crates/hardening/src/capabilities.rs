//! Capabilities as container runtimes take them.

use seawall_yaml::NodeRef;

use crate::view::Container;

/// A capability without `CAP_` in front.
pub(crate) fn bare(name: &str) -> &str {
    match name.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("CAP_") => &name[4..],
        _ => name,
    }
}

/// Whether two names, in whatever case and with or without `CAP_`, mean one capability.
pub(crate) fn is(name: &str, capability: &str) -> bool {
    bare(name).eq_ignore_ascii_case(capability)
}

/// A container's `capabilities.add` or `capabilities.drop`; empty for what is no text.
pub(crate) fn list<'d>(container: &Container<'d>, field: &str) -> impl Iterator<Item = &'d str> + Clone {
    let capabilities = container.security_context.as_ref().and_then(|context| context.capabilities);
    let list = capabilities.and_then(|capabilities| capabilities.get(field));
    list.into_iter().flat_map(NodeRef::items).map(|name| name.as_str().unwrap_or_default())
}
