//! The bot that comes with Chatr: help, who is here, dice, reminders.

use super::{Act, Bot, Heard};
use app::chat::{Kind, Message, Person, UserId};
use std::time::Duration;

/// The longest time ahead. Source: ours; what is longer belongs into a calendar.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Dice in one throw, and faces of one die.
const DICE: u32 = 20;
const FACES: u32 = 1_000;

const HELP: &str = "I can:\n\
    /help: say this\n\
    /who: say who of this chat is online\n\
    /dice 2d6+1: throw dice\n\
    /remind 10m tea is ready: remind you later (s, m, h or d)\n\
    Or write my name with an @.";

pub struct Concierge {
    person: Person,
}

impl Default for Concierge {
    fn default() -> Self {
        Concierge {
            person: Person {
                // Fixed: it was drawn once, and the bot is the same one after every start.
                id: UserId::from_bytes(
                    0x9c1d_7a60_52e3_4b0f_8f3a_6d25_b1c4_e807_u128.to_be_bytes(),
                ),
                name: "Chatr".parse().expect("a fit name"),
                tag: None,
                kind: Kind::Bot,
            },
        }
    }
}

impl Bot for Concierge {
    fn person(&self) -> Person {
        self.person.clone()
    }

    fn is_addressed(&self, message: &Message, is_private: bool) -> bool {
        let text = message.body.as_str();
        is_private || command(text).is_some() || self.is_mentioned(text)
    }

    fn answer(&self, heard: &Heard<'_>) -> Vec<Act> {
        let text = heard.message.body.as_str();
        let asker = &heard.message.author;
        let Some((name, rest)) = command(text) else {
            return vec![Act::Say(format!("Hello {asker}. {HELP}"))];
        };
        match name {
            "help" => vec![Act::Say(HELP.into())],
            "who" => vec![Act::Say(who(heard))],
            "dice" => vec![Act::Say(dice(asker, rest, heard.roll))],
            "remind" => vec![remind(asker, rest)],
            // Somebody else's command, unless it can only be for this bot.
            other if heard.is_private || self.is_mentioned(rest) => {
                vec![Act::Say(format!("I do not know /{other}. {HELP}"))]
            }
            _ => Vec::new(),
        }
    }
}

impl Concierge {
    fn is_mentioned(&self, text: &str) -> bool {
        let mention = format!("@{}", self.person.name).to_lowercase();
        let text = text.to_lowercase();
        text.match_indices(&mention).any(|(at, found)| {
            let before = text[..at].chars().next_back();
            let after = text[at + found.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
    }
}

/// A slash, letters, and what follows them.
fn command(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('/')?;
    let (name, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase());
    is_name.then_some((name, rest.trim()))
}

fn who(heard: &Heard<'_>) -> String {
    let names: Vec<String> = heard.here.iter().map(Person::to_string).collect();
    match names.len() {
        0 => "Nobody of this chat is online.".into(),
        1 => format!("Online here: {}.", names[0]),
        count => format!("Online here ({count}): {}.", names.join(", ")),
    }
}

fn dice(asker: &Person, wish: &str, roll: &dyn Fn(u32) -> u32) -> String {
    let Some((count, faces, bonus)) = throw(wish) else {
        return format!("Write it like /dice 2d6+1, with at most {DICE} dice of {FACES} faces.");
    };
    let rolled: Vec<u32> = (0..count).map(|_| roll(faces)).collect();
    let sum = i64::from(rolled.iter().sum::<u32>()) + bonus;
    let each = rolled
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(" + ");
    let bonus = match bonus {
        0 => String::new(),
        more if more > 0 => format!(" + {more}"),
        less => format!(" - {}", -less),
    };
    if count == 1 && bonus.is_empty() {
        return format!("{asker} threw {sum}.");
    }
    format!("{asker} threw {each}{bonus} = {sum}.")
}

/// `2d6+1` as its three numbers; nothing at all is one ordinary die.
fn throw(wish: &str) -> Option<(u32, u32, i64)> {
    let wish: String = wish.chars().filter(|c| !c.is_whitespace()).collect();
    if wish.is_empty() {
        return Some((1, 6, 0));
    }
    let (dice, bonus) = match wish.find(['+', '-']) {
        Some(at) => {
            let bonus: i64 = wish[at..].parse().ok()?;
            (&wish[..at], bonus)
        }
        None => (wish.as_str(), 0),
    };
    let (count, faces) = dice.split_once('d')?;
    let count = if count.is_empty() {
        1
    } else {
        count.parse().ok()?
    };
    let faces = faces.parse().ok()?;
    let fair = (1..=DICE).contains(&count) && (2..=FACES).contains(&faces) && bonus.abs() <= 10_000;
    fair.then_some((count, faces, bonus))
}

fn remind(asker: &Person, wish: &str) -> Act {
    let (delay, text) = wish.split_once(char::is_whitespace).unwrap_or((wish, ""));
    let text = text.trim();
    let Some(span) = span(delay).filter(|span| *span <= LONGEST && !text.is_empty()) else {
        return Act::Say(
            "Write it like /remind 10m tea is ready, with s, m, h or d, up to 30d.".into(),
        );
    };
    Act::Remind {
        text: format!("{asker}, you asked me to remind you: {text}"),
        delay: span,
        confirmation: format!("I will remind you in {}, {asker}.", words(span)),
        refusal: format!(
            "{asker}, you have too many reminders waiting already. Wait for one of them first."
        ),
    }
}

fn span(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let count: u64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    (count > 0).then(|| Duration::from_secs(count.saturating_mul(seconds)))
}

fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    let (count, unit) = [(86_400, "day"), (3_600, "hour"), (60, "minute")]
        .into_iter()
        .find(|(size, _)| seconds.is_multiple_of(*size))
        .map_or((seconds, "second"), |(size, unit)| (seconds / size, unit));
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::chat::{ChatId, DraftId, Millis, Seq};

    fn hears(text: &str, is_private: bool) -> Vec<Act> {
        let ada = Person {
            id: UserId::from_bytes([1; 16]),
            name: "Ada".parse().expect("fit"),
            tag: None,
            kind: Kind::Guest,
        };
        let message = Message {
            chat: ChatId::from_bytes([1; 16]),
            seq: Seq(1),
            draft: DraftId::from_bytes([1; 16]),
            author: ada.clone(),
            body: text.parse().expect("fit"),
            posted_at: Millis(0),
            masked: false,
        };
        let bot = Concierge::default();
        if !bot.is_addressed(&message, is_private) {
            return Vec::new();
        }
        bot.answer(&Heard {
            message: &message,
            is_private,
            here: &[ada],
            now: Millis(0),
            roll: &|faces| faces,
        })
    }

    fn says(text: &str) -> String {
        match hears(text, false).as_slice() {
            [Act::Say(said)] => said.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_is_silent_unless_it_is_meant() {
        assert_eq!(hears("hello all", false), []);
        assert_eq!(hears("and/or", false), []);
        assert_eq!(hears("/shrug", false), []);
        assert_eq!(hears("mail me@chatrooms.example", false), []);
        assert_ne!(hears("hello all", true), []);
        assert_ne!(hears("what can you do, @chatr?", false), []);
    }

    #[test]
    fn dice_show_every_die_and_the_sum() {
        assert_eq!(says("/dice"), "Ada threw 6.");
        assert_eq!(says("/dice 2d6+1"), "Ada threw 6 + 6 + 1 = 13.");
        assert_eq!(says("/dice d20-3"), "Ada threw 20 - 3 = 17.");
    }

    #[test]
    fn a_throw_that_makes_no_sense_is_answered_with_an_example() {
        for wish in [
            "/dice 0d6",
            "/dice 99d6",
            "/dice 2d1",
            "/dice x",
            "/dice 1d6+99999999999999999999",
        ] {
            assert!(says(wish).contains("/dice 2d6+1"), "{wish}");
        }
    }

    #[test]
    fn a_reminder_has_its_time_and_its_text() {
        let acts = hears("/remind 10m tea is ready", false);
        let [
            Act::Remind {
                text,
                delay,
                confirmation,
                ..
            },
        ] = acts.as_slice()
        else {
            panic!("{acts:?}");
        };
        assert_eq!(*delay, Duration::from_secs(600));
        assert_eq!(text, "Ada, you asked me to remind you: tea is ready");
        assert_eq!(confirmation, "I will remind you in 10 minutes, Ada.");
    }

    #[test]
    fn a_reminder_without_time_or_text_is_answered_with_an_example() {
        for wish in [
            "/remind",
            "/remind tea",
            "/remind 10m",
            "/remind 31d tea",
            "/remind 0s tea",
            "/remind 5ä tea",
        ] {
            assert!(says(wish).contains("/remind 10m"), "{wish}");
        }
    }

    #[test]
    fn who_names_those_who_are_here() {
        assert_eq!(says("/who"), "Online here: Ada.");
    }
}
