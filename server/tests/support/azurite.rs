//! Azurite, Microsoft's emulator of Azure Storage, as a process of ours on a free port. Refuses to know what is
//! stored in it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Accounts of one emulator: whoever takes one is alone in it.
const ACCOUNTS: usize = 400;

/// Base64, and no secret: these accounts hold what tests write.
const KEY: &str = "Y2hhdHIgdGVzdHMgdXNlIHRoaXMga2V5";

/// Leaves when we do, however we leave: then its input ends.
const PROGRAM: &str =
    "process.stdin.resume().on('end', () => process.exit()); require(process.env.AZURITE_TABLE)";

pub struct Azurite {
    pub running: Mutex<Option<Running>>,
    pub port: u16,
    /// `None`: it forgets everything when it stops.
    pub folder: Option<PathBuf>,
    taken: AtomicUsize,
}

pub struct Running {
    pub process: Child,
    /// Kept open: it would fail to write otherwise.
    pub _output: BufReader<ChildStdout>,
}

/// Somebody's own tables.
#[derive(Clone)]
pub struct OwnAccount {
    pub name: String,
    pub key: String,
    pub endpoint: String,
    /// It runs for as long as somebody has an account in it.
    pub _azurite: Arc<Azurite>,
}

impl Azurite {
    /// An account in the emulator that all tests of this process share.
    pub fn account() -> OwnAccount {
        static SHARED: Mutex<Weak<Azurite>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let azurite = shared.upgrade().unwrap_or_else(|| Azurite::start(None));
        *shared = Arc::downgrade(&azurite);
        azurite.own_account()
    }

    pub fn own_account(self: Arc<Self>) -> OwnAccount {
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        assert!(number < ACCOUNTS, "there are no more accounts");
        let name = format!("chatr{number}");
        OwnAccount {
            endpoint: format!("http://127.0.0.1:{}/{name}", self.port),
            key: KEY.to_owned(),
            name,
            _azurite: self,
        }
    }

    pub fn start(folder: Option<PathBuf>) -> Arc<Azurite> {
        // Somebody else may take the port in between.
        for _ in 0..8 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = free.local_addr().expect("an address").port();
            drop(free);
            if let Some(running) = run(port, folder.as_deref()) {
                return Arc::new(Azurite {
                    running: Mutex::new(Some(running)),
                    port,
                    folder,
                    taken: AtomicUsize::new(0),
                });
            }
        }
        panic!(
            "Azurite does not start: try `node end2end/node_modules/azurite/dist/src/table/main.js`"
        );
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut running) = running {
            // It may have gone already.
            let _ = running.process.kill();
            let _ = running.process.wait();
        }
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Runs until it answers; `None` if it ended before.
pub fn run(port: u16, folder: Option<&Path>) -> Option<Running> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the repository");
    let program = root.join("end2end/node_modules/azurite/dist/src/table/main.js");
    assert!(
        program.exists(),
        "Azurite is not installed: run `npm ci --ignore-scripts` in end2end, or `make test`, which does"
    );
    let accounts: Vec<String> = (0..ACCOUNTS).map(|n| format!("chatr{n}:{KEY}")).collect();
    let mut command = Command::new("node");
    command
        .args([
            "-e",
            PROGRAM,
            "azurite-table",
            "--tableHost",
            "127.0.0.1",
            "--tablePort",
        ])
        .arg(port.to_string())
        .args(["--disableTelemetry", "--skipApiVersionCheck", "--silent"])
        .env("AZURITE_TABLE", program)
        .env("AZURITE_ACCOUNTS", accounts.join(";"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    match folder {
        Some(folder) => command.arg("--location").arg(folder),
        None => command.arg("--inMemoryPersistence"),
    };
    let mut process = command
        .spawn()
        .expect("Node.js 20 or newer is needed to run Azurite");
    let mut output = BufReader::new(process.stdout.take().expect("is piped"));
    let mut line = String::new();
    while output.read_line(&mut line).is_ok_and(|read| read > 0) {
        if line.contains("successfully started") {
            return Some(Running {
                process,
                _output: output,
            });
        }
        line.clear();
    }
    let _ = process.kill();
    let _ = process.wait();
    None
}
