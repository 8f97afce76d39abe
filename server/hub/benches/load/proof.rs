//! The load itself, tried: it must find each flaw of a server that has one on purpose, and none in one without. A bench
//! that notices nothing would call any server fast.

use crate::lab::{Fault, void};
use crate::limit;
use crate::peers::Peer;
use crate::stage::{Measured, Pace, Stage};
use crate::{flaw, peers};
use std::time::Duration;

const LISTENERS: usize = 10;
const LENGTH: Duration = Duration::from_millis(60);

/// Messages a second: some for the lone way and, in between, some that the server joins.
const PACES: [Pace; 2] = [Pace::Rate(500), Pace::Window];

pub fn prove() -> Result<(), Fault> {
    for name in [
        limit::NAME,
        limit::EACH,
        peers::HUB_PLAIN,
        peers::HUB_RELIABLE,
    ] {
        let Some(peer) = Peer::named(name) else {
            return void(format!("{name} is not there"));
        };
        for pace in PACES {
            try_with(peer, pace)?;
        }
    }
    for name in flaw::NAMES {
        for pace in PACES {
            match try_with(&Peer::with_flaw(name), pace) {
                Err(Fault::Void(_)) => {}
                Err(other) => return Err(other),
                Ok(()) => return void(format!("the load does not notice the flaw: {name}")),
            }
        }
    }
    println!(
        "bench: the load finds {} of {} flaws of a faulty server, and none where there is none",
        flaw::NAMES.len(),
        flaw::NAMES.len()
    );
    Ok(())
}

fn try_with(peer: &Peer, pace: Pace) -> Result<(), Fault> {
    let Some(mut stage) = Stage::set(peer, LISTENERS)? else {
        return void(format!("{} is not there", peer.name));
    };
    stage.be_impatient();
    stage.run(pace, LENGTH, &mut Measured::default())
}
