//! That these signals mean what Leptos' own mean. Refuses to test Leptos.

use super::*;
use leptos::prelude::Owner;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Within an owner that goes with the test.
fn owned(test: impl FnOnce()) {
    let owner = Owner::new();
    owner.with(test);
    owner.cleanup();
}

/// A memo with the number of its runs.
fn counting<T: PartialEq + Send + Sync + 'static>(
    read: impl Fn() -> T + Send + Sync + 'static,
) -> (Memo<T>, Arc<AtomicU32>) {
    let runs = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&runs);
    let memo = Memo::new(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        read()
    });
    (memo, runs)
}

#[test]
fn what_is_written_is_read() {
    owned(|| {
        let signal = RwSignal::new(String::from("a"));
        signal.update(|text| text.push('b'));
        assert_eq!(signal.get_untracked(), "ab");
        signal.set("c".to_owned());
        assert_eq!(signal.try_update(|text| text.len()), Some(1));
        assert!(signal.with_untracked(|text| text == "c"));
        let counted = ArcRwSignal::<Vec<u8>>::default();
        counted.clone().update(|bytes| bytes.push(1));
        assert_eq!(counted.get_untracked(), [1]);
    });
}

#[test]
fn a_memo_runs_when_what_it_read_changes_and_tells_only_what_differs() {
    owned(|| {
        let number = RwSignal::new(1);
        let odd = Memo::new(move |_| number.get() % 2 == 1);
        let (word, runs) = counting(move || if odd.get() { "odd" } else { "even" });
        assert_eq!(word.get_untracked(), "odd");
        number.set(3);
        assert_eq!(word.get_untracked(), "odd");
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        number.set(4);
        assert_eq!(word.get_untracked(), "even");
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn a_memo_knows_the_value_of_before() {
    owned(|| {
        let number = RwSignal::new(2);
        let most = Memo::new(move |before: Option<&u32>| {
            number.get().max(before.copied().unwrap_or_default())
        });
        assert_eq!(most.get_untracked(), 2);
        number.set(1);
        assert_eq!(most.get_untracked(), 2);
    });
}

#[test]
fn what_is_read_or_changed_untracked_moves_nobody() {
    owned(|| {
        let number = ArcRwSignal::new(1);
        let held = number.clone();
        let (double, runs) = counting(move || 2 * held.get());
        assert_eq!(double.get_untracked(), 2);
        assert_eq!(number.try_update_untracked(|n| *n = 5), Some(()));
        assert_eq!(double.get_untracked(), 2);
        number.notify();
        assert_eq!(double.get_untracked(), 10);
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn values_go_with_their_owner_and_writing_them_is_nothing() {
    let owner = Owner::new();
    let (signal, stored) = owner.with(|| (RwSignal::new(1), StoredValue::new(1)));
    owner.cleanup();
    signal.set(2);
    stored.set_value(2);
    assert_eq!(signal.try_get_untracked(), None);
    assert_eq!(signal.try_update(|n| *n), None);
    assert_eq!(stored.try_with_value(|n| *n), None);
    assert_eq!(stored.try_update_value(|n| *n), None);
}

#[test]
fn others_may_be_written_while_one_is_read() {
    owned(|| {
        let (one, other) = (RwSignal::new(1), RwSignal::new(0));
        let stored = StoredValue::new(0);
        one.with_untracked(|n| other.set(n + 1));
        other.update(|n| stored.set_value(*n + one.get_untracked()));
        assert_eq!(stored.get_value(), 3);
    });
}

#[test]
fn what_is_dropped_by_a_write_may_read_what_was_written() {
    struct Reader(RwSignal<Option<Reader>>);
    impl Drop for Reader {
        fn drop(&mut self) {
            assert_eq!(self.0.try_with_untracked(Option::is_none), Some(true));
        }
    }
    owned(|| {
        let signal = RwSignal::new(None);
        signal.set(Some(Reader(signal)));
        signal.set(None);
    });
}

#[test]
fn a_derived_signal_follows_what_it_reads() {
    owned(|| {
        let number = RwSignal::new(1);
        let next = Signal::derive(move || number.get() + 1);
        let (seen, _) = counting(move || next.get());
        assert_eq!(seen.get_untracked(), 2);
        number.set(2);
        assert_eq!((seen.get_untracked(), next.get_untracked()), (3, 3));
        assert!(!Signal::<bool>::default().get_untracked());
        assert_eq!(Signal::from(number).get_untracked(), 2);
    });
}

#[test]
fn a_callback_may_call_another() {
    owned(|| {
        let heard = StoredValue::new(0);
        let inner = Callback::new(move |n: i32| heard.update_value(|sum| *sum += n));
        let outer = Callback::from(move |n: i32| {
            inner.run(n);
            inner.run(n);
        });
        outer.run(2);
        assert_eq!(heard.get_value(), 4);
    });
}

#[test]
fn the_nearest_value_of_a_type_is_found() {
    owned(|| {
        provide_context(1_u32);
        provide_context("outer");
        Owner::new().with(|| {
            provide_context("inner");
            assert_eq!(expect_context::<&str>(), "inner");
            assert_eq!(expect_context::<u32>(), 1);
        });
        assert_eq!(expect_context::<&str>(), "outer");
        provide_context(2_u32);
        assert_eq!(expect_context::<u32>(), 2);
    });
}
