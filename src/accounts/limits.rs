//! Limits against guessing that do not let a stranger lock an owner out.
//!
//! Failures are counted, not uses: a try takes a token from each bucket that concerns it and gets it back unless it was
//! a wrong guess. Taking first means that a thousand tries at once are no way around.
//!
//! | bucket | holds | fills | empty |
//! |---|---|---|---|
//! | device and number | 10 | one a minute | this device waits |
//! | address and number | 5 | one a minute | this address waits for this number |
//! | number | 100 | one in 30 s | each address has 2 more tries, then one in 10 minutes |
//! | address | 2,000 | one a second | this address waits |
//!
//! - The owner's browser carries a mark ([`super::device`]) of an earlier sign-in. It has a bucket that nobody else can
//!   empty, and none of the others concerns it.
//! - The owner at a new device has the address's own bucket for the number. Strangers who hammer the number from
//!   elsewhere only make it smaller, they cannot empty it.
//! - A carrier's address has room for thousands of phones: who signs in well takes nothing, and what a hammering
//!   neighbour is refused takes nothing either, so that one who tries a single number empties only that number's
//!   bucket.
//! - When all this is of no use – a stranger behind the same address – a code sent to the number lets the owner in.
//!
//! A try that is refused is not looked at: right and wrong passwords get the same answer.
//!
//! Codes of authenticator apps have buckets of their own: 20 for a number over all addresses, and none beside it.
//!
//! All of it is in the memory of one process and is gone with it: with several nodes each counts for itself, so a
//! stranger has so many times the tries. Memory is bounded; numbers are kept as hashes.

use std::net::IpAddr;

use ring::digest;

use super::buckets::{Buckets, Key, Quota};
use super::device::Device;
use super::{AccountError, Caller, Phone};
use crate::clock::Micros;

/// The buckets for one kind of guessing.
#[derive(Debug)]
pub(super) struct Gate {
    device: Buckets,
    pair: Buckets,
    number: Buckets,
    pair_in_siege: Buckets,
    address: Buckets,
}

/// Tokens taken for a try. Dropped without [`Try::forgive`], they stay taken: a caller who hangs up has tried too.
#[derive(Debug)]
pub(super) struct Try<'a> {
    taken: Vec<(&'a Buckets, Key)>,
}

impl Try<'_> {
    /// It was no wrong guess.
    pub(super) fn forgive(self) {
        for (buckets, key) in self.taken {
            buckets.put_back(&key);
        }
    }
}

impl<'a> Try<'a> {
    fn take(&mut self, buckets: &'a Buckets, key: Key, now: Micros) -> Result<(), AccountError> {
        match buckets.take(key, now) {
            Ok(()) => {
                self.taken.push((buckets, key));
                Ok(())
            }
            Err(retry_after_s) => Err(AccountError::TooManyTries { retry_after_s }),
        }
    }
}

impl Gate {
    pub(super) fn new() -> Self {
        let of = |burst, each_ms| Buckets::new(Quota { burst, each_ms });
        Self {
            device: of(10, 60_000),
            pair: of(5, 60_000),
            number: of(100, 30_000),
            pair_in_siege: of(2, 600_000),
            address: of(2_000, 1_000),
        }
    }

    /// For codes of an authenticator app, which are guessed by whoever has the password already: a stranger's tries are
    /// few over all addresses, and the number's bucket is never made up for by addresses.
    pub(super) fn of_codes() -> Self {
        let of = |burst, each_ms| Buckets::new(Quota { burst, each_ms });
        Self { number: of(20, 180_000), pair_in_siege: of(0, 180_000), ..Self::new() }
    }

    /// Lets a try at `phone` begin, from `device` where it carries the number's mark.
    pub(super) fn admit(
        &self,
        caller: &Caller,
        device: Option<&Device>,
        phone: &Phone,
        now: Micros,
    ) -> Result<Try<'_>, AccountError> {
        let mut taken = Try { taken: Vec::with_capacity(3) };
        if let Some(device) = device {
            taken.take(&self.device, key(&[phone.as_str(), device.as_str()]), now)?;
            return Ok(taken);
        }
        match self.admit_stranger(&mut taken, &address_of(caller), phone, now) {
            Ok(()) => Ok(taken),
            Err(refused) => {
                // Refused, not failed: it must not use up what others need.
                taken.forgive();
                Err(refused)
            }
        }
    }

    fn admit_stranger<'a>(
        &'a self,
        taken: &mut Try<'a>,
        address: &str,
        phone: &Phone,
        now: Micros,
    ) -> Result<(), AccountError> {
        taken.take(&self.pair, key(&[address, phone.as_str()]), now)?;
        taken.take(&self.address, key(&[address]), now)?;
        if taken.take(&self.number, key(&[phone.as_str()]), now).is_err() {
            taken.take(&self.pair_in_siege, key(&[address, phone.as_str()]), now)?;
        }
        Ok(())
    }

    /// Forgets the failures of a number, and those of this caller at it.
    pub(super) fn forget(&self, caller: &Caller, phone: &Phone) {
        let pair = key(&[&address_of(caller), phone.as_str()]);
        self.pair.forget(&pair);
        self.pair_in_siege.forget(&pair);
        self.number.forget(&key(&[phone.as_str()]));
    }
}

/// Limits of asking for codes and of registering: here uses are counted, since each costs a message or tells something.
#[derive(Debug)]
pub(super) struct Uses {
    code_pair: Buckets,
    code_number: Buckets,
    code_address: Buckets,
    registered: Buckets,
    taken_numbers: Buckets,
}

impl Uses {
    pub(super) fn new() -> Self {
        let of = |burst, each_ms| Buckets::new(Quota { burst, each_ms });
        Self {
            code_pair: of(3, 300_000),
            code_number: of(6, 600_000),
            code_address: of(300, 5_000),
            registered: of(3_000, 1_000),
            taken_numbers: of(300, 10_000),
        }
    }

    /// A code for `phone` may be asked for: three at once from one address and six from everywhere, later one in five
    /// and in ten minutes.
    pub(super) fn ask_for_code(&self, caller: &Caller, phone: &Phone, now: Micros) -> Result<(), AccountError> {
        let address = address_of(caller);
        let mut taken = Try { taken: Vec::with_capacity(3) };
        let asked = taken
            .take(&self.code_pair, key(&[&address, phone.as_str()]), now)
            .and_then(|()| taken.take(&self.code_address, key(&[&address]), now))
            .and_then(|()| taken.take(&self.code_number, key(&[phone.as_str()]), now));
        if asked.is_err() {
            taken.forgive();
        }
        asked
    }

    /// An address may register: 3,000 at once and one more each second, and it may meet 300 numbers that are taken,
    /// later one in ten seconds, so that numbers cannot be looked up quickly. Give it back what did not happen.
    pub(super) fn register(&self, caller: &Caller, now: Micros) -> Result<Registering<'_>, AccountError> {
        let key = key(&[&address_of(caller)]);
        let mut of_all = Try { taken: Vec::with_capacity(1) };
        of_all.take(&self.registered, key, now)?;
        let mut of_taken = Try { taken: Vec::with_capacity(1) };
        match of_taken.take(&self.taken_numbers, key, now) {
            Ok(()) => Ok(Registering { of_all, of_taken }),
            Err(refused) => {
                of_all.forgive();
                Err(refused)
            }
        }
    }
}

/// What a registration has taken.
#[derive(Debug)]
pub(super) struct Registering<'a> {
    of_all: Try<'a>,
    of_taken: Try<'a>,
}

impl Registering<'_> {
    /// The number was free.
    pub(super) fn made(self) {
        self.of_taken.forgive();
    }

    /// Nothing was told about the number.
    pub(super) fn refused(self) {
        self.of_all.forgive();
        self.of_taken.forgive();
    }
}

/// Whom an address stands for: itself, in IPv6 its /64.
fn address_of(caller: &Caller) -> String {
    match caller.address.map(|address| address.to_canonical()) {
        None => String::new(),
        Some(IpAddr::V4(v4)) => v4.to_string(),
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

pub(super) fn key(parts: &[&str]) -> Key {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in parts {
        hash.update(part.as_bytes());
        hash.update(&[0]);
    }
    let mut key = Key::default();
    for (to, from) in key.iter_mut().zip(hash.finish().as_ref()) {
        *to = *from;
    }
    key
}
