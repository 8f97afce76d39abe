//! Every store against one contract, and beside it what only one of them promises. A new store is one more
//! `Place` and one more line here.

mod contract;
mod hall;
mod sqlite;

/// The default: a file of our own.
mod embedded {
    crate::contract::contract!(crate::sqlite::Folder);
}
