//! The room's parts by themselves.

use std::net::IpAddr;

use argon2::Params;
use argon2::password_hash::PasswordHash;

use super::buckets::{Buckets, Quota};
use super::choice::{self, PasswordError};
use super::device::Devices;
use super::limits::{Gate, Uses, key};
use super::password::{NOBODY, Passwords, Verdict};
use super::{AccountError, Caller, Phone, second_factor};
use crate::clock::Micros;
use crate::config::SecretKey;
use crate::ids::{AccountId, SystemRandom};

const START: Micros = Micros(1_800_000_000_000_000);

fn phone(number: u32) -> Phone {
    Phone::parse(&format!("0812{number:08}")).unwrap()
}

fn from(address: u32) -> Caller {
    Caller { address: Some(IpAddr::from(address.to_be_bytes())), ..Caller::default() }
}

fn is_limited<T>(done: &Result<T, AccountError>) -> bool {
    matches!(done, Err(AccountError::TooManyTries { .. }))
}

#[test]
fn a_bucket_gives_what_it_holds_and_fills_again() {
    let buckets = Buckets::new(Quota { burst: 3, each_ms: 10_000 });
    let one = key(&["one"]);
    for _ in 0..3 {
        assert_eq!(buckets.take(one, START), Ok(()));
    }
    assert_eq!(buckets.take(one, START), Err(10));
    assert_eq!(buckets.take(key(&["another"]), START), Ok(()));
    assert_eq!(buckets.take(one, START.plus_ms(9_000)), Err(1));
    assert_eq!(buckets.take(one, START.plus_ms(10_000)), Ok(()));
    buckets.put_back(&one);
    assert_eq!(buckets.take(one, START.plus_ms(10_000)), Ok(()));
    // A clock put back by a year keeps nobody out for longer than an empty bucket does.
    assert_eq!(buckets.take(one, START.plus_ms(-365 * 86_400_000)), Err(10));
}

#[test]
fn a_flood_of_keys_is_bounded_and_takes_the_strangers_own_first() {
    let buckets = Buckets::small(Quota { burst: 5, each_ms: 60_000 }, 1_000);
    let hammered = key(&["hammered"]);
    for _ in 0..5 {
        assert_eq!(buckets.take(hammered, START), Ok(()));
    }
    for number in 0..20_000 {
        assert_eq!(buckets.take(key(&[&number.to_string()]), START), Ok(()));
        assert!(buckets.len() <= 1_000);
    }
    assert!(buckets.take(hammered, START).is_err(), "a bucket that is empty outlives the flood");
    let later = START.plus_ms(6 * 60_000);
    for number in 0..1_000 {
        assert_eq!(buckets.take(key(&[&number.to_string()]), later), Ok(()));
    }
    assert_eq!(buckets.take(hammered, later), Ok(()));
}

#[test]
fn strangers_from_everywhere_only_slow_the_owner_at_a_new_device() {
    let gate = Gate::new();
    let owner = phone(1);
    let mut looked_at = 0;
    for address in 0..10_000 {
        if let Ok(guess) = gate.admit(&from(address % 400), None, &owner, START) {
            drop(guess);
            looked_at += 1;
        }
    }
    // The number's hundred, and two more for each address that had not used its five up.
    assert!((100..=900).contains(&looked_at), "{looked_at}");
    for _ in 0..2 {
        drop(gate.admit(&from(5_000), None, &owner, START).unwrap());
    }
    assert!(is_limited(&gate.admit(&from(5_000), None, &owner, START)));
    assert!(gate.admit(&from(5_000), None, &owner, START.plus_ms(600_000)).is_ok());
    assert!(gate.admit(&from(5_000), None, &phone(2), START).is_ok(), "another number is not concerned");
}

#[test]
fn the_owners_device_has_tries_that_nobody_else_can_use_up() {
    let (gate, random) = (Gate::new(), SystemRandom::default());
    let devices = Devices::new(&SecretKey::new([7; 32]));
    let owner = phone(1);
    let mark = devices.mark(None, &owner, START, &random);
    let device = devices.find(Some(&mark), &owner, START).unwrap();
    for address in 0..2_000 {
        drop(gate.admit(&from(address), None, &owner, START));
        drop(gate.admit(&from(9), None, &owner, START));
    }
    for _ in 0..10 {
        drop(gate.admit(&from(9), Some(&device), &owner, START).unwrap());
    }
    assert!(is_limited(&gate.admit(&from(9), Some(&device), &owner, START)));
    assert!(gate.admit(&from(9), Some(&device), &owner, START.plus_ms(60_000)).is_ok());
}

#[test]
fn who_signs_in_well_takes_nothing_from_the_neighbours() {
    let gate = Gate::new();
    for number in 0..5_000 {
        gate.admit(&from(1), None, &phone(number), START).unwrap().forgive();
    }
    // One who tries a single number empties that number's bucket, not the address's.
    for _ in 0..5_000 {
        drop(gate.admit(&from(1), None, &phone(7), START));
    }
    let mut let_in = 0;
    for number in 10_000..13_000 {
        if gate.admit(&from(1), None, &phone(number), START).is_ok() {
            let_in += 1;
        }
    }
    assert_eq!(let_in, 1_995, "2,000 wrong guesses of one address, five of them used up above");
    assert!(gate.admit(&from(2), None, &phone(20_000), START).is_ok(), "another address is not concerned");
}

#[test]
fn addresses_of_one_ipv6_network_count_together() {
    let gate = Gate::new();
    let caller = |text: &str| Caller { address: Some(text.parse().unwrap()), ..Caller::default() };
    for host in 0..5 {
        drop(gate.admit(&caller(&format!("2001:db8:1:2::{host:x}")), None, &phone(1), START).unwrap());
    }
    assert!(is_limited(&gate.admit(&caller("2001:db8:1:2:ffff::1"), None, &phone(1), START)));
    assert!(gate.admit(&caller("2001:db8:1:3::1"), None, &phone(1), START).is_ok());
}

#[test]
fn a_reset_forgets_what_was_counted() {
    let gate = Gate::new();
    for address in 0..200 {
        for _ in 0..5 {
            drop(gate.admit(&from(address), None, &phone(1), START));
        }
    }
    assert!(is_limited(&gate.admit(&from(1), None, &phone(1), START)));
    gate.forget(&from(1), &phone(1));
    for _ in 0..5 {
        drop(gate.admit(&from(1), None, &phone(1), START).unwrap());
    }
}

#[test]
fn codes_of_an_app_cannot_be_guessed_from_many_addresses() {
    let gate = Gate::of_codes();
    let looked_at = (0..10_000).filter(|address| gate.admit(&from(*address), None, &phone(1), START).is_ok()).count();
    assert_eq!(looked_at, 20);
    assert!(gate.admit(&from(1), None, &phone(2), START).is_ok());
}

#[test]
fn taken_numbers_cannot_be_looked_up_quickly_and_many_may_register_at_once() {
    let uses = Uses::new();
    for _ in 0..300 {
        drop(uses.register(&from(1), START).unwrap());
    }
    assert!(is_limited(&uses.register(&from(1), START)));
    assert!(uses.register(&from(1), START.plus_ms(10_000)).is_ok());
    for _ in 0..3_000 {
        uses.register(&from(2), START).unwrap().made();
    }
    assert!(is_limited(&uses.register(&from(2), START)));
    for _ in 0..10_000 {
        uses.register(&from(3), START).unwrap().refused();
    }
}

#[test]
fn codes_are_asked_for_a_few_times_and_then_slowly() {
    let uses = Uses::new();
    for _ in 0..3 {
        uses.ask_for_code(&from(1), &phone(1), START).unwrap();
    }
    assert!(is_limited(&uses.ask_for_code(&from(1), &phone(1), START)));
    let all = (0..1_000).filter(|address| uses.ask_for_code(&from(*address), &phone(1), START).is_ok()).count();
    assert_eq!(all, 3, "six over all addresses");
    assert!(uses.ask_for_code(&from(1), &phone(2), START).is_ok());
}

#[test]
fn a_mark_is_of_its_number_and_key_and_time() {
    let random = SystemRandom::default();
    let devices = Devices::new(&SecretKey::new([7; 32]));
    let (ari, budi) = (phone(1), phone(2));
    let mark = devices.mark(None, &ari, START, &random);
    assert!(devices.find(Some(&mark), &ari, START).is_some());
    assert_eq!(devices.find(Some(&mark), &budi, START), None);
    assert_eq!(Devices::new(&SecretKey::new([8; 32])).find(Some(&mark), &ari, START), None);
    assert_eq!(devices.find(Some(&mark), &ari, START.plus_ms(401 * 86_400_000)), None);
    assert_eq!(devices.find(None, &ari, START), None);
    for at in 0..mark.len() {
        let mut changed = mark.clone().into_bytes();
        changed[at] = if changed[at] == b'2' { b'3' } else { b'2' };
        let changed = String::from_utf8(changed).unwrap();
        // The last character of 32 bytes in base64 carries two bits that nobody reads.
        assert!(devices.find(Some(&changed), &ari, START).is_none() || at == mark.len() - 1, "{at}");
    }

    let both = devices.mark(Some(&mark), &budi, START, &random);
    assert!(devices.find(Some(&both), &ari, START).is_some() && devices.find(Some(&both), &budi, START).is_some());
    let again = devices.mark(Some(&both), &ari, START, &random);
    assert_eq!(again.split('~').count(), 2, "a number has one mark");
    let mut cookie = "rubbish~~a.b.c".to_owned();
    for number in 0..20 {
        cookie = devices.mark(Some(&cookie), &phone(number), START, &random);
    }
    assert_eq!(cookie.split('~').count(), 4);
    assert!(cookie.len() < 1_024 && cookie.bytes().all(|b| b.is_ascii_graphic() && !b"\",;\\".contains(&b)));
    assert!(devices.find(Some(&cookie), &phone(19), START).is_some());
}

#[test]
fn a_code_of_an_app_fits_its_step_and_the_ones_beside_it_and_no_used_one() {
    let (secret, random) = (SecretKey::new([7; 32]), SystemRandom::default());
    let account = AccountId::new(START, &random);
    let (sealed, otpauth) = second_factor::enrol(&secret, &account, &phone(1), &random);
    assert!(otpauth.expose().starts_with("otpauth://totp/bakuhantam:%2B6281200000001?secret="), "{}", otpauth.expose());
    assert!(otpauth.expose().contains("&issuer=bakuhantam"));
    let app = totp_rs::TOTP::from_url(otpauth.expose()).unwrap();
    let now = u64::try_from(START.0 / 1_000_000).unwrap();
    let step = START.0 / 30_000_000;
    let find = |code: &str, last: i64| second_factor::step_of(&secret, &account, &sealed, code, (last, START));
    for (seconds, found) in [(-60, None), (-30, Some(step - 1)), (0, Some(step)), (30, Some(step + 1)), (60, None)] {
        assert_eq!(find(&app.generate(now.checked_add_signed(seconds).unwrap()), 0), found, "{seconds}");
    }
    let code = app.generate(now);
    assert_eq!(find(&format!(" {} {} ", &code[..3], &code[3..]), 0), Some(step));
    assert_eq!(find(&code, step), None, "a code counts once");
    assert_eq!(find("", 0), None);
    let other = AccountId::new(START.plus_ms(1), &random);
    assert_eq!(second_factor::step_of(&secret, &other, &sealed, &code, (0, START)), None, "sealed for one account");
}

#[test]
fn what_is_guessed_first_is_no_password() {
    use PasswordError as E;
    let choose = |password: &str| choice::check(password, "Budi Santoso", "+6281234567890");
    for good in ["kuda-nil terbang 77", "Xk29dkPq", "mawar melati gunung", "naga ungu di atap", "😀🥊kopi tubruk pahit"]
    {
        assert_eq!(choose(good), Ok(()), "{good}");
    }
    for (bad, why) in [
        ("", E::Short),
        ("1234567", E::Short),
        (&*"é".repeat(7), E::Short),
        (&*"ab cd 12".repeat(17), E::Long),
        ("bismillah", E::Common),
        ("Bismillah123", E::Common),
        ("sayangku", E::Common),
        ("s4y4ngku!!", E::Common),
        ("Sayang Mama 1", E::Common),
        ("indonesia", E::Common),
        ("INDONESIA45", E::Common),
        ("persib1933", E::Common),
        ("persija1928", E::Common),
        ("garuda45", E::Common),
        ("rahasia123", E::Common),
        ("akucintakamu", E::Common),
        ("bakuhantam1", E::Common),
        ("password123", E::Common),
        ("qwerty123", E::Common),
        ("12345678", E::Common),
        ("aaaaaaaaaaaaaaaa", E::Common),
        ("passwordpasswordpassword", E::Common),
        ("081234567890", E::Personal),
        ("+62 81234567890", E::Personal),
        ("BudiSantoso", E::Personal),
        ("santoso1990", E::Personal),
        ("Budi2024!", E::Personal),
    ] {
        assert_eq!(choose(bad), Err(why), "{bad}");
    }
    // Somebody else may have what is this one's own name.
    assert_eq!(choice::check("santoso lari pagi", "Ari", "+6281200000001"), Ok(()));
}

#[test]
fn nobodys_hash_costs_what_a_real_one_costs() {
    let hash = PasswordHash::new(NOBODY).unwrap();
    let (params, wanted) = (Params::try_from(&hash).unwrap(), Params::default());
    assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (19_456, 2, 1));
    assert_eq!((wanted.m_cost(), wanted.t_cost(), wanted.p_cost()), (19_456, 2, 1));
    assert_eq!(hash.algorithm, argon2::ARGON2ID_IDENT);
    assert_eq!(hash.hash.unwrap().len(), 32);
}

#[tokio::test]
async fn a_password_fits_its_hash_and_an_older_hash_is_made_anew() {
    use argon2::password_hash::{PasswordHasher as _, SaltString};
    let passwords = Passwords::new(std::sync::Arc::new(SystemRandom::default()));
    let hash = passwords.choose("kuda-nil terbang 77", "Ari", "+6281200000001").await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert_eq!(passwords.verify("kuda-nil terbang 77", &hash).await.unwrap(), Verdict::Right);
    assert_eq!(passwords.verify("kuda-nil terbang 78", &hash).await.unwrap(), Verdict::Wrong);
    assert_eq!(passwords.verify("", "").await.unwrap(), Verdict::Wrong);
    let params = Params::new(8 * 1_024, 1, 1, None).unwrap();
    let older = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let salt = SaltString::encode_b64(b"some salt, older").unwrap();
    let older = older.hash_password(b"kuda-nil terbang 77", &salt).unwrap().to_string();
    assert_eq!(passwords.verify("kuda-nil terbang 78", &older).await.unwrap(), Verdict::Wrong);
    let Verdict::Older(newer) = passwords.verify("kuda-nil terbang 77", &older).await.unwrap() else { panic!("older") };
    assert_eq!(passwords.verify("kuda-nil terbang 77", &newer).await.unwrap(), Verdict::Right);
}

#[tokio::test]
async fn passwords_that_nobody_can_check_soon_are_refused_and_later_ones_are_not() {
    let passwords = Passwords::new(std::sync::Arc::new(SystemRandom::default()));
    // Short of the least length, each ends at once when it comes to be looked at.
    let asked = (0..400).map(|_| passwords.choose("short", "", ""));
    let done = futures_util::future::join_all(asked).await;
    let busy = done.iter().filter(|done| matches!(done, Err(AccountError::Busy))).count();
    // A place is free again when its password has been looked at.
    assert!((200..=400 - 128).contains(&busy), "{busy}");
    assert!(matches!(passwords.choose("short", "", "").await, Err(AccountError::WeakPassword(PasswordError::Short))));
}
