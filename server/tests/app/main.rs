//! Stories over the whole server, at its port: people with cookies and sockets, and strangers who try what is
//! not theirs. Everything is the program's own: hub, store, webhooks.

mod attacks;
mod house;
mod membership;
mod messages;
mod presence;
mod surroundings;
