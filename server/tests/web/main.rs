//! The site at its door: what browsers, programs and strangers get for what they send.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod device;
mod files;
mod guests;
mod issuer;
mod pages;
mod passkeys;
mod platforms;
mod providers;
mod strangers;
mod thieves;
mod village;
