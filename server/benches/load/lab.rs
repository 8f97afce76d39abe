//! The bench itself: programs on cores of their own, their processor time and memory, figures with their spread, and
//! the tables in docs/benchmarks.md. Refuses to know what is measured.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, io};

/// The core of the program that is measured, and that of whoever measures.
pub const SERVER_CORE: &str = "0";
pub const LOAD_CORE: &str = "1";

/// Signs tokens of the hub that is measured.
pub const KEY: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH";

/// Of the clock that `/proc` counts in. Source: the kernel shows every program this one, whatever it uses itself.
const TICKS_PER_SECOND: f64 = 100.0;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("{0} is no part of the measurement")]
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
    folder: Option<PathBuf>,
}

impl Program {
    /// Chatr, with an empty data folder on the disk of the build.
    pub fn chatr(core: Option<&str>, settings: &[(&str, &str)]) -> Result<Program, Fault> {
        let folder = scratch("data")?;
        let mut command = on_core(core, env!("CARGO_BIN_EXE_chatr"));
        command
            .env("CHATR_ADDR", "127.0.0.1:0")
            .env("CHATR_DATA_DIR", &folder)
            .env("CHATR_LIMITS", "relaxed")
            .env("CHATR_LOG", "warn")
            .env("CHATR_HUB_KEY", KEY)
            .envs(settings.iter().copied());
        Program::start(command, Some(folder))
    }

    /// This program in another role, on the core of the server.
    pub fn ourselves(role: &str) -> Result<Program, Fault> {
        let own = std::env::current_exe()?;
        let mut command = on_core(Some(SERVER_CORE), &own.to_string_lossy());
        command.arg(role);
        Program::start(command, None)
    }

    /// Starts it and waits until it says where it is.
    fn start(mut command: Command, folder: Option<PathBuf>) -> Result<Program, Fault> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let said = child.stdout.take().map(BufReader::new);
        let mut program = Program {
            child,
            host: String::new(),
            folder,
        };
        for line in said.into_iter().flat_map(BufRead::lines) {
            if let Some((_, host)) = line?.split_once("http://") {
                program.host = host.trim_end_matches('/').to_owned();
                return Ok(program);
            }
        }
        void("a program ended before it was ready")
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

/// Processor time of a process with all its threads. Counted exactly, shown in steps of 10 ms.
pub fn cpu(process: u32) -> Result<Duration, Fault> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program, in parentheses, may hold anything.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    Ok(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
}

fn on_core(core: Option<&str>, program: &str) -> Command {
    match core {
        Some(core) => {
            let mut command = Command::new("taskset");
            command.args(["--cpu-list", core, program]);
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

/// A new folder on the disk where the build is. `/tmp` may be memory.
pub fn scratch(name: &str) -> Result<PathBuf, Fault> {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("bench-{}-{name}-{count}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// One figure of every round.
#[derive(Default)]
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

    fn ends(&self) -> (f64, f64) {
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

/// What one part of the measurement found.
#[derive(Default)]
pub struct Table {
    rows: String,
}

impl Table {
    /// `goal` is what the figure should be, or empty.
    pub fn row(&mut self, what: &str, unit: &str, figures: &Figures, goal: &str) {
        let (from, to) = figures.ends();
        let line = format!(
            "| {what} | {} | {} – {} | {unit} | {goal} |",
            shown(figures.median()),
            shown(from),
            shown(to)
        );
        println!("{line}");
        // Writing to a text cannot fail.
        let _ = writeln!(self.rows, "{line}");
    }

    /// Puts the table into its place in docs/benchmarks.md.
    pub fn publish(self, name: &str) -> Result<(), Fault> {
        let head = "| what | median | smallest – greatest | unit | goal |\n| --- | ---: | ---: | --- | --- |\n";
        write_section(name, &format!("{head}{}", self.rows))
    }
}

/// Three digits that count.
fn shown(figure: f64) -> String {
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

/// Replaces what stands between `<!-- name -->` and `<!-- end of name -->`.
fn write_section(name: &str, text: &str) -> Result<(), Fault> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md");
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

/// Says which machine it was, and when.
pub fn write_machine() -> Result<(), Fault> {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        text.unwrap_or_else(|| "unknown".to_owned())
    };
    let value = |path: &str, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()))
            .unwrap_or_else(|| "unknown".to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let text = format!(
        "{}, {cores} cores of {}, {} of memory, Linux {}, {}; commit {}. Load average when it began: {}.\n",
        said("date", &["--utc", "+%Y-%m-%d %H:%M UTC"]),
        value("/proc/cpuinfo", "model name"),
        value("/proc/meminfo", "MemTotal"),
        said("uname", &["-r"]),
        said("rustc", &["--version"]),
        said("git", &["rev-parse", "--short", "HEAD"]),
        load.split(' ').next().unwrap_or_default(),
    );
    print!("{text}");
    write_section("machine", &text)
}
