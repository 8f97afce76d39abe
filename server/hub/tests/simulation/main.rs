//! The hub and several links in one thread, on a clock of their own, over a network that loses, delays, tears and
//! stalls. Everything follows from one seed: a run that fails can be had again.
//!
//! `SIMULATE_SEED` is the first seed and `SIMULATE_SEEDS` how many there are; `make simulate` sets them.

mod application;
mod chance;
mod ledger;
mod life;
mod pipe;
mod reckoning;
mod socket;
mod story;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Seeds of the short run that every test run has.
const FEW: u64 = 300;

fn setting(name: &str) -> Option<u64> {
    let given = std::env::var(name).ok().filter(|text| !text.is_empty());
    given.map(|text| text.parse().expect("a number"))
}

#[test]
fn whatever_happens_to_them_hub_and_clients_agree_in_the_end() {
    let first = setting("SIMULATE_SEED").unwrap_or(1);
    let count = setting("SIMULATE_SEEDS").unwrap_or(FEW);
    let (next, failed) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let steps = AtomicU64::new(0);
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || failed.load(Ordering::Relaxed) != u64::MAX {
                        return;
                    }
                    let life = life::live(first + number, false);
                    steps.fetch_add(life.steps, Ordering::Relaxed);
                    if life.end.is_err() {
                        failed.fetch_min(first + number, Ordering::Relaxed);
                    }
                    if (number + 1).is_multiple_of(10_000) {
                        let rate = (number + 1) as f64 / began.elapsed().as_secs_f64();
                        println!("simulate: {} seeds, {rate:.0} a second", number + 1);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    if failed != u64::MAX || count == 1 {
        let seed = if count == 1 { first } else { failed };
        let life = life::live(seed, true);
        if let Err(broken) = life.end {
            panic!("seed {seed}: {broken}; again with: make simulate SEED={seed}");
        }
    }
    let took = began.elapsed().as_secs_f64();
    let (rate, steps) = (count as f64 / took, steps.into_inner());
    println!(
        "simulate: {count} seeds from {first}, {steps} things happened, {took:.1} s, {rate:.0} seeds a second"
    );
}

#[test]
fn the_same_seed_is_the_same_story() {
    for seed in 1..=10 {
        let (one, other) = (life::live(seed, false), life::live(seed, false));
        assert_eq!(
            (one.steps, one.digest),
            (other.steps, other.digest),
            "seed {seed}"
        );
    }
}
