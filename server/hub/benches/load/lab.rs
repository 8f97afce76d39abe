//! A laboratory: programs on cores of their own, their processor time and memory, figures with their spread, and the
//! places in docs/benchmarks.md where they go. The server's bench uses it too. Refuses to know what is measured.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

/// The core of the program that is measured, and that of whoever measures.
pub const SERVER_CORE: &str = "0";
pub const LOAD_CORE: &str = "1";

/// Signs tokens of the hub that is measured.
pub const KEY: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH";

/// Below the ports that the kernel gives to clients: one that knocks at its own port would be answered by itself.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// How long a program may take until it takes connections, and how often that is tried.
const START: Duration = Duration::from_secs(20);
const KNOCK: Duration = Duration::from_micros(200);

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("{0}")]
    Unknown(String),
    #[error(transparent)]
    System(#[from] io::Error),
    #[error("the run is void: {0}")]
    Void(String),
}

/// Makes the run void.
pub fn void<T>(why: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Void(why.into()))
}

/// A program that is measured. Ends with this value.
pub struct Program {
    child: Child,
    /// Where it listens, such as `127.0.0.1:4711`.
    pub host: String,
    /// From being started until it took a connection.
    pub start: Duration,
    folder: Option<PathBuf>,
}

impl Program {
    /// Starts it and waits until it takes connections at this port. The folder is thrown away with it.
    pub fn start(
        mut command: Command,
        port: u16,
        folder: Option<PathBuf>,
    ) -> Result<Program, Fault> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let began = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut program = Program {
            child,
            host: address.to_string(),
            start: Duration::ZERO,
            folder,
        };
        while TcpStream::connect(address).is_err() {
            if let Some(end) = program.child.try_wait()? {
                return void(format!("{command:?} ended before it was ready: {end}"));
            }
            if began.elapsed() > START {
                return void(format!("{command:?} does not get ready"));
            }
            thread::sleep(KNOCK);
        }
        program.start = began.elapsed();
        Ok(program)
    }

    /// Processor time that it has used so far.
    pub fn cpu(&self) -> Result<Duration, Fault> {
        cpu(self.child.id())
    }

    /// Memory that it holds, in bytes.
    pub fn memory(&self) -> Result<f64, Fault> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
        kib.map_or_else(|| void("the kernel does not say"), |kib| Ok(kib * 1024.0))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; what it leaves is thrown away.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Processor time of a process with all threads that it has, to the nanosecond.
pub fn cpu(process: u32) -> Result<Duration, Fault> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread that ends meanwhile takes its share with it; those that work for the figures stay.
        let spent = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        let first = spent.split(' ').next();
        nanoseconds += first.and_then(|time| time.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// A port of this machine that nobody listens at.
pub fn free_port() -> Result<u16, Fault> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = (std::process::id() * 97) as u16;
    for _ in PORTS {
        let number = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS.len() as u16;
        let port = PORTS.start + number;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    void("there is no free port")
}

/// A command that runs on this core, or anywhere.
pub fn on_core(core: Option<&str>, program: impl AsRef<Path>) -> Command {
    let program = program.as_ref();
    match core {
        Some(core) => {
            let mut command = Command::new("taskset");
            command.args(["--cpu-list", core]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// Keeps this program on its core from now on; threads that it starts stay there too.
pub fn stay_on_load_core() -> Result<(), Fault> {
    let own = std::process::id().to_string();
    let moved = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", LOAD_CORE, &own])
        .stdout(Stdio::null())
        .status()?;
    match moved.success() {
        true => Ok(()),
        false => void("taskset cannot give this program a core of its own: it takes two"),
    }
}

/// Lets this program, and those that it starts, have as many sockets as the system lets it ask for.
pub fn allow_many_sockets() -> Result<(), Fault> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let most = line.and_then(|line| line.split_whitespace().nth(1));
    let own = std::process::id().to_string();
    let wanted = format!("--nofile={}:", most.unwrap_or_default());
    let raised = Command::new("prlimit")
        .args(["--pid", &own, &wanted])
        .status()?;
    match raised.success() {
        true => Ok(()),
        false => void("prlimit cannot give this program more sockets"),
    }
}

/// A new folder on the disk where the build is. `/tmp` may be memory.
pub fn scratch(name: &str) -> Result<PathBuf, Fault> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("bench-{}-{name}-{count}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// One figure of every round.
#[derive(Clone, Default)]
pub struct Figures(Vec<f64>);

impl Figures {
    pub fn add(&mut self, figure: f64) {
        self.0.push(figure);
    }

    pub fn median(&self) -> f64 {
        percentile(&mut self.0.clone(), 0.5)
    }

    /// Each round's figure against the same round's of something else.
    pub fn against(&self, other: &Figures) -> Figures {
        Figures(self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect())
    }

    /// Each round's figure put together with the same round's of something else.
    pub fn each(&self, other: &Figures, how: fn(f64, f64) -> f64) -> Figures {
        Figures(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(a, b)| how(*a, *b))
                .collect(),
        )
    }

    pub fn ends(&self) -> (f64, f64) {
        let smaller = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let greater = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (smaller, greater)
    }
}

/// The value below which this share of all values lies.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let at = ((values.len() - 1) as f64 * share).round() as usize;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Three digits that count.
pub fn shown(figure: f64) -> String {
    match figure.abs() {
        size if size >= 1_000.0 => {
            let whole = format!("{figure:.0}");
            let (front, end) = whole.split_at(whole.len() - 3);
            match front.len() > 3 {
                true => {
                    let (millions, thousands) = front.split_at(front.len() - 3);
                    format!("{millions},{thousands},{end}")
                }
                false => format!("{front},{end}"),
            }
        }
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

/// Replaces what stands between `<!-- name -->` and `<!-- end of name -->` in docs/benchmarks.md.
pub fn write_section(name: &str, text: &str) -> Result<(), Fault> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut pages = above.map(|folder| folder.join("docs/benchmarks.md"));
    let Some(path) = pages.find(|page| page.exists()) else {
        return void("there is no docs/benchmarks.md");
    };
    let page = fs::read_to_string(&path)?;
    let (open, close) = (
        format!("<!-- {name} -->\n"),
        format!("<!-- end of {name} -->"),
    );
    let place = page
        .split_once(&open)
        .and_then(|(before, rest)| Some((before, rest.split_once(&close)?.1)));
    let Some((before, after)) = place else {
        return void(format!("docs/benchmarks.md has no place for {name}"));
    };
    fs::write(&path, format!("{before}{open}{text}{close}{after}"))?;
    Ok(())
}

/// What a program answers on its standard output.
pub fn said(program: impl AsRef<Path>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program.as_ref())
        .args(arguments)
        .output()
        .ok()?;
    let text = [output.stdout, output.stderr].concat();
    Some(String::from_utf8_lossy(&text).trim().to_owned())
}

/// When this is, of which commit, and how busy the machine is besides.
pub fn moment() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{}, commit {}, load average {}",
        answer("date", &["--utc", "+%Y-%m-%d %H:%M UTC"]),
        answer("git", &["rev-parse", "--short", "HEAD"]),
        load.split(' ').next().unwrap_or_default(),
    )
}

/// Which machine this is, and when.
pub fn machine() -> String {
    let value = |path: &str, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()))
            .unwrap_or_else(|| "unknown".to_owned())
    };
    format!(
        "{} cores of {}, {} of memory, Linux {}, {}. It began {}.\n",
        answer("nproc", &["--all"]),
        value("/proc/cpuinfo", "model name"),
        value("/proc/meminfo", "MemTotal"),
        answer("uname", &["-r"]),
        answer("rustc", &["--version"]),
        moment(),
    )
}

fn answer(program: &str, arguments: &[&str]) -> String {
    said(program, arguments).unwrap_or_else(|| "unknown".to_owned())
}
