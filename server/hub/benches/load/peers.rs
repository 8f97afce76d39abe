//! Who is measured: the hub, the limit and the programs of others; how each is started and talked to. What is to be
//! passed on is the same text for all. Refuses to know what is measured about them.

use crate::audience::{GROUP, PUBLISHER, delivery};
use crate::crowd::{Crowd, Cut, Entry};
use crate::lab::{Fault, KEY, Program, SERVER_CORE, free_port, on_core, said, scratch};
use crate::{limit, nats};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use wire::token::{Claims, sign};

const HUB: &str = "bench";

/// Clients that come in at the same time.
pub const AT_ONCE: usize = 64;

/// Somebody who is measured.
#[derive(Clone, Copy)]
pub struct Peer {
    /// The word by which it is chosen.
    pub name: &'static str,
    /// Its name in tables.
    pub title: &'static str,
    /// The command that serves at this port; without one, it is not installed here.
    serve: fn(&Peer, u16) -> Result<Option<Server>, Fault>,
    /// The path of a client, by its name, and the groups in which it is from the beginning.
    path: fn(host: &str, name: &str, groups: &[&str]) -> String,
    listens: Entry,
    publishes: Entry,
    /// How a client comes in that is in no group yet, and is to join one.
    pub joins: Entry,
    /// What the publisher says so that everybody hears this data.
    pub publish: fn(data: &str) -> String,
    /// How texts are found where there are no text frames.
    cut: Option<Cut>,
    /// The publisher is told about what it publishes.
    pub answers: bool,
    /// What the version is read from.
    version: fn() -> Option<String>,
}

/// A command, and a folder that goes away with it.
struct Server(Command, Option<PathBuf>);

pub const LIMIT_JOINED: &str = "limit";
pub const LIMIT_EACH: &str = limit::EACH;
pub const HUB_PLAIN: &str = "hub";
pub const HUB_RELIABLE: &str = "hub-reliable";
pub const BUN: &str = "bun";

const SILENT: Entry = Entry {
    subprotocol: None,
    says: None,
    welcome: None,
};

/// Comes in and is greeted with anything.
const GREETED: Entry = Entry {
    welcome: Some("connected"),
    ..SILENT
};

const PLAIN: Peer = Peer {
    name: "",
    title: "",
    serve: |_, _| Ok(None),
    path: |_, name, _| format!("/{name}"),
    listens: GREETED,
    publishes: GREETED,
    joins: GREETED,
    publish: delivery,
    cut: None,
    answers: false,
    version: || None,
};

const SOCKET_IO: Entry = Entry {
    says: Some("40"),
    welcome: Some(r#"40{"sid""#),
    ..SILENT
};

const JOIN: &str = r#"{"type":"joinGroup","group":"crowd","ackId":1}"#;

const RELIABLE: Entry = Entry {
    subprotocol: Some("json.reliable.webpubsub.azure.v1"),
    ..Entry::AZURE
};

/// In the order of taking turns: whoever is compared closely stands together.
pub const PEERS: &[Peer] = &[
    Peer {
        name: LIMIT_EACH,
        title: "limit, a send for each message",
        serve: ourselves,
        ..PLAIN
    },
    Peer {
        name: LIMIT_JOINED,
        title: "limit, joined writes",
        serve: ourselves,
        ..PLAIN
    },
    Peer {
        name: HUB_PLAIN,
        title: "**hub**",
        serve: hub,
        path: ticket,
        listens: Entry::AZURE,
        publishes: Entry::AZURE,
        joins: Entry {
            says: Some(JOIN),
            welcome: Some(r#""ackId":1,"success":true"#),
            ..Entry::AZURE
        },
        publish: |data| send_to_group(GROUP, data),
        ..PLAIN
    },
    Peer {
        name: HUB_RELIABLE,
        title: "**hub**, reliable",
        serve: hub,
        path: ticket,
        listens: RELIABLE,
        publishes: Entry::AZURE,
        joins: Entry {
            says: Some(JOIN),
            welcome: Some(r#""ackId":1,"success":true"#),
            ..RELIABLE
        },
        publish: |data| send_to_group(GROUP, data),
        ..PLAIN
    },
    Peer {
        name: BUN,
        title: "Bun",
        serve: |_, port| Ok(bun().map(|bun| script(bun, "bun.js", port))),
        version: || said(bun()?, &["--version"]),
        ..PLAIN
    },
    Peer {
        name: "ws",
        title: "`ws` (Node.js)",
        serve: |_, port| Ok(module("ws").map(|_| script("node", "ws.js", port))),
        version: || module("ws"),
        ..PLAIN
    },
    Peer {
        name: "socket.io",
        title: "Socket.IO (Node.js)",
        serve: |_, port| Ok(module("socket.io").map(|_| script("node", "socket-io.js", port))),
        path: |_, name, _| format!("/socket.io/?EIO=4&transport=websocket&name={name}"),
        listens: SOCKET_IO,
        publishes: SOCKET_IO,
        joins: SOCKET_IO,
        publish: |data| format!(r#"42["message",{}]"#, delivery(data)),
        version: || module("socket.io"),
        ..PLAIN
    },
    Peer {
        name: "nats",
        title: "NATS, WebSocket",
        serve: nats_server,
        listens: NATS_LISTENS,
        publishes: Entry {
            says: Some(nats::CONNECT),
            ..NATS_LISTENS
        },
        joins: NATS_LISTENS,
        publish: |data| nats::publish(GROUP, &delivery(data)),
        cut: Some(nats::cut),
        version: || said(programs().join("nats-server"), &["--version"]),
        ..PLAIN
    },
    Peer {
        name: "nchan",
        title: "nginx with nchan",
        serve: nginx,
        listens: SILENT,
        publishes: SILENT,
        joins: SILENT,
        answers: true,
        version: || said(programs().join("usr/sbin/nginx"), &["-v"]),
        ..PLAIN
    },
];

const NATS_LISTENS: Entry = Entry {
    says: Some(nats::SUBSCRIBE),
    welcome: Some("PONG"),
    ..SILENT
};

impl Peer {
    pub fn named(name: &str) -> Option<&'static Peer> {
        PEERS.iter().find(|peer| peer.name == name)
    }

    /// One that does something wrong on purpose.
    pub fn with_flaw(name: &'static str) -> Peer {
        Peer {
            name,
            serve: ourselves,
            ..PLAIN
        }
    }

    /// Starts it on the core of the server. `None` if it is not installed here.
    pub fn start(&self) -> Result<Option<Program>, Fault> {
        let port = free_port()?;
        match (self.serve)(self, port)? {
            Some(Server(command, folder)) => Ok(Some(Program::start(command, port, folder)?)),
            None => Ok(None),
        }
    }

    /// Clients that speak its language.
    pub fn crowd(&self) -> Result<Crowd, Fault> {
        Crowd::of_streams(self.cut)
    }

    /// Lets in so many who hear the group, and then the publisher.
    pub fn fill(&self, host: &str, listeners: usize, crowd: &mut Crowd) -> Result<(), Fault> {
        let names = (0..listeners).map(|number| format!("listener-{number}"));
        let paths = names.map(|name| (self.path)(host, &name, &[GROUP]));
        crowd.gather(host, paths.collect(), AT_ONCE, self.listens)?;
        let path = (self.path)(host, PUBLISHER, &[]);
        crowd.gather(host, vec![path], 1, self.publishes)?;
        Ok(())
    }

    /// The paths of clients who are in no group yet.
    pub fn guests(&self, host: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
        let path = |number| (self.path)(host, &format!("guest-{number}"), &[]);
        numbers.map(path).collect()
    }

    /// Its name and version, if it is installed here.
    pub fn known_as(&self) -> Option<String> {
        let text = (self.version)()?;
        let number = text.split(['/', ' ', 'v']).find(|word| {
            let digit = |first: char| first.is_ascii_digit();
            word.starts_with(digit) && word.contains('.')
        })?;
        Some(format!("{} {}", self.title, number.trim()))
    }
}

/// This program in another role.
fn ourselves(peer: &Peer, port: u16) -> Result<Option<Server>, Fault> {
    let mut command = on_core(Some(SERVER_CORE), env::current_exe()?);
    command.args([limit::NAME, &port.to_string(), peer.name]);
    Ok(Some(Server(command, None)))
}

fn hub(_: &Peer, port: u16) -> Result<Option<Server>, Fault> {
    let mut command = on_core(Some(SERVER_CORE), env!("CARGO_BIN_EXE_hub"));
    command.args(["--port", &port.to_string(), "--log", "warn"]);
    command.env("HUB_KEY", KEY);
    Ok(Some(Server(command, None)))
}

/// The path that opens a socket: who somebody is, what they may do and in which groups they are.
pub fn ticket(host: &str, user: &str, groups: &[&str]) -> String {
    let roles = ["webpubsub.sendToGroup", "webpubsub.joinLeaveGroup"];
    let claims = Claims {
        aud: format!("http://{host}/client/hubs/{HUB}"),
        exp: u64::from(u32::MAX),
        sub: Some(user.to_owned()),
        role: roles.map(str::to_owned).to_vec(),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        ..Claims::default()
    };
    let token = sign(&claims, KEY).expect("a key of the right length signs");
    format!("/client/hubs/{HUB}?access_token={token}")
}

/// The publisher's frame that brings this data to everybody else in the group.
pub fn send_to_group(group: &str, data: &str) -> String {
    format!(
        r#"{{"type":"sendToGroup","group":"{group}","dataType":"text","data":"{data}","noEcho":true}}"#
    )
}

/// The peers that are JavaScript, with their packages beside them.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

/// The peers that come as programs, where deploy/tools/setup.sh puts them.
fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/peers")
}

fn script(program: impl AsRef<Path>, file: &str, port: u16) -> Server {
    let mut command = on_core(Some(SERVER_CORE), program);
    command.arg(scripts().join(file)).arg(port.to_string());
    Server(command, None)
}

/// The version of a package, if it is installed.
fn module(name: &str) -> Option<String> {
    let manifest = scripts().join(format!("node_modules/{name}/package.json"));
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(manifest).ok()?).ok()?;
    Some(manifest["version"].as_str()?.to_owned())
}

/// Bun's program for this machine: npm brings each that might run here.
fn bun() -> Option<PathBuf> {
    let kinds = fs::read_dir(scripts().join("node_modules/@oven")).ok()?;
    let programs = kinds.filter_map(|kind| Some(kind.ok()?.path().join("bin/bun")));
    let mut running = programs.filter(|program| {
        let asked = Command::new(program).arg("--version").output();
        asked.is_ok_and(|answer| answer.status.success())
    });
    running.next()
}

fn nats_server(_: &Peer, port: u16) -> Result<Option<Server>, Fault> {
    let program = programs().join("nats-server");
    if !program.exists() {
        return Ok(None);
    }
    let folder = scratch("nats")?;
    let settings = folder.join("settings.conf");
    let other = free_port()?;
    let text = format!(
        "listen: 127.0.0.1:{other}\nmax_connections: 64000\n\
         websocket {{ listen: \"127.0.0.1:{port}\", no_tls: true, compression: false }}\n"
    );
    fs::write(&settings, text)?;
    let mut command = on_core(Some(SERVER_CORE), program);
    command
        .args(["--log", "/dev/null", "--config"])
        .arg(settings);
    Ok(Some(Server(command, Some(folder))))
}

fn nginx(_: &Peer, port: u16) -> Result<Option<Server>, Fault> {
    let programs = programs();
    let (program, module) = (
        programs.join("usr/sbin/nginx"),
        programs.join("usr/lib/nginx/modules/ngx_nchan_module.so"),
    );
    // nchan does not start without the last one.
    let bodies = Path::new("/var/lib/nginx/body");
    if !(program.exists() && module.exists() && bodies.exists()) {
        return Ok(None);
    }
    let module = fs::canonicalize(module)?;
    let folder = scratch("nginx")?;
    let template = fs::read_to_string(scripts().join("nchan.conf"))?;
    let text = template
        .replace("MODULE", &module.to_string_lossy())
        .replace("FOLDER", &folder.to_string_lossy())
        .replace("PORT", &port.to_string());
    let settings = folder.join("nginx.conf");
    fs::write(&settings, text)?;
    let mut command = on_core(Some(SERVER_CORE), program);
    command.arg("-p").arg(&folder).arg("-c").arg(&settings);
    command.args(["-e", "stderr"]);
    Ok(Some(Server(command, Some(folder))))
}
