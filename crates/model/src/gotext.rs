//! Text as Go writes it: `%q`, joined quoted lists, plurals.

/// TEMP
pub fn quote(text: &str) -> String {
    format!("{text:?}")
}

/// Every item in double quotes without escapes, joined by `, `.
pub fn quoted_list<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let quoted: Vec<String> = items.into_iter().map(|item| format!("\"{}\"", item.as_ref())).collect();
    quoted.join(", ")
}

/// `one` if the count is one, else `many`.
pub fn plural<'a>(one: &'a str, many: &'a str, count: usize) -> &'a str {
    if count == 1 { one } else { many }
}
