//! Piecewise constant functions over an ordered key: the one data structure under every set.

use std::fmt::Debug;
use std::sync::Arc;

/// A totally ordered key with a least element. No successor is needed: a function is described by the keys *from*
/// which on its value is another one.
pub trait Key: Ord + Clone + Debug {
    /// The least key there is.
    fn least() -> Self;
}

/// What a function may have as its value; the default is the value of every key before the first cut.
pub trait Value: Clone + Eq + Default {}
impl<T: Clone + Eq + Default> Value for T {}

/// A function from `K` to `V` that changes its value at finitely many cuts.
///
/// ```text
///          cut 3 → a      cut 7 → default   cut 9 → b
///  ---------|===============|----------------|==============> to the greatest key
///  default      a               default           b
/// ```
// INVARIANT: there is a cut or `None`, keys strictly increase, neighbouring values differ, and the first value is not the default. So two
// equal functions have equal cuts, and `==` is equality of functions.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
// The default function is `None`, so that the many dimensions that a rule leaves empty cost nothing to copy.
pub struct Steps<K, V>(Option<Arc<[(K, V)]>>);

impl<K, V> Clone for Steps<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> Default for Steps<K, V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Key, V: Value> Steps<K, V> {
    /// The function that has one value everywhere.
    pub fn constant(value: V) -> Self {
        Self::span(K::least(), None, value)
    }

    /// `value` from `from` on, up to but not including `until` (to the greatest key when `None`).
    pub fn span(from: K, until: Option<K>, value: V) -> Self {
        if value == V::default() {
            return Self::default();
        }
        match until {
            Some(until) => Self(Some(Arc::new([(from, value), (until, V::default())]))),
            None => Self(Some(Arc::new([(from, value)]))),
        }
    }

    /// The function with these cuts, which must come with strictly increasing keys.
    pub fn from_cuts(cuts: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut steps = Builder::default();
        for (key, value) in cuts {
            steps.cut(key, value);
        }
        steps.finish()
    }

    /// The same, of cuts that each change the value, the first of them to another than the default.
    pub(super) fn of_distinct(cuts: Vec<(K, V)>) -> Self {
        Builder { cuts }.finish()
    }

    /// Reports whether this is the default everywhere.
    pub fn is_default(&self) -> bool {
        self.0.is_none()
    }

    /// The value at one key.
    pub fn at(&self, key: &K) -> V {
        let after = self.cuts().partition_point(|(cut, _)| cut <= key);
        let cut = after.checked_sub(1).and_then(|index| self.cuts().get(index));
        cut.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// The cuts, in order of their keys.
    pub fn cuts(&self) -> &[(K, V)] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The stretches on which the value is not the default: first key, the key after the last one (`None` at the
    /// end of the axis), value.
    pub fn segments(&self) -> impl Iterator<Item = (&K, Option<&K>, &V)> {
        let default = V::default();
        let cuts = self.cuts();
        cuts.iter()
            .enumerate()
            .map(|(index, (key, value))| {
                let next = index.checked_add(1).and_then(|next| cuts.get(next));
                (key, next.map(|(key, _)| key), value)
            })
            .filter(move |(_, _, value)| **value != default)
    }

    /// The function whose value is `f` of this one's value at every key.
    pub fn map<W: Value>(&self, mut f: impl FnMut(&V) -> W) -> Steps<K, W> {
        let mut steps = Builder::default();
        if self.cuts().first().is_none_or(|(key, _)| *key != K::least()) {
            steps.cut(K::least(), f(&V::default()));
        }
        for (key, value) in self.cuts() {
            steps.cut(key.clone(), f(value));
        }
        steps.finish()
    }

    /// The function whose value is `combine` of both values at every key. One sweep over the cuts of both.
    pub fn zip<W: Value, X: Value>(
        &self,
        other: &Steps<K, W>,
        mut combine: impl FnMut(&V, &W) -> X,
    ) -> Steps<K, X> {
        let mut steps = Builder::default();
        let (no_v, no_w) = (V::default(), W::default());
        let (mut left, mut right) = (self.cuts().iter().peekable(), other.cuts().iter().peekable());
        let (mut v, mut w) = (&no_v, &no_w);
        let least = K::least();
        let starts_at_least = |first: Option<&K>| first.is_some_and(|key| *key == least);
        if !starts_at_least(left.peek().map(|(key, _)| key))
            && !starts_at_least(right.peek().map(|(key, _)| key))
        {
            steps.cut(least.clone(), combine(v, w));
        }
        loop {
            let key = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some((key, _)), None) | (None, Some((key, _))) => key,
                (Some((a, _)), Some((b, _))) => a.min(b),
            };
            if let Some((_, value)) = left.next_if(|(cut, _)| cut == key) {
                v = value;
            }
            if let Some((_, value)) = right.next_if(|(cut, _)| cut == key) {
                w = value;
            }
            steps.cut(key.clone(), combine(v, w));
        }
        steps.finish()
    }

    /// The function whose value is `combine` of both values where the other is not its default, and the default
    /// elsewhere. Only the cuts inside those stretches are looked at, so a small operand makes a short answer.
    pub(super) fn within<W: Value, X: Value>(
        &self,
        other: &Steps<K, W>,
        mut combine: impl FnMut(&V, &W) -> X,
    ) -> Steps<K, X> {
        let no_v = V::default();
        let mut cuts: Vec<(K, X)> = Vec::new();
        for (from, until, w) in other.segments() {
            // The stretch before may end right here, where this one goes on.
            cuts.pop_if(|(end, _)| end == from);
            let inside = self.cuts().partition_point(|(cut, _)| cut <= from);
            let before = inside.checked_sub(1).and_then(|index| self.cuts().get(index));
            cuts.push((from.clone(), combine(before.map_or(&no_v, |(_, value)| value), w)));
            let later = self.cuts().get(inside..).unwrap_or_default();
            let later = later.iter().take_while(|(key, _)| until.is_none_or(|until| key < until));
            cuts.extend(later.map(|(key, value)| (key.clone(), combine(value, w))));
            cuts.extend(until.map(|until| (until.clone(), X::default())));
        }
        Steps::from_cuts(cuts)
    }

    /// How many cuts lie where the other function is not its default.
    pub(super) fn cuts_within<W: Value>(&self, other: &Steps<K, W>) -> usize {
        let before = |key: &K| self.cuts().partition_point(|(cut, _)| cut < key);
        let count = |(from, until, _): (&K, Option<&K>, &W)| {
            until.map_or(self.cuts().len(), before).saturating_sub(before(from)).saturating_add(1)
        };
        other.segments().map(count).fold(0, usize::saturating_add)
    }

    /// A number that two living functions share only when they are equal; it lets an operation remember what it has
    /// already computed for a pair. The default function is 0 wherever it lies, for it may be a passing value.
    pub(super) fn identity(&self) -> usize {
        self.0.as_ref().map_or(0, |cuts| cuts.as_ptr().addr())
    }
}

/// Collects cuts in order, dropping those that change nothing.
struct Builder<K, V> {
    cuts: Vec<(K, V)>,
}

impl<K, V> Default for Builder<K, V> {
    fn default() -> Self {
        Self { cuts: Vec::new() }
    }
}

impl<K: Key, V: Value> Builder<K, V> {
    fn cut(&mut self, key: K, value: V) {
        let unchanged = match self.cuts.last() {
            Some((_, last)) => *last == value,
            None => value == V::default(),
        };
        if !unchanged {
            self.cuts.push((key, value));
        }
    }

    fn finish(self) -> Steps<K, V> {
        if self.cuts.is_empty() { Steps::default() } else { Steps(Some(Arc::from(self.cuts))) }
    }
}
