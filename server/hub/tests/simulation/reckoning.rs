//! What must be true of a run in the end. Refuses to know how it came to that.

use super::ledger::Broken;
use super::world::{Client, NOBODYS, World};
use std::collections::{BTreeMap, HashSet};
use wire::link::Outcome;

/// What must be true in the end.
pub fn reckon(world: &World) -> Result<(), Broken> {
    let broken = |what: String| -> Result<(), Broken> { Err(what) };
    let log = world.application.log();
    let said = |key: &u64| *key < NOBODYS;
    let unique: HashSet<&u64> = log.iter().filter(|key| said(key)).collect();
    if unique.len() != log.iter().filter(|key| said(key)).count() {
        return broken("something was written down twice".to_owned());
    }
    for (number, client) in world.clients.iter().enumerate() {
        let name = &client.name;
        let outcome = |key: u64| client.ledger.outcome(key);
        for (key, by_event) in client.said() {
            let Some(outcome) = outcome(key) else {
                return broken(format!("{name} was never told of {key}"));
            };
            if by_event && *outcome == Outcome::Done && !unique.contains(&key) {
                return broken(format!("{key} of {name} was acknowledged, and is lost"));
            }
        }
        let own = log
            .iter()
            .copied()
            .filter(|key| World::speaker(*key) == Some(number));
        in_order(own.filter(|key| outcome(*key) != Some(&Outcome::Failed)))
            .map_err(|why| format!("{name} in the log: {why}"))?;
        for hearer in &world.clients {
            talked(client, hearer).map_err(|why| format!("{} hears {name}: {why}", hearer.name))?;
        }
    }
    if world.application.told_twice() {
        return broken("the end of a connection was told twice".to_owned());
    }
    Ok(())
}

fn in_order(keys: impl Iterator<Item = u64>) -> Result<(), Broken> {
    let mut last = 0;
    for key in keys {
        if key <= last {
            return Err(format!("{key} after {last}"));
        }
        last = key;
    }
    Ok(())
}

/// What one hears of another in the talk: in order, no oftener than it was sent to different sessions, and all that
/// was acknowledged while the hearer's present session lasts.
fn talked(speaker: &Client, hearer: &Client) -> Result<(), Broken> {
    let heard = hearer
        .ledger
        .talk
        .iter()
        .filter(|(who, ..)| *who == speaker.name);
    let heard: Vec<(u64, u64)> = heard.map(|(_, key, session)| (*key, *session)).collect();
    if speaker.name == hearer.name {
        return match heard.first() {
            Some((key, _)) => Err(format!("its own {key}")),
            None => Ok(()),
        };
    }
    let mut times: BTreeMap<u64, u64> = BTreeMap::new();
    let mut firsts = Vec::new();
    for (key, _) in &heard {
        let times = times.entry(*key).or_default();
        *times += 1;
        if *times == 1 && speaker.ledger.outcome(*key) != Some(&Outcome::Failed) {
            firsts.push(*key);
        }
        let sent = speaker.ledger.sent.get(key).map_or(0, |sent| sent.sessions);
        if *times > sent {
            return Err(format!(
                "{key} {times} times, which was sent in {sent} sessions"
            ));
        }
    }
    in_order(firsts.into_iter())?;
    let now: HashSet<u64> = heard
        .iter()
        .filter(|(_, session)| *session == hearer.ledger.session)
        .map(|(key, _)| *key)
        .collect();
    for (key, by_event) in speaker.said() {
        let sent = speaker.ledger.sent.get(&key).map(|sent| sent.first);
        let owed = !by_event
            && speaker.ledger.outcome(key) == Some(&Outcome::Done)
            && sent.is_some_and(|at| at >= hearer.ledger.since);
        if owed && !now.contains(&key) {
            return Err(format!("{key} was acknowledged, and is lost"));
        }
    }
    Ok(())
}
