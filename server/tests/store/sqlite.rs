//! The embedded store: where it passes the contract, and what it promises beyond that. Knows its file, and
//! refuses to know its tables, but where it breaks them.

mod damage;
mod group_commit;
mod power_cut;

use crate::hall::Place;
use app::chat::UserId;
use server::store::{Sqlite, Store};
use std::path::PathBuf;
use std::sync::Arc;

/// A folder of its own for one file, gone when it is dropped.
pub struct Folder(PathBuf);

impl Place for Folder {
    async fn new() -> Self {
        Folder::empty()
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(Sqlite::open(&self.file()).expect("a store"))
    }
}

impl Folder {
    pub fn empty() -> Self {
        let path = std::env::temp_dir().join(format!("chatr-store-{}", UserId::random()));
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    pub fn file(&self) -> PathBuf {
        self.0.join("chatr.sqlite")
    }

    /// Where SQLite writes first: each commit is some frames at its end.
    pub fn log(&self) -> PathBuf {
        self.0.join("chatr.sqlite-wal")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
