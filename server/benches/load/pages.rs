//! The page of a chat with 50 messages, beside a file of the same size from the same server: when its first byte comes, and
//! what it costs. Refuses to know what a browser makes of it.

use crate::ROUNDS;
use crate::chatr;
use crate::crowd::{Crowd, Entry};
use crate::lab::{
    Fault, Figures, Program, SERVER_CORE, milliseconds, percentile, scratch, stay_on_load_core,
    void,
};
use crate::table::Table;
use crate::visitor::{Visitor, ticket};
use app::chat::DraftId;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

const MESSAGES: usize = 50;
const CONNECTIONS: [usize; 2] = [1, 64];
const LENGTH: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(10);
const FILE: &str = "as-long-as-the-page.txt";

/// What is asked for.
#[derive(Clone)]
struct Wish {
    what: &'static str,
    path: String,
    /// Lines of the request's head.
    headers: String,
    /// Stands in every right answer; nothing is looked for in a compressed one.
    holds: &'static str,
}

#[derive(Default)]
struct Measured {
    per_second: Figures,
    cpu: Figures,
    p50: Figures,
    p99: Figures,
    bytes: Figures,
}

pub fn measure() -> Result<Table, Fault> {
    stay_on_load_core()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let site = scratch("site")?;
    let root = site.to_string_lossy().into_owned();
    let server = chatr::start(Some(SERVER_CORE), &[("LEPTOS_SITE_ROOT", &root)])?;
    let person = Visitor::sign_in(&server.host, "Reader")?;
    fill(&server, &person)?;

    let path = format!("/chat/{}", person.lobby);
    let cookie = format!("cookie: {}\r\naccept: text/html\r\n", person.cookie);
    let page = Wish {
        what: "the page",
        path: path.clone(),
        headers: cookie.clone(),
        holds: "message 50 of 50",
    };
    let small = Wish {
        what: "the page, brotli as browsers ask for it",
        path,
        headers: format!("{cookie}accept-encoding: br\r\n"),
        holds: "",
    };
    let file = Wish {
        what: "a file as long as the page",
        path: format!("/{FILE}"),
        headers: String::new(),
        holds: "",
    };
    let first = runtime.block_on(ask_once(&server.host, &page))?;
    std::fs::write(site.join(FILE), "x".repeat(first.bytes))?;

    let wishes = [page, small, file];
    let mut table = Table::default();
    for connections in CONNECTIONS {
        let mut measured: Vec<Measured> = wishes.iter().map(|_| Measured::default()).collect();
        for _ in 0..ROUNDS {
            for (wish, measured) in wishes.iter().zip(&mut measured) {
                round(&runtime, &server, wish, connections, measured)?;
            }
        }
        report(&mut table, connections, &wishes, &measured);
    }
    std::fs::remove_dir_all(site)?;
    Ok(table)
}

fn report(table: &mut Table, connections: usize, wishes: &[Wish], measured: &[Measured]) {
    let times = if connections == 1 {
        "1 connection"
    } else {
        "64 connections"
    };
    for (wish, measured) in wishes.iter().zip(measured) {
        let of = |figure: &str| format!("{}, {times}: {figure}", wish.what);
        if connections == 1 {
            table.row(&of("length"), "bytes", &measured.bytes, "");
        }
        table.row(&of("CPU"), "µs", &measured.cpu, "");
        table.row(&of("answers"), "a second", &measured.per_second, "");
        table.row(&of("first byte, half within"), "ms", &measured.p50, "");
        table.row(&of("first byte, 99 of 100 within"), "ms", &measured.p99, "");
    }
    if let [page, _, file] = measured {
        let of = |figure: &str| format!("the page against the file, {times}: {figure}");
        table.row(&of("CPU"), "×", &page.cpu.against(&file.cpu), "");
        table.row(
            &of("first byte, half"),
            "×",
            &page.p50.against(&file.p50),
            "",
        );
        table.row(
            &of("first byte, 99 of 100"),
            "×",
            &page.p99.against(&file.p99),
            "",
        );
    }
}

/// Somebody says fifty things.
fn fill(server: &Program, person: &Visitor) -> Result<(), Fault> {
    let mut crowd = Crowd::new()?;
    let paths = vec![ticket(&server.host, &person.id)];
    crowd.gather(&server.host, paths, 1, Entry::AZURE)?;
    for number in 1..=MESSAGES {
        let body = format!(
            "This is message {number} of {MESSAGES}, and it is about as long as what people write in a chat."
        );
        let data = json!({ "chat": person.lobby, "draft": DraftId::random(), "body": body });
        let event =
            json!({ "type": "event", "event": "postMessage", "dataType": "json", "data": data });
        crowd.send(0, &event.to_string())?;
        let mut stored = false;
        let late = Instant::now() + PATIENCE;
        while !stored {
            crowd.listen(Some(Duration::from_millis(100)), |_, text| {
                stored |= String::from_utf8_lossy(text).contains(r#""is":"done""#);
            })?;
            if Instant::now() > late {
                return void("a message was not stored");
            }
        }
    }
    Ok(())
}

fn round(
    runtime: &Runtime,
    server: &Program,
    wish: &Wish,
    connections: usize,
    into: &mut Measured,
) -> Result<(), Fault> {
    let wish = Arc::new(wish.clone());
    runtime.block_on(ask(&server.host, &wish, connections, WARM_UP))?;
    let (cpu, start) = (server.cpu()?, Instant::now());
    let answers = runtime.block_on(ask(&server.host, &wish, connections, LENGTH))?;
    let took = start.elapsed().as_secs_f64();
    let cpu = (server.cpu()? - cpu).as_secs_f64();
    let mut times: Vec<f64> = answers
        .iter()
        .map(|answer| milliseconds(answer.first))
        .collect();
    into.per_second.add(answers.len() as f64 / took);
    into.cpu.add(cpu / answers.len() as f64 * 1e6);
    into.p50.add(percentile(&mut times, 0.5));
    into.p99.add(percentile(&mut times, 0.99));
    into.bytes.add(answers[0].bytes as f64);
    Ok(())
}

struct Answer {
    /// From the request until its first byte came.
    first: Duration,
    /// Of the body.
    bytes: usize,
}

/// So many browsers ask again and again for so long, each over one connection.
async fn ask(
    host: &str,
    wish: &Arc<Wish>,
    connections: usize,
    length: Duration,
) -> Result<Vec<Answer>, Fault> {
    let until = Instant::now() + length;
    let mut browsers = Vec::new();
    for _ in 0..connections {
        let (host, wish) = (host.to_owned(), wish.clone());
        browsers.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(&host).await?;
            let mut answers = Vec::new();
            while answers.is_empty() || Instant::now() < until {
                answers.push(fetch(&mut stream, &host, &wish).await?);
            }
            Ok::<_, Fault>(answers)
        }));
    }
    let mut answers = Vec::new();
    for browser in browsers {
        answers.extend(browser.await.map_err(std::io::Error::other)??);
    }
    Ok(answers)
}

async fn ask_once(host: &str, wish: &Wish) -> Result<Answer, Fault> {
    let mut stream = TcpStream::connect(host).await?;
    fetch(&mut stream, host, wish).await
}

async fn fetch(stream: &mut TcpStream, host: &str, wish: &Wish) -> Result<Answer, Fault> {
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: {host}\r\n{}\r\n",
        wish.path, wish.headers
    );
    let start = Instant::now();
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(64 * 1024);
    let mut first = None;
    loop {
        if stream.read_buf(&mut answer).await? == 0 {
            return void("an answer broke off");
        }
        first.get_or_insert_with(|| start.elapsed());
        let Some(body) = answer.windows(4).position(|end| end == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&answer[..body]).to_ascii_lowercase();
        if !head.starts_with("http/1.1 200") {
            return void(head);
        }
        let came = answer.len() - body - 4;
        let complete = match head.split("content-length: ").nth(1) {
            Some(length) => length.lines().next().and_then(|text| text.parse().ok()) == Some(came),
            None => answer.ends_with(b"\r\n0\r\n\r\n"),
        };
        if complete {
            let holds = wish.holds.as_bytes();
            let right = holds.is_empty() || answer.windows(holds.len()).any(|part| part == holds);
            return match (right, first) {
                (true, Some(first)) => Ok(Answer { first, bytes: came }),
                _ => void(format!("{} holds no '{}'", wish.path, wish.holds)),
            };
        }
    }
}
