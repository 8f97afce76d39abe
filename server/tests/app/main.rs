//! Stories over the whole server, at its port: people with cookies and sockets, and strangers who try what is
//! not theirs. Everything is the program's own: hub, store, webhooks.

mod attacks;
mod crash;
mod house;
mod inputs;
mod membership;
mod messages;
mod mirror;
mod permissions;
mod presence;
mod program;
mod requests;
mod surroundings;
