//! What every listener should hear and has heard: each delivery is compared with what was sent, byte by byte and in
//! order, and the first that differs is a fault. Knows the messages of one publisher to a group; refuses to know sockets.

use serde_json::Value;
use std::ops::Range;

/// Bytes of a message, and of the number in front of it.
const PAYLOAD: usize = 200;
const NUMBER: usize = 10;

pub const GROUP: &str = "crowd";
pub const PUBLISHER: &str = "publisher";

/// Deliveries after which a reliable listener says what it has heard. Source: Microsoft's client does so every few
/// seconds, which is about as many at 20,000 deliveries a second to 1,000.
const ACKNOWLEDGED: u64 = 100;

/// What everybody has heard so far.
pub struct Audience {
    group: String,
    publisher: String,
    /// The data of every message.
    sent: Vec<String>,
    /// The next message of each listener.
    next: Vec<u64>,
    /// The last number that a reliable listener was given.
    sequence: Vec<u64>,
    /// How many heard each message that is on its way, and how many messages everybody has heard.
    heard: Vec<usize>,
    pub complete: u64,
    template: Option<Template>,
    /// Acknowledgements that are due: who owes one, and up to which number.
    pub owed: Vec<(usize, u64)>,
    pub fault: Option<String>,
}

impl Audience {
    pub fn new(listeners: usize) -> Audience {
        Audience::of(GROUP, PUBLISHER, listeners)
    }

    /// Those who hear what this user publishes in this group.
    pub fn of(group: &str, publisher: &str, listeners: usize) -> Audience {
        Audience {
            group: group.to_owned(),
            publisher: publisher.to_owned(),
            sent: Vec::new(),
            next: vec![0; listeners],
            sequence: vec![0; listeners],
            heard: Vec::new(),
            complete: 0,
            template: None,
            owed: Vec::new(),
            fault: None,
        }
    }

    /// Begins to count anew, with message 0.
    pub fn begin(&mut self) {
        self.sent.clear();
        self.next.fill(0);
        self.heard.clear();
        self.complete = 0;
    }

    pub fn sent(&self) -> u64 {
        self.sent.len() as u64
    }

    pub fn listeners(&self) -> usize {
        self.next.len()
    }

    /// The data of the next message.
    pub fn compose(&mut self) -> String {
        let data = payload(self.sent());
        self.sent.push(data.clone());
        data
    }

    /// Compares a delivery with what this listener should hear next, and gives the message's number.
    pub fn hear(&mut self, listener: usize, text: &[u8]) -> Option<u64> {
        let Some(next) = self.next.get_mut(listener) else {
            self.wrong(format!("{listener}, who publishes, was told"), text);
            return None;
        };
        let number = *next;
        let expected = self.sent.get(number as usize).map_or("", String::as_str);
        if self.template.is_none() {
            self.template = Template::of(text, &self.group, &self.publisher);
        }
        let last = &mut self.sequence[listener];
        let right = self
            .template
            .as_ref()
            .is_some_and(|template| template.fits(text, expected, last));
        if expected.is_empty() || !right {
            let who = format!("listener {listener} waited for message {number} and heard");
            self.wrong(who, text);
            return None;
        }
        *next += 1;
        if *last > 0 && last.is_multiple_of(ACKNOWLEDGED) {
            self.owed.push((listener, *last));
        }
        let place = number as usize;
        if self.heard.len() <= place {
            self.heard.resize(place + 1, 0);
        }
        self.heard[place] += 1;
        // Each listener hears in order, so messages are complete in order.
        if self.heard[place] == self.next.len() {
            self.complete += 1;
        }
        Some(number)
    }

    fn wrong(&mut self, what: String, text: &[u8]) {
        let fault = format!("{what} {}", String::from_utf8_lossy(text));
        self.fault.get_or_insert(fault);
    }
}

/// A delivery as Web PubSub's protocol has it. Peers are given this to pass on.
pub fn delivery(data: &str) -> String {
    format!(
        r#"{{"type":"message","from":"group","fromUserId":"{PUBLISHER}","group":"{GROUP}","dataType":"text","data":"{data}"}}"#
    )
}

/// The first delivery, read as the protocol says; the others differ from it in these places only.
struct Template(Vec<Piece>);

enum Piece {
    Fixed(Vec<u8>),
    Data,
    /// The next number of a reliable listener.
    Sequence,
}

impl Template {
    fn of(text: &[u8], group: &str, publisher: &str) -> Option<Template> {
        // Socket.IO puts its own words around it.
        let from = text.iter().position(|byte| *byte == b'{')?;
        let to = text.iter().rposition(|byte| *byte == b'}')? + 1;
        let frame: Value = serde_json::from_slice(text.get(from..to)?).ok()?;
        let right = frame["type"] == "message"
            && frame["from"] == "group"
            && frame["fromUserId"] == publisher
            && frame["group"] == group
            && frame["dataType"] == "text";
        let mut holes = vec![(place(text, frame["data"].as_str()?)?, Piece::Data)];
        if let Some(number) = frame["sequenceId"].as_u64() {
            let key = r#""sequenceId":"#;
            let whole = place(text, &format!("{key}{number}"))?;
            holes.push((whole.start + key.len()..whole.end, Piece::Sequence));
        }
        holes.sort_by_key(|(hole, _)| hole.start);
        let mut pieces = Vec::new();
        let mut end = 0;
        for (hole, piece) in holes {
            pieces.push(Piece::Fixed(text[end..hole.start].to_vec()));
            pieces.push(piece);
            end = hole.end;
        }
        pieces.push(Piece::Fixed(text[end..].to_vec()));
        right.then_some(Template(pieces))
    }

    /// Is this the delivery of this data, with the number after `last`, which is then the last one?
    fn fits(&self, text: &[u8], data: &str, last: &mut u64) -> bool {
        let mut rest = Some(text);
        for piece in &self.0 {
            rest = rest.and_then(|rest| match piece {
                Piece::Fixed(bytes) => rest.strip_prefix(bytes.as_slice()),
                Piece::Data => rest.strip_prefix(data.as_bytes()),
                Piece::Sequence => {
                    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
                    let length = digits.count();
                    let number = str::from_utf8(&rest[..length]).ok()?.parse::<u64>().ok()?;
                    (number == *last + 1).then(|| *last = number)?;
                    Some(&rest[length..])
                }
            });
        }
        rest.is_some_and(<[u8]>::is_empty)
    }
}

/// Where these words stand.
fn place(text: &[u8], words: &str) -> Option<Range<usize>> {
    let mut places = text.windows(words.len());
    let from = places.position(|part| part == words.as_bytes())?;
    Some(from..from + words.len())
}

/// The number, and letters that differ from those of the messages before and after.
fn payload(number: u64) -> String {
    let letters =
        (0..PAYLOAD - NUMBER).map(|at| (b'a' + ((number as usize + at) % 26) as u8) as char);
    let mut text = format!("{number:0NUMBER$}");
    text.extend(letters);
    text
}
