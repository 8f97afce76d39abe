//! Times as the viewer reads them. The server writes UTC with 24 hours, which is what hydration expects;
//! once the page is alive the browser's own zone and habits take over. Refuses to tick: nothing here changes
//! by itself but the name of today.

use crate::chat::Millis;
use crate::chat::timeline::Zone;
use crate::markup::{effect, set_interval_with_handle};
use crate::signal::{RwSignal, expect_context, on_cleanup, provide_context};
use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use leptos::wasm_bindgen::JsValue;
use std::cell::OnceCell;
use std::time::Duration;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// In context of a conversation.
#[derive(Clone, Copy)]
pub struct Clock {
    alive: RwSignal<bool>,
    today: RwSignal<i64>,
}

impl Clock {
    /// `now` by the server, for the first paint.
    pub fn provide(now: Millis) -> Clock {
        let clock = Clock {
            alive: RwSignal::new(false),
            today: RwSignal::new(Zone::UTC.day(now)),
        };
        provide_context(clock);
        effect(move || {
            clock.alive.set(true);
            clock.look();
            if let Ok(ticking) =
                set_interval_with_handle(move || clock.look(), Duration::from_secs(60))
            {
                on_cleanup(move || ticking.clear());
            }
        });
        clock
    }

    pub fn expect() -> Clock {
        expect_context()
    }

    /// `10:42`, or `10:42 AM` where people write so. Reactive, like all that follows.
    pub fn time(&self, at: Millis) -> String {
        match self.alive.get() {
            true => local_time(at),
            false => Zone::UTC.clock(at),
        }
    }

    /// Day and time in full.
    pub fn full(&self, at: Millis) -> String {
        match self.alive.get() {
            true => local_full(at),
            false => format!("{} {} UTC", date(Zone::UTC.day(at)), Zone::UTC.clock(at)),
        }
    }

    /// `Today`, `Yesterday` or the date.
    pub fn day(&self, day: i64) -> String {
        match self.today.get() - day {
            0 => "Today".to_owned(),
            1 => "Yesterday".to_owned(),
            _ if self.alive.get() => local_date(day),
            _ => date(day),
        }
    }

    fn look(&self) {
        let today = local_zone().day(now());
        if self.today.get_untracked() != today {
            self.today.set(today);
        }
    }
}

/// This page's clock. Only where a browser is: in effects and handlers.
pub fn now() -> Millis {
    Millis(Date::now() as u64)
}

/// The browser's zone.
pub fn local_zone() -> Zone {
    Zone(|at| -(js_date(at).get_timezone_offset() as i32))
}

/// `2026-11-24T10:42:00.123Z`, for machines.
pub fn iso(at: Millis) -> String {
    let (year, month, day) = civil(Zone::UTC.day(at));
    let ms = at.0 as i64 % DAY_MS;
    let (second, ms) = (ms / 1_000, ms % 1_000);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// `24 November 2026`.
fn date(day: i64) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (year, month, day) = civil(day);
    format!(
        "{day} {} {year}",
        MONTHS[(month as usize).saturating_sub(1) % 12]
    )
}

/// Year, month and day of a number of days since 1970-01-01 (Hinnant's algorithm, for days after 0000-03-01).
fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}

fn js_date(at: Millis) -> Date {
    Date::new(&JsValue::from_f64(at.0 as f64))
}

type Formatter = std::thread::LocalKey<OnceCell<Function>>;

thread_local! {
    static TIME: OnceCell<Function> = const { OnceCell::new() };
    static FULL: OnceCell<Function> = const { OnceCell::new() };
    static DATE: OnceCell<Function> = const { OnceCell::new() };
}

fn local_time(at: Millis) -> String {
    format_with(&TIME, at, &[("hour", "2-digit"), ("minute", "2-digit")])
}

fn local_full(at: Millis) -> String {
    format_with(&FULL, at, &[("dateStyle", "full"), ("timeStyle", "short")])
}

/// The day's number is already in the viewer's zone, hence UTC here.
fn local_date(day: i64) -> String {
    let options = [("dateStyle", "full"), ("timeZone", "UTC")];
    format_with(&DATE, Millis((day * DAY_MS).max(0) as u64), &options)
}

/// Building a formatter is slow, so each is built once.
fn format_with(formatter: &'static Formatter, at: Millis, options: &[(&str, &str)]) -> String {
    formatter.with(|formatter| {
        let format = formatter.get_or_init(|| {
            let chosen = Object::new();
            for (name, value) in options {
                // Setting a property of a fresh object cannot fail.
                let _ = Reflect::set(&chosen, &(*name).into(), &(*value).into());
            }
            Intl::DateTimeFormat::new(&Array::new(), &chosen).format()
        });
        format
            .call1(&JsValue::UNDEFINED, &js_date(at))
            .ok()
            .and_then(|text| text.as_string())
            .unwrap_or_else(|| Zone::UTC.clock(at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_for_machines_and_for_people() {
        let at = Millis(1_795_516_927_123);
        assert_eq!(iso(at), "2026-11-24T10:42:07.123Z");
        assert_eq!(date(Zone::UTC.day(at)), "24 November 2026");
        assert_eq!(Zone::UTC.clock(at), "10:42");
    }

    #[test]
    fn leap_days_and_the_ends_of_years_are_right() {
        assert_eq!(date(0), "1 January 1970");
        assert_eq!(date(11_016), "29 February 2000");
        assert_eq!(date(20_453), "31 December 2025");
        assert_eq!(date(20_454), "1 January 2026");
    }
}
