//! The site at its door: what browsers, programs and strangers get for what they send.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod files;
mod guests;
mod issuer;
mod pages;
mod platforms;
mod providers;
mod strangers;
mod village;
