//! The set of faults of a pod.

use std::ops::{BitAnd, BitOr, BitOrAssign};

/// A set of variants of checks: one bit for each, in the order of [`crate::CHECKS`] and there of
/// [`crate::CheckInfo::variants`]. As the answer of [`crate::evaluate`]: the variants that a pod fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Faults(u64);

impl Faults {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// `count` variants, from the bit `first` on.
    pub(crate) const fn run(first: u32, count: u32) -> Self {
        assert!(first + count < u64::BITS, "the variants of all checks have to fit");
        Self(((1 << count) - 1) << first)
    }

    /// The set of one variant.
    pub const fn variant(index: u32) -> Self {
        Self::run(index, 1)
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many variants are in it.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The first variant in it.
    pub(crate) const fn first(self) -> Option<u32> {
        if self.is_empty() { None } else { Some(self.0.trailing_zeros()) }
    }

    /// What is in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitAnd for Faults {
    type Output = Self;

    #[inline]
    fn bitand(self, other: Self) -> Self {
        self.and(other)
    }
}

impl BitOr for Faults {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl BitOrAssign for Faults {
    #[inline]
    fn bitor_assign(&mut self, other: Self) {
        *self = self.or(other);
    }
}
