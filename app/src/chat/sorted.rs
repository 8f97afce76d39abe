//! Lists in order. As a map, such a list is a fraction of the code of one that hashes, and as quick for as many
//! entries as one person's page has. Refuses to know what stands in it.

/// A map as a list in the order of its keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorted<K, V>(Vec<(K, V)>);

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Sorted(Vec::new())
    }
}

impl<K: Ord, V> Sorted<K, V> {
    pub fn new() -> Self {
        Sorted::default()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        let place = self.place(key).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    pub fn contains(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    /// Gives back the value that stood there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, value)),
            Err(place) => {
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    /// The value that stands there, or else the one that is made now.
    pub fn get_or_insert(&mut self, key: K, make: impl FnOnce() -> V) -> &V {
        let place = self.place(&key).unwrap_or_else(|place| {
            self.0.insert(place, (key, make()));
            place
        });
        &self.0[place].1
    }

    pub fn first(&self) -> Option<&K> {
        self.0.first().map(|(key, _)| key)
    }

    pub fn remove(&mut self, key: &K) {
        if let Ok(place) = self.place(key) {
            self.0.remove(place);
        }
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn place(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(key))
    }
}

impl<K, V> IntoIterator for Sorted<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Puts rows into the order of their names; of those with the same name, the first stays the first.
pub fn sort_by_name<T>(rows: &mut Vec<T>, name: impl Fn(&T) -> String) {
    let order = order_of(&rows.iter().map(name).collect::<Vec<_>>());
    let mut found: Vec<Option<T>> = std::mem::take(rows).into_iter().map(Some).collect();
    rows.extend(order.into_iter().filter_map(|at| found[at].take()));
}

/// Where the names stand, in their order. One name after the other is put into place, which is quick for lists that
/// come nearly in order, and little code.
fn order_of(names: &[String]) -> Vec<usize> {
    let mut order = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let place = order.partition_point(|other: &usize| names[*other] <= *name);
        order.insert(place, at);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_value_is_made_only_where_there_is_none() {
        let mut sorted = Sorted::new();
        assert_eq!(sorted.get_or_insert(2, || 'b'), &'b');
        assert_eq!(sorted.get_or_insert(1, || 'a'), &'a');
        assert_eq!(
            sorted.get_or_insert(2, || unreachable!("it is there")),
            &'b'
        );
        assert_eq!(sorted.into_iter().collect::<Vec<_>>(), [(1, 'a'), (2, 'b')]);
    }

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((0u8..20, any::<u8>()), 0..60)) {
            let (mut sorted, mut map) = (Sorted::new(), BTreeMap::new());
            for (key, value) in steps {
                prop_assert_eq!(sorted.get(&key), map.get(&key));
                prop_assert_eq!(sorted.contains(&key), map.contains_key(&key));
                if value < 64 {
                    sorted.remove(&key);
                    map.remove(&key);
                } else {
                    prop_assert_eq!(sorted.insert(key, value), map.insert(key, value));
                }
                prop_assert_eq!(sorted.first(), map.keys().next());
                prop_assert_eq!(sorted.len(), map.len());
            }
            prop_assert!(sorted.keys().eq(map.keys()));
            prop_assert!(sorted.values().eq(map.values()));
        }

        #[test]
        fn rows_are_sorted_and_those_of_one_name_stay_in_their_order(rows in prop::collection::vec("[ab]{0,3}", 0..40)) {
            let mut rows: Vec<(usize, String)> = rows.into_iter().enumerate().collect();
            let mut sorted = rows.clone();
            sort_by_name(&mut sorted, |(_, name)| name.clone());
            rows.sort_by(|a, b| a.1.cmp(&b.1));
            prop_assert_eq!(sorted, rows);
        }
    }
}
