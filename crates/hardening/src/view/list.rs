//! Lists in blocks.

use seawall_yaml::NodeRef;

use super::node::{FromNode, length};

/// Items of a block.
const BLOCK: usize = 64;

/// A list in blocks: once freed, the memory of a very long list in one piece would be cut up by small things, and could not be
/// used for the next one.
#[derive(Clone, Debug)]
pub struct List<T> {
    /// The first block; apart, as most lists have one.
    first: Vec<T>,
    more: Vec<Vec<T>>,
}

impl<T> List<T> {
    /// How many items it has.
    pub fn len(&self) -> usize {
        self.first.len() + self.more.iter().map(Vec::len).sum::<usize>()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The item at a position.
    pub fn get(&self, index: usize) -> Option<&T> {
        match index.checked_sub(BLOCK) {
            None => self.first.get(index),
            Some(index) => self.more.get(index / BLOCK)?.get(index % BLOCK),
        }
    }

    /// Its items, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(self.more.iter().flatten())
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { first: Vec::new(), more: Vec::new() }
    }
}

impl<'d, T: FromNode<'d>> FromNode<'d> for List<T> {
    fn from_node(node: NodeRef<'d>) -> Self {
        let count = length(node);
        let mut items = node.items().map(T::from_node);
        let mut block = |before: usize| {
            let mut block = Vec::with_capacity(count.saturating_sub(before).min(BLOCK));
            block.extend(items.by_ref().take(BLOCK));
            block
        };
        let first = block(0);
        let more = (BLOCK..count).step_by(BLOCK).map(block).collect();
        Self { first, more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_the_items_of_its_node() {
        for count in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 1] {
            let numbers: Vec<i64> = (0..).take(count).collect();
            let document = seawall_yaml::read(format!("{numbers:?}").into_bytes()).remove(0).document;
            let list = List::<i64>::from_node(document.expect("it is one").root());
            assert!(list.iter().eq(&numbers), "{count}");
            assert_eq!((list.len(), list.is_empty()), (count, count == 0));
            assert!((0..=count).all(|i| list.get(i) == numbers.get(i)), "{count}");
        }
    }
}
