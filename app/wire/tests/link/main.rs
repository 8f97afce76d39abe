//! The link against a model of the service, on a clock that the test turns.

mod service;
mod storm;
mod world;

use service::Answers;
use wire::frame::AckErrorName;
use wire::link::{Input, MOST_WAITING, NoTicket, Outcome, Output, Request, Status};
use world::{World, event, publish};

fn fresh(first: bool) -> Status {
    Status::Fresh { first }
}

#[test]
fn a_started_link_fetches_a_ticket_opens_it_and_is_online() {
    let mut world = World::new(1);
    world.start();
    world.run_for(1_000);
    assert_eq!(world.statuses, [Status::Connecting, fresh(true)]);
    assert_eq!(world.opened, ["wss://hub/client/hubs/chat?access_token=t1"]);
}

#[test]
fn a_second_start_changes_nothing() {
    let mut world = World::new(1);
    world.start();
    world.run_for(1_000);
    world.start();
    world.run_for(1_000);
    assert_eq!(world.opened.len(), 1);
}

#[test]
fn what_is_asked_while_offline_is_sent_in_order_once_online() {
    let mut world = World::new(1);
    for key in 1..=5 {
        world.send(Request::keyed(key, event(key)));
    }
    assert!(world.service.record.is_empty());
    world.start();
    world.run_for(5_000);
    assert_eq!(world.executed(), [1, 2, 3, 4, 5]);
    assert_eq!(
        world.settled,
        (1..=5).map(|key| (key, Outcome::Done)).collect::<Vec<_>>()
    );
    assert_eq!(world.link.unsettled().count(), 0);
}

#[test]
fn a_request_without_a_key_is_for_now_or_never() {
    let mut world = World::new(1);
    world.send(Request::passing(publish(1)));
    world.start();
    world.run_for(1_000);
    assert!(world.executed().is_empty());
    world.send(Request::passing(publish(2)));
    world.run_for(1_000);
    assert_eq!(world.executed(), [2]);
    assert_eq!(
        world.transmitted.last().map(String::as_str),
        Some(r#"{"type":"sendToGroup","group":"room","noEcho":true,"dataType":"json","data":2}"#)
    );
    assert!(world.settled.is_empty());
}

#[test]
fn a_published_message_with_a_key_is_acknowledged_and_not_echoed() {
    let mut world = World::online();
    world.send(Request::keyed(9, publish(9)));
    assert_eq!(
        world.transmitted.last().map(String::as_str),
        Some(
            r#"{"type":"sendToGroup","group":"room","ackId":1,"noEcho":true,"dataType":"json","data":9}"#
        )
    );
    world.run_for(1_000);
    assert_eq!(world.settled, [(9, Outcome::Done)]);
}

#[test]
fn a_full_queue_refuses_the_newest() {
    let mut world = World::new(1);
    for key in 0..=MOST_WAITING as u128 {
        world.send(Request::keyed(key, event(key)));
    }
    assert_eq!(world.link.unsettled().count(), MOST_WAITING);
    assert_eq!(world.settled, [(MOST_WAITING as u128, Outcome::Full)]);
}

#[test]
fn the_same_key_waits_once() {
    let mut world = World::new(1);
    world.send(Request::keyed(1, event(1)));
    world.send(Request::keyed(1, event(1)));
    assert_eq!(world.link.unsettled().count(), 1);
}

#[test]
fn a_forgotten_request_is_not_sent() {
    let mut world = World::new(1);
    world.send(Request::keyed(1, event(1)));
    world.send(Request::keyed(2, event(2)));
    world.input(Input::Forget { key: 1 });
    world.start();
    world.run_for(1_000);
    assert_eq!(world.executed(), [2]);
}

#[test]
fn a_dropped_connection_is_recovered_with_its_id_and_token_and_without_a_ticket() {
    let mut world = World::online();
    world.drop_socket(None);
    world.service.say(1);
    world.run_for(2_000);
    assert_eq!(
        world.statuses[2..],
        [Status::Lost, Status::Connecting, Status::Recovered]
    );
    assert_eq!(
        world.opened[1],
        "wss://hub/client/hubs/chat?awps_connection_id=c%2F1&awps_reconnection_token=tok%2F%2B%3D1"
    );
    assert_eq!(world.tickets, 1);
    assert_eq!(world.delivered, [1]);
}

#[test]
fn an_unanswered_request_is_repeated_under_its_old_id_and_a_duplicate_is_a_success() {
    let mut world = World::online();
    world.service.answers = Answers::None;
    world.send(Request::keyed(1, event(1)));
    world.run_for(100);
    assert_eq!(world.executed(), [1]);
    world.drop_socket(Some(1001));
    world.service.answers = Answers::All;
    world.run_for(2_000);
    assert_eq!(world.ack_ids(), [1, 1]);
    assert_eq!(world.executed(), [1]);
    assert_eq!(world.settled, [(1, Outcome::Done)]);
}

#[test]
fn a_refused_recovery_leads_to_a_fresh_connection_with_new_ids() {
    let mut world = World::online();
    world.service.answers = Answers::None;
    world.send(Request::keyed(1, event(1)));
    world.run_for(100);
    world.service.forget_sessions();
    world.drop_socket(None);
    world.service.answers = Answers::All;
    world.run_for(2_000);
    assert_eq!(
        world.statuses[2..],
        [Status::Lost, Status::Connecting, fresh(false)]
    );
    assert_eq!(world.tickets, 2);
    assert_eq!(world.ack_ids(), [1, 2]);
    assert_eq!(world.settled, [(1, Outcome::Done)]);
}

#[test]
fn a_session_that_the_service_ended_is_not_recovered() {
    let mut world = World::online();
    world.drop_socket(Some(1008));
    world.run_for(2_000);
    assert_eq!(world.tickets, 2);
    assert_eq!(world.opened.len(), 2);
    assert_eq!(world.statuses.last(), Some(&fresh(false)));
}

#[test]
fn after_thirty_seconds_nobody_tries_to_recover() {
    let mut world = World::online();
    world.service.reachable = false;
    world.drop_socket(None);
    world.run_for(31_000);
    world.service.reachable = true;
    let attempts = world.opened.len();
    world.run_for(60_000);
    assert!(world.opened[1].contains("awps_connection_id"));
    assert!(world.opened[attempts].contains("access_token"));
    assert_eq!(world.statuses.last(), Some(&fresh(false)));
}

#[test]
fn a_connection_without_a_token_is_not_recovered() {
    let mut world = World::new(1);
    world.service.reliable = false;
    world.start();
    world.run_for(1_000);
    world.drop_socket(None);
    world.run_for(2_000);
    assert_eq!(world.tickets, 2);
    assert_eq!(world.statuses.last(), Some(&fresh(false)));
}

#[test]
fn a_recovery_that_is_not_announced_is_seen_from_the_first_frame() {
    let mut world = World::online();
    world.service.announces_recovery = false;
    world.drop_socket(None);
    world.service.say(1);
    world.run_for(2_000);
    assert_eq!(world.statuses.last(), Some(&Status::Recovered));
    assert_eq!(world.delivered, [1]);
}

#[test]
fn a_repeated_message_is_delivered_once_and_acknowledged_again() {
    let mut world = World::online();
    world.service.say(1);
    world.service.say(2);
    world.run_for(100);
    world.drop_socket(None);
    world.run_for(3_000);
    assert_eq!(world.delivered, [1, 2]);
    assert_eq!(world.service.unacknowledged(), 0);
}

#[test]
fn messages_are_acknowledged_once_a_second() {
    let mut world = World::online();
    for number in 1..=20 {
        world.service.say(number);
        world.run_for(100);
    }
    assert!((1..=2).contains(&world.sequence_acks()));
    world.run_for(1_000);
    assert_eq!(world.service.unacknowledged(), 0);
}

#[test]
fn fifty_messages_are_acknowledged_at_once() {
    let mut world = World::online();
    for number in 1..=49 {
        world.service.say(number);
    }
    world.run_for(100);
    assert_eq!(world.sequence_acks(), 0);
    world.service.say(50);
    world.run_for(100);
    assert_eq!(world.sequence_acks(), 1);
    assert_eq!(world.service.unacknowledged(), 0);
}

#[test]
fn a_request_that_the_service_failed_at_is_sent_again_under_a_new_id() {
    let mut world = World::online();
    world.service.answers = Answers::Errors(AckErrorName::InternalServerError, 2);
    world.send(Request::keyed(1, event(1)));
    world.send(Request::keyed(2, event(2)));
    world.run_for(10_000);
    assert_eq!(world.executed(), [1, 2]);
    assert_eq!(world.ack_ids(), [1, 2, 3, 4]);
    assert_eq!(world.opened.len(), 1);
}

#[test]
fn the_service_may_fail_five_times() {
    let mut world = World::online();
    world.service.answers = Answers::Errors(AckErrorName::InternalServerError, 5);
    world.send(Request::keyed(1, event(1)));
    world.send(Request::keyed(2, event(2)));
    world.run_for(60_000);
    assert_eq!(world.ack_ids().len(), 6);
    assert_eq!(world.settled, [(1, Outcome::Failed), (2, Outcome::Done)]);
}

#[test]
fn a_refused_request_is_not_repeated() {
    for name in [
        AckErrorName::Forbidden,
        AckErrorName::NotFound,
        AckErrorName::BadRequest,
        AckErrorName::Other("Tired".into()),
    ] {
        let mut world = World::online();
        world.service.answers = Answers::Errors(name.clone(), 1);
        world.send(Request::keyed(1, event(1)));
        world.run_for(60_000);
        assert_eq!(world.settled, [(1, Outcome::Refused(name))]);
        assert_eq!(world.ack_ids(), [1]);
    }
}

#[test]
fn a_request_that_nobody_answers_is_repeated_once_and_then_fails_while_the_link_stays() {
    let mut world = World::online();
    world.service.answers = Answers::None;
    world.send(Request::keyed(1, event(1)));
    world.run_for(59_000);
    assert_eq!(world.ack_ids(), [1, 1]);
    assert!(world.settled.is_empty());
    world.run_for(2_000);
    assert_eq!(world.settled, [(1, Outcome::Failed)]);
    assert_eq!(world.opened.len(), 1);
}

#[test]
fn a_request_that_breaks_the_connection_does_not_break_the_next_one() {
    let mut world = World::online();
    world.service.answers = Answers::None;
    world.send(Request::keyed(1, event(1)));
    world.drop_socket(Some(1009));
    world.service.answers = Answers::All;
    world.run_for(2_000);
    assert_eq!(world.settled, [(1, Outcome::Failed)]);
    world.send(Request::keyed(2, event(2)));
    world.run_for(1_000);
    assert_eq!(world.settled.last(), Some(&(2, Outcome::Done)));
}

#[test]
fn silence_is_asked_about_after_25_s_and_ends_the_connection_after_35_s() {
    let mut world = World::online();
    world.swallow();
    let online_at = world.now;
    world.run_for(24_000);
    assert_eq!(world.pings(), 0);
    world.run_for(1_000);
    assert_eq!(world.pings(), 1);
    world.run_for(9_000);
    assert_eq!(world.opened.len(), 1);
    world.run_for(2_000);
    assert!(world.now - online_at <= 37_000);
    assert_eq!(world.opened.len(), 2);
    assert_eq!(world.statuses.last(), Some(&Status::Recovered));
}

#[test]
fn a_quiet_service_that_answers_is_alive() {
    let mut world = World::online();
    world.run_for(300_000);
    assert_eq!(world.opened.len(), 1);
    assert!((10..=12).contains(&world.pings()));
}

#[test]
fn a_computer_that_slept_connects_again_at_once() {
    let mut world = World::online();
    world.sleep_for(3_600_000);
    world.run_for(2_000);
    assert_eq!(world.opened.len(), 2);
    assert_eq!(world.pings(), 0);
    assert!(matches!(
        world.statuses.last(),
        Some(Status::Recovered | Status::Fresh { first: false })
    ));
}

#[test]
fn a_timer_that_a_hidden_page_gets_late_is_no_reason_to_reconnect() {
    let mut world = World::online();
    world.sleep_for(60_000);
    world.run_for(20_000);
    assert_eq!(world.opened.len(), 1);
}

#[test]
fn hurry_ends_the_pause_between_attempts() {
    let mut world = World::online();
    world.service.reachable = false;
    world.drop_socket(None);
    world.run_for(300_000);
    world.run_until(|world| world.statuses.last() == Some(&Status::Lost));
    world.service.reachable = true;
    world.input(Input::Hurry);
    world.run_for(100);
    assert_eq!(world.statuses.last(), Some(&fresh(false)));
}

#[test]
fn hurry_asks_a_connection_that_was_quiet_whether_it_lives() {
    let mut world = World::online();
    world.run_for(1_000);
    world.input(Input::Hurry);
    assert_eq!(world.pings(), 0);
    world.run_for(5_000);
    world.input(Input::Hurry);
    assert_eq!(world.pings(), 1);
}

#[test]
fn who_is_signed_out_is_not_asked_again_before_the_next_start() {
    let mut world = World::new(1);
    world.ticket = Err(NoTicket::SignedOut);
    world.start();
    world.run_for(600_000);
    world.input(Input::Hurry);
    world.run_for(600_000);
    assert_eq!(world.statuses, [Status::Connecting, Status::SignedOut]);
    assert_eq!(world.tickets, 1);
    world.ticket = Ok(());
    world.send(Request::keyed(1, event(1)));
    world.start();
    world.run_for(1_000);
    assert_eq!(world.executed(), [1]);
}

#[test]
fn a_ticket_that_cannot_be_had_is_asked_for_again() {
    let mut world = World::new(1);
    world.ticket = Err(NoTicket::Unreachable);
    world.start();
    world.run_for(60_000);
    assert_eq!(world.statuses[..2], [Status::Connecting, Status::Lost]);
    world.ticket = Ok(());
    world.run_for(60_000);
    assert_eq!(world.statuses.last(), Some(&fresh(true)));
}

#[test]
fn a_ticket_and_a_socket_that_never_come_are_given_up_after_15_s() {
    let mut world = World::new(1);
    world.ticket_lost = true;
    world.start();
    world.run_for(17_000);
    assert_eq!(world.tickets, 2);
    world.ticket_lost = false;
    world.service.mute = true;
    world.run_for(40_000);
    assert!(world.opened.len() >= 2);
    world.service.mute = false;
    world.run_for(60_000);
    assert_eq!(world.statuses.last(), Some(&fresh(true)));
}

#[test]
fn a_goodbye_without_an_end_is_ended_here() {
    let mut world = World::online();
    world.service.goodbye();
    world.run_for(5);
    world.swallow();
    world.run_for(5_000);
    assert_eq!(world.opened.len(), 2);
    assert_eq!(world.statuses.last(), Some(&Status::Recovered));
}

#[test]
fn a_stopped_link_closes_and_is_silent() {
    let mut world = World::online();
    let outputs = world.input(Input::Stop);
    assert_eq!(outputs, [Output::Close]);
    let heard = world.outputs;
    world.run_for(600_000);
    world.input(Input::Hurry);
    world.input(Input::Timer);
    assert_eq!(world.outputs, heard);
}

#[test]
fn the_same_seed_behaves_the_same_and_another_one_differs() {
    let attempts = |seed| {
        let mut world = World::new(seed);
        world.service.reachable = false;
        world.start();
        world.run_for(300_000);
        world.opened_at
    };
    assert_eq!(attempts(7), attempts(7));
    assert_ne!(attempts(7), attempts(8));
}
