//! Whether somebody sits at this page. `Idle` is pure: activity and time in, reports out; `watch_idle` listens
//! to the browser. Concerns this connection only: whether the person is away is the server's sum.

use crate::chat::{Command, Millis};
use crate::components::clock::now;
use crate::markup::{set_interval_with_handle, window_event_listener};
use crate::signal::{StoredValue, on_cleanup};
use leptos::ev;
use leptos::prelude::*;
use std::time::Duration;

/// A page's idleness.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    after_ms: u64,
    active: Millis,
    idle: bool,
}

impl Idle {
    pub fn new(after_seconds: u32, now: Millis) -> Idle {
        Idle {
            after_ms: u64::from(after_seconds) * 1_000,
            active: now,
            idle: false,
        }
    }

    /// Somebody did something.
    pub fn touch(&mut self, now: Millis) -> Option<Command> {
        self.active = now;
        std::mem::take(&mut self.idle).then_some(Command::UserExitIdle {})
    }

    /// Time passed.
    pub fn tick(&mut self, now: Millis) -> Option<Command> {
        if self.idle || now.0.saturating_sub(self.active.0) < self.after_ms {
            return None;
        }
        self.idle = true;
        Some(Command::UserEnterIdle {})
    }

    /// A fresh connection counts as active until it is told otherwise.
    pub fn repeat(&self) -> Option<Command> {
        self.idle.then_some(Command::UserEnterIdle {})
    }
}

/// Reports idleness of this page from here on; call in an effect. Gives what repeats the report.
pub fn watch_idle(after_seconds: u32, report: impl Fn(Command) + Clone + 'static) -> impl Fn() {
    let idle = StoredValue::new(Idle::new(after_seconds, now()));
    let tell = {
        let report = report.clone();
        move |change: fn(&mut Idle, Millis) -> Option<Command>| {
            if let Some(Some(command)) = idle.try_update_value(|idle| change(idle, now())) {
                report(command);
            }
        }
    };
    let touched = {
        let tell = tell.clone();
        move || {
            if !document().hidden() {
                tell(Idle::touch);
            }
        }
    };
    macro_rules! on {
        ($($event:expr),*) => {
            $({
                let touched = touched.clone();
                let listening = window_event_listener($event, move |_| touched());
                on_cleanup(move || listening.remove());
            })*
        };
    }
    on!(
        ev::pointermove,
        ev::pointerdown,
        ev::keydown,
        ev::touchstart,
        ev::wheel,
        ev::focus,
        ev::visibilitychange
    );
    let tick = move || tell(Idle::tick);
    if let Ok(ticking) = set_interval_with_handle(tick, Duration::from_secs(1)) {
        on_cleanup(move || ticking.clear());
    }
    move || {
        if let Some(Some(command)) = idle.try_with_value(Idle::repeat) {
            report(command);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_idle_after_its_time_and_says_so_once() {
        let mut idle = Idle::new(60, Millis(0));
        assert_eq!(idle.tick(Millis(59_999)), None);
        assert_eq!(idle.tick(Millis(60_000)), Some(Command::UserEnterIdle {}));
        assert_eq!(idle.tick(Millis(61_000)), None);
    }

    #[test]
    fn activity_ends_idleness_at_once_and_otherwise_only_counts() {
        let mut idle = Idle::new(60, Millis(0));
        assert_eq!(idle.touch(Millis(30_000)), None);
        assert_eq!(idle.tick(Millis(89_999)), None);
        assert_eq!(idle.tick(Millis(90_000)), Some(Command::UserEnterIdle {}));
        assert_eq!(idle.touch(Millis(90_001)), Some(Command::UserExitIdle {}));
        assert_eq!(idle.touch(Millis(90_002)), None);
    }

    #[test]
    fn a_fresh_connection_hears_only_of_idleness() {
        let mut idle = Idle::new(60, Millis(0));
        assert_eq!(idle.repeat(), None);
        idle.tick(Millis(60_000));
        assert_eq!(idle.repeat(), Some(Command::UserEnterIdle {}));
    }
}
