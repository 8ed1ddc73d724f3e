//! Views from nodes.

use seawall_yaml::{Kind, NodeRef, Number};
use thin_vec::ThinVec;

/// A value that is read from a node. What is null or of another type is the default.
pub trait FromNode<'d>: Default {
    /// The value at a node.
    fn from_node(node: NodeRef<'d>) -> Self;
}

impl<'d> FromNode<'d> for bool {
    fn from_node(node: NodeRef<'d>) -> Self {
        node.as_bool().unwrap_or_default()
    }
}

impl<'d> FromNode<'d> for i64 {
    fn from_node(node: NodeRef<'d>) -> Self {
        match node.as_number() {
            Some(Number::Int(value)) => value,
            _ => node.json_number().and_then(|literal| literal.parse().ok()).unwrap_or_default(),
        }
    }
}

impl<'d> FromNode<'d> for &'d str {
    fn from_node(node: NodeRef<'d>) -> Self {
        node.as_str().unwrap_or_default()
    }
}

impl<'d> FromNode<'d> for Option<bool> {
    fn from_node(node: NodeRef<'d>) -> Self {
        node.as_bool()
    }
}

impl<'d> FromNode<'d> for Option<i64> {
    fn from_node(node: NodeRef<'d>) -> Self {
        matches!(node.resolved().kind(), Kind::Int | Kind::Float).then(|| i64::from_node(node))
    }
}

impl<'d> FromNode<'d> for Option<&'d str> {
    fn from_node(node: NodeRef<'d>) -> Self {
        node.as_str()
    }
}

/// Any value but null.
impl<'d> FromNode<'d> for Option<NodeRef<'d>> {
    fn from_node(node: NodeRef<'d>) -> Self {
        (!node.is_null()).then(|| node.resolved())
    }
}

impl<'d, T: FromNode<'d>> FromNode<'d> for ThinVec<T> {
    fn from_node(node: NodeRef<'d>) -> Self {
        // A list that grows would hold its items twice.
        let mut out = Self::with_capacity(length(node));
        out.extend(node.items().map(T::from_node));
        out
    }
}

impl<'d, T: FromNode<'d>> FromNode<'d> for Vec<T> {
    fn from_node(node: NodeRef<'d>) -> Self {
        let mut out = Self::with_capacity(length(node));
        out.extend(node.items().map(T::from_node));
        out
    }
}

/// How many items a list has.
pub(super) fn length(node: NodeRef<'_>) -> usize {
    let node = node.resolved();
    if node.kind() == Kind::Sequence { node.count() } else { 0 }
}

/// The value that a dotted chain of keys leads to, unless it is null.
pub fn field<'d>(node: NodeRef<'d>, dotted: &str) -> Option<NodeRef<'d>> {
    // Keys are short: to look at each byte is faster than to search.
    let (mut node, mut start) = (node, 0);
    for (at, byte) in dotted.bytes().enumerate() {
        if byte == b'.' {
            node = node.get(&dotted[start..at])?;
            start = at + 1;
        }
    }
    node.get(&dotted[start..]).filter(|node| !node.is_null())
}

/// Amounts of resources as written, a string or a number, sorted by name.
pub type Quantities<'d> = ThinVec<(std::borrow::Cow<'d, str>, NodeRef<'d>)>;

impl<'d> FromNode<'d> for Quantities<'d> {
    fn from_node(node: NodeRef<'d>) -> Self {
        let mut out: Self =
            node.entries().filter_map(|(key, value)| Some((key.key()?, value.resolved()))).collect();
        out.sort_by(|(a, _), (b, _)| a.cmp(b));
        // Of a name given twice the last amount counts.
        out.dedup_by(|(later, amount), (name, counting)| {
            let same = later == name;
            if same {
                *counting = *amount;
            }
            same
        });
        out.retain(|(_, amount)| !amount.is_null());
        out
    }
}

/// Declares a view and how it is read: `field: Type = "jsonName"`. Of a key given twice the last value counts. A name in
/// parentheses is that of a field for the node itself.
macro_rules! view {
    ($(#[$meta:meta])* $vis:vis struct $name:ident $(($node:ident))? { $($(#[$field_meta:meta])* $field:ident: $type:ty = $json:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        $vis struct $name<'d> {
            $(/// The node; `None` where there is none.
            $vis $node: Option<seawall_yaml::NodeRef<'d>>,)?
            $($(#[$field_meta])* $vis $field: $type,)*
        }

        impl<'d> $crate::view::FromNode<'d> for $name<'d> {
            fn from_node(node: seawall_yaml::NodeRef<'d>) -> Self {
                let mut out = Self { $($node: Some(node),)? ..Self::default() };
                for (key, value) in node.entries() {
                    match key.as_str_bytes().unwrap_or_default() {
                        $(key if key == $json.as_bytes() => {
                            out.$field = $crate::view::FromNode::from_node(value);
                        })*
                        _ => {}
                    }
                }
                out
            }
        }

        impl<'d> $crate::view::FromNode<'d> for Option<$name<'d>> {
            fn from_node(node: seawall_yaml::NodeRef<'d>) -> Self {
                (node.resolved().kind() == seawall_yaml::Kind::Mapping)
                    .then(|| $crate::view::FromNode::from_node(node))
            }
        }

        impl<'d> $crate::view::FromNode<'d> for Option<Box<$name<'d>>> {
            fn from_node(node: seawall_yaml::NodeRef<'d>) -> Self {
                Option::<$name<'d>>::from_node(node).map(Box::new)
            }
        }
    };
}
pub(crate) use view;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_amount_of_a_name_counts() {
        let text = r#"{"memory": "1", "cpu": "1", "memory": "2", "cpu": null, "a": 3, "a": "4", "a": 5}"#;
        let document = seawall_yaml::read(text.as_bytes()).remove(0).document.unwrap();
        let amounts = Quantities::from_node(document.root());
        let shown: Vec<_> =
            amounts.iter().map(|(name, amount)| (name.as_ref(), amount.text().unwrap())).collect();
        assert_eq!(shown, [("a", "5"), ("memory", "2")]);
    }
}
