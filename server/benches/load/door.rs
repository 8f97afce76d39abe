//! Commands through the whole door, as people give them: an event on a socket, the webhook, the decision, the commit, the
//! publication, the answer. Chatr has one core and the people the other. Refuses to look inside.

use crate::ROUNDS;
use crate::chatr;
use crate::crowd::{Crowd, Entry};
use crate::lab::{Fault, Figures, SERVER_CORE, milliseconds, percentile, stay_on_load_core, void};
use crate::table::Table;
use crate::visitor::{Visitor, ticket};
use app::chat::{ChatId, DraftId};
use serde_json::json;
use std::time::{Duration, Instant};

const PEOPLE: usize = 64;
const LENGTH: Duration = Duration::from_secs(2);
const WARM_UP: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(10);
const AT_ONCE: usize = 16;

#[derive(Default)]
struct Measured {
    per_second: Figures,
    cpu: Figures,
    p50: Figures,
    p99: Figures,
}

/// Who writes, and who reads it.
struct Scene {
    what: &'static str,
    people: usize,
    /// Everybody writes in one chat, or each in a chat of their own.
    together: bool,
}

const SCENES: [Scene; 3] = [
    Scene {
        what: "1 person alone",
        people: 1,
        together: true,
    },
    Scene {
        what: "64 people, each in a chat of their own",
        people: PEOPLE,
        together: false,
    },
    Scene {
        what: "64 people in one chat, who all see every message",
        people: PEOPLE,
        together: true,
    },
];

pub fn measure() -> Result<Table, Fault> {
    stay_on_load_core()?;
    let mut measured: Vec<Measured> = SCENES.iter().map(|_| Measured::default()).collect();
    for _ in 0..ROUNDS {
        for (scene, measured) in SCENES.iter().zip(&mut measured) {
            round(scene, measured)?;
        }
    }
    let mut table = Table::default();
    for (scene, measured) in SCENES.iter().zip(&measured) {
        let of = |what: &str| format!("{}: {what}", scene.what);
        table.row(
            &of("messages stored and told"),
            "a second",
            &measured.per_second,
            "",
        );
        table.row(&of("CPU per message"), "µs", &measured.cpu, "");
        table.row(&of("half are answered within"), "ms", &measured.p50, "");
        table.row(
            &of("99 of 100 are answered within"),
            "ms",
            &measured.p99,
            "≤ 50",
        );
    }
    Ok(table)
}

/// A socket that always has one command on its way.
struct Writer {
    chat: String,
    began: Instant,
    /// The draft that is on its way.
    draft: String,
}

fn round(scene: &Scene, into: &mut Measured) -> Result<(), Fault> {
    let server = chatr::start(Some(SERVER_CORE), &[])?;
    let people: Vec<Visitor> = (0..scene.people)
        .map(|number| Visitor::sign_in(&server.host, &format!("Writer {number}")))
        .collect::<Result<_, _>>()?;
    let paths = people
        .iter()
        .map(|person| ticket(&server.host, &person.id))
        .collect();
    let mut crowd = Crowd::new()?;
    crowd.gather(&server.host, paths, AT_ONCE, Entry::AZURE)?;
    let mut writers = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let chat = match scene.together {
            true => person.lobby.clone(),
            false => own_chat(&mut crowd, number)?,
        };
        writers.push(Writer {
            chat,
            began: Instant::now(),
            draft: String::new(),
        });
    }
    write(&mut crowd, &mut writers, WARM_UP)?;
    let (cpu, start) = (server.cpu()?, Instant::now());
    let mut answered = write(&mut crowd, &mut writers, LENGTH)?;
    let took = start.elapsed().as_secs_f64();
    let cpu = (server.cpu()? - cpu).as_secs_f64();
    into.per_second.add(answered.len() as f64 / took);
    into.cpu.add(cpu / answered.len() as f64 * 1e6);
    into.p50.add(percentile(&mut answered, 0.5));
    into.p99.add(percentile(&mut answered, 0.99));
    Ok(())
}

/// Creates a private chat as this member of the crowd.
fn own_chat(crowd: &mut Crowd, member: usize) -> Result<String, Fault> {
    let draft = DraftId::random();
    let event = json!({
        "type": "event", "event": "createChat", "dataType": "json",
        "data": { "draft": draft, "name": "Own", "access": "private", "record": "kept" },
    });
    crowd.send(member, &event.to_string())?;
    let late = Instant::now() + PATIENCE;
    while Instant::now() < late {
        let mut created = None;
        crowd.listen(Some(Duration::from_millis(100)), |_, text| {
            let text = String::from_utf8_lossy(text);
            if text.contains(r#""answer""#)
                && let Some((_, after)) = text.split_once(r#""chat":{"id":""#)
            {
                created = after.split('"').next().map(str::to_owned);
            }
        })?;
        if let Some(chat) = created.filter(|id| id.parse::<ChatId>().is_ok()) {
            return Ok(chat);
        }
    }
    void("a chat was not created")
}

/// Everybody posts one message after the other for so long. How many milliseconds each answer took.
fn write(crowd: &mut Crowd, writers: &mut [Writer], length: Duration) -> Result<Vec<f64>, Fault> {
    let start = Instant::now();
    let mut times = Vec::new();
    for (member, writer) in writers.iter_mut().enumerate() {
        post(crowd, member, writer)?;
    }
    let mut waiting = writers.len();
    while waiting > 0 {
        let mut answered = Vec::new();
        let mut refused = None;
        crowd.listen(Some(Duration::from_millis(100)), |member, text| {
            // Most of what comes are messages of others.
            if !text.starts_with(BY_SERVER.as_bytes()) {
                return;
            }
            let text = String::from_utf8_lossy(text);
            if !text.contains(r#""answer":"#) {
                return;
            }
            let right = text.contains(&writers[member].draft) && text.contains(r#""is":"done""#);
            match right {
                true => answered.push(member),
                false => refused = Some(text.into_owned()),
            }
        })?;
        if let Some(text) = refused {
            return void(format!("a message was not stored: {text}"));
        }
        for member in answered {
            times.push(milliseconds(writers[member].began.elapsed()));
            match start.elapsed() < length {
                true => post(crowd, member, &mut writers[member])?,
                false => waiting -= 1,
            }
        }
        if start.elapsed() > length + PATIENCE {
            return void(format!("{waiting} messages were not answered"));
        }
    }
    Ok(times)
}

/// How a frame begins that was not said in a chat: answers are such frames.
const BY_SERVER: &str = r#"{"type":"message","from":"server""#;

fn post(crowd: &mut Crowd, member: usize, writer: &mut Writer) -> Result<(), Fault> {
    writer.draft = DraftId::random().to_string();
    let (chat, draft) = (&writer.chat, &writer.draft);
    let body = "What a person writes in a chat is about as long as this sentence is.";
    // Printed by hand: the load should cost little.
    let event = format!(
        r#"{{"type":"event","event":"postMessage","dataType":"json","data":{{"chat":"{chat}","draft":"{draft}","body":"{body}"}}}}"#
    );
    writer.began = Instant::now();
    crowd.send(member, &event)
}
