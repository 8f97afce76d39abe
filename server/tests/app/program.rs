//! The program as an operator has it: started on a folder, asked over TCP, killed. Knows nothing of what it is
//! asked.

use app::chat::UserId;
use axum::body::{Body, to_bytes};
use http::{Request, Response};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Where a server keeps things, as long as anybody looks after it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Arc<Folder> {
        let name = format!("chatr-app-{}", UserId::random());
        Arc::new(Folder(std::env::temp_dir().join(name)))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The program's command line.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatr"));
        command
            .arg(format!("--data-dir={}", self.0.display()))
            .args(["--addr=127.0.0.1:0", "--limits=relaxed"])
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process that listens.
pub struct Program {
    pub host: String,
    child: Child,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Program {
    /// Starts it, and waits until it says where it is.
    pub fn start(folder: &Folder) -> Program {
        let mut child = folder
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let said = BufReader::new(child.stdout.as_mut().expect("its words")).read_line(&mut line);
        said.expect("says where it is");
        let host = line.trim().rsplit("http://").next().unwrap_or_default();
        Program {
            host: host.to_owned(),
            child,
        }
    }

    /// Ends it in the middle of whatever it does: SIGKILL.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        // In the older version, an answer ends where the connection does.
        let mut head = format!("{} {} HTTP/1.0\r\n", parts.method, parts.uri);
        for (name, value) in &parts.headers {
            head += &format!("{name}: {}\r\n", value.to_str().expect("text"));
        }
        head += &format!("content-length: {}\r\n\r\n", body.len());
        let mut stream = TcpStream::connect(&self.host).await.expect("listens");
        stream.write_all(head.as_bytes()).await.expect("is sent");
        stream.write_all(&body).await.expect("is sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("answers");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let body = answer.split_off(end.expect("a head") + 4);
        let head = String::from_utf8(answer).expect("text");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let mut response = Response::builder().status(status.expect("a status"));
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            response = response.header(name, value);
        }
        response.body(Body::from(body)).expect("an answer")
    }
}
