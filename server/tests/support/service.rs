//! Web PubSub as a service outside: the program of this repository, on a port of its own, with both keys and an
//! event handler over HTTP. Refuses to know who its clients are.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

pub const PRIMARY: &str = "the primary key has more than 32 characters";
pub const SECONDARY: &str = "the secondary key has more than 32 characters";

pub struct Service {
    process: Child,
    /// Kept open: it would fail to write otherwise.
    _output: BufReader<ChildStdout>,
    pub endpoint: String,
}

impl Service {
    /// Sends every event of the hub `chat` to the server at `host`.
    pub fn telling(host: &str) -> Service {
        let handler = format!(
            "hub=chat url=http://{host}/api/eventHandler system-events=connect,connected,disconnected"
        );
        let mut process = Command::new(program())
            .args(["--port", "0", "--log", "error", "--drain", "0"])
            .args(["--key", PRIMARY, "--second-key", SECONDARY])
            .args(["--handler", &handler])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the hub's program starts");
        let mut output = BufReader::new(process.stdout.take().expect("is piped"));
        let mut first = String::new();
        output.read_line(&mut first).expect("it says where it is");
        let endpoint = first
            .strip_prefix("Endpoint=")
            .and_then(|rest| rest.split_once(";AccessKey="))
            .map(|(endpoint, _)| endpoint.to_owned());
        Service {
            endpoint: endpoint.expect("a connection string"),
            process,
            _output: output,
        }
    }

    pub fn connection_string(&self, key: &str) -> String {
        format!("Endpoint={};AccessKey={key};Version=1.0;", self.endpoint)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Beside the tests' folder, where cargo puts programs.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let folder = test.ancestors().nth(2).expect("target/debug");
    let program = folder.join("hub");
    assert!(
        program.exists(),
        "the hub's program is not built: run `cargo build -p server -p hub -p wire -p app`, or `make test`, which does"
    );
    program
}
