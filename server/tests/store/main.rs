//! Every store against one contract, and beside it what only one of them promises. A new store is one more
//! `Place` and one more line here.

mod contract;
mod hall;
mod moving;
mod sqlite;
mod tables;

/// The default: a file of our own.
mod embedded {
    crate::contract::contract!(crate::sqlite::Folder);
}

/// Azure Tables, as Azurite understands them.
mod azure {
    crate::contract::contract!(crate::tables::Own);
}
