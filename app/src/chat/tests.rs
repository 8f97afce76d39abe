//! The vocabulary as properties: everything that is said reads back as it was said, what is no word of ours is
//! refused without a panic, and lists that hear something twice have heard it once.

mod lists;
mod values;
mod wire;
