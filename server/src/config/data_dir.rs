//! The folder where everything is kept: created, locked against a second Chatr, and home of the keys that
//! nobody set. Refuses to know what else lies in it.

use super::{Config, Secret};
use axum_extra::extract::cookie::Key;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Our folder, for as long as this value lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    keys: Keys,
    /// The operating system lets go of it when the process ends, however it ends.
    _lock: File,
}

/// What cookies are encrypted and the embedded hub's tokens are signed with.
#[derive(Clone, Debug)]
pub struct Keys {
    pub session: Secret,
    pub hub: Secret,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("another Chatr uses {path}; stop it, or set CHATR_DATA_DIR to another folder")]
    InUse { path: PathBuf },
    #[error("{path} does not hold a key of {least} bytes or more; remove it to get a new one")]
    ShortKey { path: PathBuf, least: usize },
    #[error("{path} cannot be used: {source}")]
    Failed { path: PathBuf, source: io::Error },
}

impl DataDir {
    /// Creates what is missing. A key that is set is used and not written down.
    pub fn open(config: &Config) -> Result<Self, Unusable> {
        let path = config.data_dir.clone();
        create(&path).map_err(|source| failed(&path, source))?;
        let lock = lock(&path)?;
        let key = |set: &Option<Secret>, file: &str, least: usize| match set {
            Some(key) => Ok(key.clone()),
            None => kept_key(&path.join(file), least),
        };
        let keys = Keys {
            session: key(&config.session_key, "session.key", 64)?,
            hub: key(&config.hub_key, "hub.key", 32)?,
        };
        Ok(DataDir {
            path,
            keys,
            _lock: lock,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn keys(&self) -> &Keys {
        &self.keys
    }
}

/// What is said in private is nobody else's on a shared machine: a folder that we make is its owner's only. One that
/// is there already stays as its owner wanted it.
fn create(path: &Path) -> io::Result<()> {
    let mut folder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(path)
}

fn failed(path: &Path, source: io::Error) -> Unusable {
    Unusable::Failed {
        path: path.to_owned(),
        source,
    }
}

fn lock(folder: &Path) -> Result<File, Unusable> {
    let path = folder.join("lock");
    let file = private(OpenOptions::new().write(true).create(true).truncate(false))
        .open(&path)
        .map_err(|source| failed(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Unusable::InUse {
            path: folder.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(&path, source)),
    }
}

/// The key in the file; a new one of 64 random bytes, in hexadecimal, if there is no file.
fn kept_key(path: &Path, least: usize) -> Result<Secret, Unusable> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().len() >= least => Ok(Secret::new(text.trim())),
        Ok(_) => Err(Unusable::ShortKey {
            path: path.to_owned(),
            least,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = Key::generate();
            let text: String = key.master().iter().map(|b| format!("{b:02x}")).collect();
            write_key(path, &text).map_err(|source| failed(path, source))?;
            Ok(Secret::new(text))
        }
        Err(source) => Err(failed(path, source)),
    }
}

/// Under another name first: a crash leaves no half of a key.
fn write_key(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file =
        private(OpenOptions::new().write(true).create(true).truncate(true)).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, path)
}

/// Readable by its owner only, where the system knows owners.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use clap::Parser;

    /// A folder that does not exist yet, and is gone after the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Folder {
            let name = format!("chatr-data-{}", app::chat::UserId::random());
            Folder(std::env::temp_dir().join(name))
        }

        fn open(&self, options: &[&str]) -> Result<DataDir, Unusable> {
            let folder = format!("--data-dir={}/of/chatr", self.0.display());
            let options = [&["chatr", &folder], options].concat();
            DataDir::open(&Settings::parse_from(options).check().unwrap())
        }

        fn file(&self, name: &str) -> PathBuf {
            self.0.join("of/chatr").join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let folder = Folder::new();
        let first = folder.open(&[]).unwrap();
        let second = folder.open(&[]).unwrap_err();
        assert!(second.to_string().contains("another Chatr"), "{second}");
        drop(first);
        assert!(folder.open(&[]).is_ok());
    }

    #[test]
    fn keys_are_made_once_and_are_their_owners_only() {
        let folder = Folder::new();
        let made = folder.open(&[]).unwrap().keys().clone();
        assert_ne!(made.session, made.hub);
        let kept = folder.open(&[]).unwrap().keys().clone();
        assert_eq!((made.session, made.hub), (kept.session, kept.hub));
        #[cfg(unix)]
        for name in ["session.key", "hub.key"] {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.file(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_was_made_is_its_owners_only_and_one_that_was_there_stays_as_it_is() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new();
        let path = folder.file("");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        drop(folder.open(&[]).unwrap());
        assert_eq!(mode(), 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        drop(folder.open(&[]).unwrap());
        assert_eq!(mode(), 0o750);
    }

    #[test]
    fn a_key_that_is_set_is_not_written_down() {
        let folder = Folder::new();
        let key = "k".repeat(64);
        let opened = folder.open(&["--session-key", &key]).unwrap();
        assert_eq!(opened.keys().session.reveal(), key);
        assert!(!folder.file("session.key").exists());
    }

    #[test]
    fn a_file_that_holds_no_key_is_named() {
        let folder = Folder::new();
        drop(folder.open(&[]).unwrap());
        fs::write(folder.file("hub.key"), "short").unwrap();
        let why = folder.open(&[]).unwrap_err().to_string();
        assert!(why.contains("hub.key"), "{why}");
    }
}
