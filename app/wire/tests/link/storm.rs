//! Whatever can happen to a link, in any order, and what holds all the same.

use super::service::Answers;
use super::world::{PASSING, World, event, publish};
use proptest::prelude::*;
use std::collections::BTreeSet;
use wire::frame::AckErrorName;
use wire::link::{Input, NoTicket, Outcome, Request};

/// What can happen to a link.
#[derive(Clone, Debug)]
enum Event {
    Pass(u64),
    Sleep(u64),
    Drop(Option<u16>),
    /// The socket dies and the request on it is lost with it.
    Cut,
    Send,
    SendNow,
    Forget(u8),
    Say,
    Answers(u8),
    Reachable(bool),
    Swallow,
    Mute(bool),
    Ticket(u8),
    TicketLost(bool),
    ForgetSessions,
    Goodbye,
    Hurry,
    Start,
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (1_u64..20_000).prop_map(Event::Pass),
        1 => (1_u64..200_000).prop_map(Event::Sleep),
        3 => prop_oneof![
            Just(None), Just(Some(1000)), Just(Some(1001)), Just(Some(1006)), Just(Some(1008)), Just(Some(1011))
        ].prop_map(Event::Drop),
        1 => Just(Event::Cut),
        8 => Just(Event::Send),
        2 => Just(Event::SendNow),
        1 => any::<u8>().prop_map(Event::Forget),
        6 => Just(Event::Say),
        2 => (0_u8..5).prop_map(Event::Answers),
        2 => any::<bool>().prop_map(Event::Reachable),
        1 => Just(Event::Swallow),
        1 => any::<bool>().prop_map(Event::Mute),
        1 => (0_u8..3).prop_map(Event::Ticket),
        1 => any::<bool>().prop_map(Event::TicketLost),
        1 => Just(Event::ForgetSessions),
        1 => Just(Event::Goodbye),
        1 => Just(Event::Hurry),
        1 => Just(Event::Start),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nothing_is_lost_doubled_or_reordered_and_the_link_comes_back(
        seed in any::<u64>(),
        events in prop::collection::vec(any_event(), 1..120),
    ) {
        let mut world = World::new(seed);
        let (mut key, mut said) = (0_u128, 0);
        let mut forgotten = BTreeSet::new();
        world.start();
        for event_now in events {
            match event_now {
                Event::Pass(ms) => world.run_for(ms),
                Event::Sleep(ms) => world.sleep_for(ms),
                Event::Drop(code) => world.drop_socket(code),
                Event::Cut => {
                    world.swallow();
                    key += 1;
                    world.send(Request::keyed(key, event(key)));
                    world.drop_socket(None);
                }
                Event::Send => {
                    key += 1;
                    world.send(Request::keyed(key, if key.is_multiple_of(2) { event(key) } else { publish(key) }));
                }
                Event::SendNow => {
                    world.send(Request::passing(publish(PASSING)));
                }
                Event::Forget(back) => {
                    let key = key.saturating_sub(u128::from(back % 8));
                    forgotten.insert(key);
                    world.input(Input::Forget { key });
                }
                Event::Say => {
                    said += 1;
                    world.service.say(said);
                }
                Event::Answers(which) => world.service.answers = match which {
                    0 | 1 => Answers::All,
                    2 => Answers::None,
                    3 => Answers::Errors(AckErrorName::InternalServerError, 3),
                    _ => Answers::Errors(AckErrorName::Forbidden, 1),
                },
                Event::Reachable(reachable) => world.service.reachable = reachable,
                Event::Swallow => world.swallow(),
                Event::Mute(mute) => world.service.mute = mute,
                Event::Ticket(which) => world.ticket = match which {
                    0 => Ok(()),
                    1 => Err(NoTicket::Unreachable),
                    _ => Err(NoTicket::SignedOut),
                },
                Event::TicketLost(lost) => world.ticket_lost = lost,
                Event::ForgetSessions => world.service.forget_sessions(),
                Event::Goodbye => world.service.goodbye(),
                Event::Hurry => { world.input(Input::Hurry); }
                Event::Start => world.start(),
            }
            world.check()?;
        }
        world.heal();
        // A refusal that is on its way still counts; whoever signs in again starts again.
        world.run_for(1_000);
        world.start();
        world.run_for(700_000);
        world.check()?;

        prop_assert_eq!(world.link.unsettled().count(), 0);
        let settled: Vec<u128> = world.settled.iter().map(|(key, _)| *key).collect();
        prop_assert!(settled.is_sorted_by(|a, b| a < b), "settled in order, once: {:?}", settled);
        for key in 1..=key {
            let known = settled.binary_search(&key).is_ok();
            prop_assert!(known || forgotten.contains(&key), "{} is settled", key);
        }
        for (key, outcome) in &world.settled {
            if *outcome == Outcome::Done {
                prop_assert!(world.executed().contains(key), "{} was done", key);
            }
        }
        world.service.say(said + 1);
        world.run_for(1_000);
        prop_assert_eq!(world.delivered.last(), Some(&(said + 1)));
    }
}
