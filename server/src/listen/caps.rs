//! How many connections there may be: of one address, and in all. A place is taken for as long as the stream
//! lives, whatever it turns into.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Caps {
    each: usize,
    all: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    by: HashMap<IpAddr, usize>,
    all: usize,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// This address has all that one may have.
    Address,
    All,
}

/// One connection's right to be there, given back on drop.
#[derive(Debug)]
pub struct Place {
    caps: Caps,
    address: IpAddr,
}

impl Caps {
    /// `each` for one address, `all` together.
    pub fn new(each: usize, all: usize) -> Self {
        Caps {
            each,
            all,
            taken: Arc::default(),
        }
    }

    pub fn admit(&self, address: IpAddr) -> Result<Place, Full> {
        let mut taken = self.lock();
        if taken.all >= self.all {
            return Err(Full::All);
        }
        let by = taken.by.entry(address).or_default();
        if *by >= self.each {
            return Err(Full::Address);
        }
        *by += 1;
        taken.all += 1;
        Ok(Place {
            caps: self.clone(),
            address,
        })
    }

    /// How many connections there are.
    pub fn open(&self) -> usize {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.caps.lock();
        taken.all -= 1;
        if let Some(by) = taken.by.get_mut(&self.address) {
            *by -= 1;
            if *by == 0 {
                taken.by.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn an_address_has_its_share_and_all_have_theirs() {
        let caps = Caps::new(2, 3);
        let _held = [caps.admit(ONE).unwrap(), caps.admit(ONE).unwrap()];
        assert_eq!(caps.admit(ONE).unwrap_err(), Full::Address);
        let _other = caps.admit(OTHER).unwrap();
        assert_eq!(caps.admit(OTHER).unwrap_err(), Full::All);
    }

    #[test]
    fn a_place_is_given_back_and_nothing_of_it_is_kept() {
        let caps = Caps::new(1, 1);
        drop(caps.admit(ONE).unwrap());
        assert_eq!(caps.open(), 0);
        assert!(caps.lock().by.is_empty());
        assert!(caps.admit(ONE).is_ok());
    }
}
