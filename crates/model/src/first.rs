//! Which items of a list a value tells apart.

/// For each of some values, whether no earlier one equals it.
pub fn first_of_equals<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<bool> {
    // Sorted, not hashed: the values may be many, and a table of them takes twice as much and as much again while it grows.
    let mut sorted: Vec<(T, u32)> = values.into_iter().zip(0..).collect();
    sorted.sort_unstable();
    let mut first = vec![true; sorted.len()];
    for pair in sorted.windows(2) {
        if let [(earlier, _), (value, position)] = pair
            && earlier == value
            && let Some(first) = first.get_mut(*position as usize)
        {
            *first = false;
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_stands_out() {
        assert_eq!(first_of_equals(["b", "a", "b", "c", "a", "b"]), [true, true, false, true, false, false]);
        assert_eq!(first_of_equals([0; 0]), []);
    }
}
