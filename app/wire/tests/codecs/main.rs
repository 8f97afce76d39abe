//! The codecs as doors: what is printed reads back the same, and whatever comes in, there is an answer.
#![cfg(feature = "server")]

mod frames;
mod hostile;
mod samples;
