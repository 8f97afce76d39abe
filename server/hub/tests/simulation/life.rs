//! What happens in one run, and what must hold of it: bad luck for a while, then peace, then the reckoning.

use super::application::perform;
use super::ledger::Broken;
use super::reckoning::reckon;
use super::world::{Client, World};
use std::cell::Cell;
use std::sync::Once;
use std::time::Duration;
use wire::link::Input;
use wire::rest::{Call, Target};

/// Milliseconds after which everybody must have found back.
const HEALS_WITHIN: u64 = 300_000;

/// Milliseconds within which everybody notices that its socket is none any more, and finds back.
const NOTICES_WITHIN: u64 = 90_000;

thread_local! {
    /// Panics of tasks, which their runtime swallows.
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

static WATCH: Once = Once::new();

pub struct Life {
    pub end: Result<(), Broken>,
    /// Two runs of one seed have the same.
    pub digest: u64,
    pub steps: u64,
}

/// Lives through one seed. `tells` prints what happens.
pub fn live(seed: u64, tells: bool) -> Life {
    WATCH.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            usual(panic);
        }));
    });
    PANICS.set(0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let life = async {
        let mut world = World::new(seed, tells);
        let end = run(&mut world).await;
        Life {
            end,
            digest: world.story.digest(),
            steps: world.story.lines(),
        }
    };
    runtime.expect("a runtime").block_on(life)
}

async fn run(world: &mut World) -> Result<(), Broken> {
    (0..world.clients.len()).try_for_each(|client| world.input(client, Input::Start))?;
    for _ in 0..world.chance.between(5, 40) {
        act(world).await?;
        let ms = if world.chance.percent(75) {
            world.chance.between(0, 500)
        } else {
            world.chance.between(0, 15_000)
        };
        world.pass(ms).await?;
    }
    make_peace(world);
    settle(world).await?;
    for client in 0..world.clients.len() {
        world.say(client)?;
    }
    world.pass(NOTICES_WITHIN).await?;
    settle(world).await?;
    reckon(world)?;
    if PANICS.get() > 0 {
        return Err("a task panicked".to_owned());
    }
    Ok(())
}

/// One thing that people, machines and networks do.
async fn act(world: &mut World) -> Result<(), Broken> {
    let count = world.clients.len() as u64;
    let client = usize::try_from(world.chance.below(count)).expect("a few");
    let what = world.chance.below(100);
    world.story.tell(world.now, "gets", client, what);
    match what {
        0..=39 => {
            for _ in 0..world.chance.between(1, 4) {
                world.say(client)?;
            }
        }
        40..=57 => {
            let hub_learns = a_while(world);
            let client_learns = a_while(world);
            world.cut(client, hub_learns, client_learns);
        }
        58..=63 => {
            let ms = world.chance.between(100, 30_000);
            world.stall(client, ms);
        }
        64..=69 => {
            let (lost, ms) = (a_while(world), world.chance.between(1_000, 60_000));
            world.cut(client, lost, Some(0));
            world.clients[client].unreachable_until = world.now + ms;
        }
        70..=73 => {
            let ms = world.chance.between(1_000, 120_000);
            world.fall_asleep(client, ms);
        }
        74..=76 => world.tickets = !world.tickets,
        77..=80 => {
            if let (Some(house), Some(id)) = (&world.hub, &world.clients[client].connection) {
                let call = Call::Close {
                    whom: Target::Connection(id.clone()),
                    excluded: Vec::new(),
                    reason: None,
                };
                perform(house.rest.clone(), call).await;
            }
        }
        81..=83 => {
            let pause = world.chance.between(100, 20_000);
            if let Some(house) = world.close_hub(pause) {
                tokio::spawn(async move { house.hub.shut_down(Duration::from_secs(5)).await });
            }
        }
        84..=85 => {
            let pause = world.chance.between(100, 20_000);
            world.close_hub(pause);
            for client in 0..world.clients.len() {
                let learns = a_while(world);
                world.cut(client, Some(0), learns);
            }
            world.cut_the_rest();
        }
        86..=88 => world.input(client, Input::Hurry)?,
        89..=92 => {
            let most = world.chance.between(1, 3_000);
            world.travel = (world.chance.between(1, most), most);
        }
        93..=96 => {
            let slow = world.chance.below(20_000);
            let failing = world.chance.below(60);
            world.application.weather(slow, failing);
        }
        97 if world.chance.percent(10) => {
            // More than a session may owe.
            for _ in 0..1_100 {
                world.write_for_nobody().await;
            }
        }
        _ => {
            for _ in 0..world.chance.between(1, 60) {
                world.write_for_nobody().await;
            }
        }
    }
    Ok(())
}

/// When somebody learns that a socket is lost; perhaps never.
fn a_while(world: &mut World) -> Option<u64> {
    match world.chance.below(4) {
        0 => None,
        1 => Some(0),
        _ => Some(world.chance.between(0, 40_000)),
    }
}

fn make_peace(world: &mut World) {
    world.story.tell(world.now, "peace", 0, 0);
    world.travel = (1, 20);
    world.tickets = true;
    world.application.weather(50, 0);
    for client in &mut world.clients {
        client.unreachable_until = world.now;
    }
}

/// Waits until everybody is done and sees the same.
async fn settle(world: &mut World) -> Result<(), Broken> {
    let end = world.now + HEALS_WITHIN;
    while world.now < end {
        world.pass(1_000).await?;
        let log = world.application.log();
        let settled = |client: &Client| {
            client.link.unsettled().next().is_none()
                && !client.ledger.is_waiting()
                && client.ledger.log == log
        };
        if world.clients.iter().all(settled) {
            return Ok(());
        }
    }
    let mut why = String::from("they do not agree:");
    for client in &world.clients {
        let (name, left) = (&client.name, client.link.unsettled().count());
        let (seen, all) = (client.ledger.log.len(), world.application.written());
        why += &format!(" {name} has {left} things to say and sees {seen} of {all};");
    }
    Err(why)
}
