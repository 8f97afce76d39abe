//! Everything that is kept, from a store to a file and from a file to a store. Owns the order of the steps that
//! make the copy certain: a file is checked to its end before anything is stored, and what was stored is read back
//! and must come to the same digests. Refuses to know engines.

use crate::chat::newcomer;
use crate::config::{Config, DataDir, Unusable};
use crate::store::archive::{Archive, ArchiveError, Reader, Summary, Unsound, Writer};
use crate::store::{OpenError, Sqlite, StoreError, Tables};
use crate::transport::{NoTls, https};
use crate::{SQLITE, StartError, account, identity};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::spawn_blocking;

/// Entries between the store and the file.
const AHEAD: usize = 256;

/// Bytes that are written to, or read from, the file at once.
const BUFFER: usize = 256 * 1024;

/// The store that the settings name, and nobody else's meanwhile.
pub struct Place {
    pub archive: Arc<dyn Archive>,
    _data_dir: Option<DataDir>,
}

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum NotMoved {
    #[error(transparent)]
    DataDir(#[from] Unusable),
    #[error("there is nothing to export: {path} does not exist", path = path.display())]
    NoStore { path: PathBuf },
    #[error("CHATR_DATA_DIR: {path}: {why}", path = path.display())]
    Sqlite { path: PathBuf, why: OpenError },
    #[error("{endpoint}: {why}")]
    Tables { endpoint: String, why: StoreError },
    #[error(transparent)]
    Network(#[from] NoTls),
    #[error(transparent)]
    Identity(#[from] Box<StartError>),
    #[error("{path} is there already: name a new file", path = path.display())]
    Exists { path: PathBuf },
    #[error("{path}: {why}", path = path.display())]
    File { path: PathBuf, why: io::Error },
    #[error("{path}: {why}. Nothing was stored", path = path.display())]
    Unsound { path: PathBuf, why: Unsound },
    #[error("{path} was changed while it was read: {why}", path = path.display())]
    Changed { path: PathBuf, why: Unsound },
    #[error(transparent)]
    Store(#[from] ArchiveError),
    #[error(
        "what was stored reads back differently, so do not use it.\nThe file:\n{file}\nThe store:\n{store}"
    )]
    Different {
        file: Box<Summary>,
        store: Box<Summary>,
    },
}

/// Opens what the settings name. A store that is to be read must be there.
pub async fn open(config: &Config, may_create: bool) -> Result<Place, NotMoved> {
    if let Some(storage) = &config.storage {
        let account = account(storage, identity(config).map_err(Box::new)?.as_ref());
        let tables = Tables::reach(&account, https()?).await;
        let tables = tables.map_err(|why| NotMoved::Tables {
            endpoint: account.endpoint,
            why,
        })?;
        return Ok(Place {
            archive: Arc::new(tables),
            _data_dir: None,
        });
    }
    let path = config.data_dir.join(SQLITE);
    if !may_create && !path.exists() {
        return Err(NotMoved::NoStore { path });
    }
    let data_dir = DataDir::open(config)?;
    let store = Sqlite::open(&path).map_err(|why| NotMoved::Sqlite { path, why })?;
    Ok(Place {
        archive: Arc::new(store),
        _data_dir: Some(data_dir),
    })
}

/// Writes a file that is there when it is complete, and not before.
pub async fn export(store: &dyn Archive, path: &Path) -> Result<Summary, NotMoved> {
    let failed = |why| NotMoved::File {
        path: path.to_owned(),
        why,
    };
    if path.exists() {
        return Err(NotMoved::Exists {
            path: path.to_owned(),
        });
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let file = private(&draft).map_err(failed)?;
    let (buffer, summary) = read_out(store, BufWriter::with_capacity(BUFFER, file))
        .await
        .map_err(|why| why.of(path))?;
    let file = buffer
        .into_inner()
        .map_err(|why| failed(why.into_error()))?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&draft, path).map_err(failed)?;
    Ok(summary)
}

/// Stores a file, all of it or nothing.
pub async fn import(store: Arc<dyn Archive>, path: &Path) -> Result<Summary, NotMoved> {
    let file = {
        let path = path.to_owned();
        spawn_blocking(move || check(&path)).await
    };
    let file = file.expect("a check does not panic")?;

    let (feed, entries) = channel(AHEAD);
    let feeding = {
        let path = path.to_owned();
        spawn_blocking(move || -> Result<(), Unsound> {
            let mut reader = Reader::new(reader(&path)?)?;
            while let Some(entry) = reader.next_entry()? {
                if feed.blocking_send(Some(entry)).is_err() {
                    // The store has stopped, and says why.
                    return Ok(());
                }
            }
            let _ = feed.blocking_send(None);
            Ok(())
        })
    };
    let stored = store.import(file.sha256.clone(), entries, newcomer).await;
    feeding
        .await
        .expect("reading does not panic")
        .map_err(|why| NotMoved::Changed {
            path: path.to_owned(),
            why,
        })?;
    stored?;

    let (_, found) = read_out(&*store, io::sink())
        .await
        .map_err(|why| why.of(path))?;
    if found != file {
        return Err(NotMoved::Different {
            file: Box::new(file),
            store: Box::new(found),
        });
    }
    store.release().await?;
    Ok(file)
}

/// Reads a file to its end.
fn check(path: &Path) -> Result<Summary, NotMoved> {
    let read = || -> Result<Summary, Unsound> {
        let mut reader = Reader::new(reader(path)?)?;
        while reader.next_entry()?.is_some() {}
        Ok(reader.summary().expect("it was read to its end"))
    };
    read().map_err(|why| NotMoved::Unsound {
        path: path.to_owned(),
        why,
    })
}

enum Broken {
    Store(ArchiveError),
    File(io::Error),
}

impl Broken {
    fn of(self, path: &Path) -> NotMoved {
        match self {
            Broken::Store(why) => why.into(),
            Broken::File(why) => NotMoved::File {
                path: path.to_owned(),
                why,
            },
        }
    }
}

/// Everything that the store keeps, written as a file.
async fn read_out<W: Write + Send + 'static>(
    store: &dyn Archive,
    out: W,
) -> Result<(W, Summary), Broken> {
    let (to, entries) = channel(AHEAD);
    let writing = spawn_blocking(move || written(out, entries));
    let exported = store.export(to).await;
    let written = writing.await.expect("writing does not panic");
    match (exported, written) {
        // The store stopped because nobody took what it sent.
        (Ok(()) | Err(ArchiveError::Interrupted), Err(why)) => Err(Broken::File(why)),
        (Err(why), _) => Err(Broken::Store(why)),
        // Only now is it known that nothing is missing.
        (Ok(()), Ok(writer)) => writer.finish().map_err(Broken::File),
    }
}

fn written<W: Write>(
    out: W,
    mut entries: Receiver<crate::store::archive::Entry>,
) -> io::Result<Writer<W>> {
    let mut writer = Writer::new(out)?;
    while let Some(entry) = entries.blocking_recv() {
        writer.write(entry)?;
    }
    Ok(writer)
}

fn reader(path: &Path) -> io::Result<BufReader<File>> {
    Ok(BufReader::with_capacity(BUFFER, File::open(path)?))
}

/// What people said is in it: readable by its owner only.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
