//! The hub's heart: one clock for the pings of all connections. Each is told once in every interval, those that came at
//! different times at different ticks; none has a timer of its own. Refuses to know what a ping is.

use crate::{Hub, Inner};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Ticks in one interval.
const TICKS: u8 = 20;

/// Sessions that are looked at under one lock.
const AT_ONCE: usize = 1_024;

#[derive(Default)]
pub struct Heart {
    beats: AtomicBool,
    tick: AtomicU8,
}

impl Hub {
    /// The tick that is now, which comes again after one interval. The first call starts the heart.
    pub(crate) fn beat(&self) -> u8 {
        let heart = &self.inner.heart;
        if !heart.beats.swap(true, Ordering::Relaxed) {
            let interval = self.config().keep_alive / u32::from(TICKS);
            tokio::spawn(go_on(Arc::downgrade(&self.inner), interval));
        }
        heart.tick.load(Ordering::Relaxed)
    }

    fn tick(&self, tick: u8) {
        self.inner.heart.tick.store(tick, Ordering::Relaxed);
        for connections in self.all() {
            for from in (0..).step_by(AT_ONCE) {
                let registry = connections.lock();
                let mut some = registry.all().skip(from).take(AT_ONCE).peekable();
                if some.peek().is_none() {
                    break;
                }
                for (_, session) in some {
                    if session.beat.load(Ordering::Relaxed) == tick {
                        session.tick();
                    }
                }
            }
        }
    }
}

/// As long as there is a hub.
async fn go_on(hub: Weak<Inner>, interval: Duration) {
    let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut tick = 0;
    loop {
        ticks.tick().await;
        let Some(inner) = hub.upgrade() else { return };
        tick = (tick + 1) % TICKS;
        Hub { inner }.tick(tick);
    }
}
