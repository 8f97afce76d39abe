//! Every codec of the protocol as properties: what is written reads back, whatever it is; what is read may be
//! anything, and nothing of it panics.

mod calls;
mod events;
mod frames;
mod json;
mod roles;
mod tokens;
mod values;
