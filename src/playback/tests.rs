use super::GateError;
use super::content_keys::may_ask;
use super::leases::{Claim, Outcome, Place, Rules, decide};
use super::players::Players;
use crate::accounts::{LivingSession, TokenHash};
use crate::clock::Micros;
use crate::events::{AirRangeFacts, EventFacts};
use crate::ids::{AccountId, RowId};

const NOW: Micros = Micros(1_790_000_000_000_000);
const TWO: Rules = Rules { devices: 2, ttl_ms: 75_000 };

fn session(number: u32) -> RowId {
    format!("01J000000000000000000{number:05}").parse().unwrap()
}

fn account(number: u32) -> AccountId {
    format!("01J000000000000000000{number:05}").parse().unwrap()
}

fn claim(number: u32, take: bool) -> Claim {
    Claim { account: account(1), session: session(number), take, taken_at: None, used_at: NOW }
}

/// Decides over claims of account 1, a second after each other; the places then, and who lost his.
struct Table {
    places: Vec<Place>,
    lost: Vec<Place>,
    now: Micros,
}

impl Table {
    fn new() -> Self {
        Self { places: Vec::new(), lost: Vec::new(), now: NOW }
    }

    fn claim(&mut self, claim: &Claim) -> Outcome {
        self.now = self.now.plus_ms(1_000);
        let claim = Claim { used_at: self.now, ..claim.clone() };
        decide(&mut self.places, &claim, TWO, self.now, &mut self.lost)
    }

    fn presses(&mut self, number: u32) -> bool {
        self.claim(&claim(number, true)) == Outcome::Held(self.now)
    }

    fn beats(&mut self, number: u32) -> bool {
        matches!(self.claim(&claim(number, false)), Outcome::Held(_))
    }

    fn seated(&self) -> Vec<RowId> {
        self.places.iter().map(|place| place.session.clone()).collect()
    }
}

#[test]
fn the_newest_press_of_play_takes_the_place_of_whoever_has_had_his_for_longest() {
    let mut table = Table::new();
    assert!(table.presses(1) && table.presses(2));
    assert!(table.lost.is_empty());
    assert!(table.presses(3));
    assert_eq!(table.lost.iter().map(|lost| lost.session.clone()).collect::<Vec<_>>(), [session(1)]);
    assert_eq!(table.seated(), [session(2), session(3)]);
    assert!(!table.beats(1), "no place is free for it");
    assert!(table.beats(2), "a heartbeat keeps its own");
    // Pressing again makes one the newest.
    assert!(table.presses(2) && table.presses(1));
    assert_eq!(table.seated(), [session(2), session(1)]);
}

#[test]
fn a_place_that_is_not_used_is_free_for_a_heartbeat_and_gone_for_its_owner() {
    let mut table = Table::new();
    assert!(table.presses(1) && table.presses(2));
    table.now = table.now.plus_ms(40_000);
    assert!(table.beats(2) && !table.beats(3));
    table.now = table.now.plus_ms(40_000);
    assert!(table.beats(3), "the first has said nothing for longer than a place is kept");
    assert!(!table.beats(1));
    assert!(table.lost.is_empty(), "nobody was pushed out");
}

#[test]
fn the_newest_is_the_newest_where_another_nodes_clock_is_ahead() {
    let mut table = Table::new();
    table.now = NOW.plus_ms(3_000);
    assert!(table.presses(1));
    table.now = NOW;
    let Outcome::Held(taken_at) = table.claim(&claim(2, true)) else { panic!("held") };
    assert!(taken_at > NOW.plus_ms(3_000));
    table.now = NOW;
    assert!(matches!(table.claim(&claim(3, true)), Outcome::Held(_)));
    assert_eq!(table.seated(), [session(2), session(3)], "the first was the oldest");
}

#[test]
fn accounts_do_not_take_from_each_other_and_a_place_that_is_claimed_again_keeps_its_age() {
    let mut table = Table::new();
    assert!(table.presses(1) && table.presses(2));
    let stranger = Claim { account: account(2), session: session(9), take: true, taken_at: None, used_at: NOW };
    assert!(matches!(table.claim(&stranger), Outcome::Held(_)));
    assert_eq!(table.seated().len(), 3);
    // After a database that was away: the row is too old, and the node knows since when the device has played.
    table.now = table.now.plus_ms(600_000);
    let again = Claim { taken_at: Some(NOW), ..claim(1, false) };
    assert_eq!(table.claim(&again), Outcome::Held(NOW));
    assert!(table.beats(2) && table.presses(3));
    assert_eq!(table.lost.last().map(|lost| lost.session.clone()), Some(session(1)));
}

#[test]
fn what_is_claimed_for_somebody_else_does_not_make_his_place_younger() {
    let mut table = Table::new();
    assert!(table.presses(1) && table.presses(2));
    let used_at = table.now;
    table.now = used_at.plus_ms(74_000);
    let aside = Claim { used_at, ..claim(2, false) };
    let held = decide(&mut table.places, &aside, TWO, table.now, &mut table.lost);
    assert!(matches!(held, Outcome::Held(_)));
    assert!(table.beats(1), "free by now: the first was last seen before the second");
    assert!(table.beats(3), "and so is the second's, a second later");
}

#[test]
fn at_most_so_many_devices_live_whatever_is_claimed() {
    use proptest::prelude::*;
    let step = (1_u32..6, any::<bool>(), 0_i64..60_000);
    proptest!(|(steps in prop::collection::vec(step, 1..60))| {
        let mut table = Table::new();
        for (number, take, later_ms) in steps {
            table.now = table.now.plus_ms(later_ms);
            let outcome = table.claim(&claim(number, take));
            let now = table.now;
            let lives = |place: &&Place| now.ms_since(place.seen_at) < TWO.ttl_ms;
            let living = table.places.iter().filter(lives).count();
            prop_assert!(living <= TWO.devices, "{living}");
            let has_one = table.places.iter().filter(lives).any(|place| place.session == session(number));
            prop_assert_eq!(has_one, outcome != Outcome::Lost);
            prop_assert!(!take || has_one, "the press of play always plays");
        }
    });
}

fn on_air(from_s: Option<i64>) -> EventFacts {
    let range = |from_s: i64| AirRangeFacts { fight: 1, from: Micros(from_s * 1_000_000), until: None };
    let ranges: Vec<_> = from_s.map(range).into_iter().collect();
    serde_json::from_value(serde_json::json!({
        "id": session(1), "slug": "night", "title": "Night", "status": "published", "starts_at": 0,
        "pass_price_coins": 0, "stream_key_mac": "", "epoch": "abcdefghijkmnpqrst", "interrupted": false,
        "on_air_fight": null, "stream": {"status": "", "epoch": null, "since": 0}, "fights": [], "milestones": [],
        "polls": [], "air_ranges": ranges,
    }))
    .unwrap()
}

#[test]
fn a_turn_can_be_asked_for_from_a_minute_before_it_and_for_ever_after() {
    let now = Micros(1_000_000_300 * 1_000_000 + 999_999);
    let now_s = 1_000_000_300;
    let ask = |event: &EventFacts, from_s: i64| may_ask(from_s, event, 100, now);
    let never = on_air(None);
    assert!(ask(&never, now_s).is_ok() && ask(&never, now_s - 100 + 100).is_ok());
    assert!(may_ask(now_s + 100, &never, 100, Micros((now_s + 40) * 1_000_000)).is_ok(), "a minute before");
    let early = may_ask(now_s + 100, &never, 100, Micros((now_s + 39) * 1_000_000));
    assert!(matches!(early, Err(GateError::TooEarly { retry_after_s: 1 })), "{early:?}");
    assert!(matches!(ask(&never, now_s + 1), Err(GateError::NoSuchKey)), "ahead of us, and no turn begins there");
    assert!(ask(&never, now_s - 100).is_ok(), "it may have been on air until a moment ago");
    assert!(matches!(ask(&never, now_s - 200), Err(GateError::NoSuchKey)), "nothing was ever on air");
    let on_air = on_air(Some(now_s - 5_000));
    assert!(ask(&on_air, now_s - 100).is_ok() && ask(&on_air, now_s - 4_321).is_ok(), "of another rotation");
    assert!(ask(&on_air, now_s - 5_000 - 86_400).is_ok(), "the turn began before the fight did");
    assert!(matches!(ask(&on_air, now_s - 5_001 - 86_400), Err(GateError::NoSuchKey)));
}

fn found(token: &str, number: u32) -> LivingSession {
    LivingSession {
        hash: TokenHash::of(token),
        session: session(number),
        account: account(1),
        expires_at: NOW.plus_ms(60_000),
        seen_at: NOW,
    }
}

#[test]
fn a_session_is_known_until_it_ends_or_its_account_is_told_to_have_ended_some() {
    let players = Players::new();
    let one = found("one", 1);
    let player = players.put(&one, players.heard(), NOW);
    assert!(players.find(&one.hash, NOW).is_some());
    assert!(players.find(&one.hash, NOW.plus_ms(60_000)).is_none(), "it has ended by itself");
    player.place(NOW);
    let again = players.put(&LivingSession { expires_at: NOW.plus_ms(90_000), ..one.clone() }, players.heard(), NOW);
    assert_eq!(again.taken_at(), Some(NOW), "what is known of its place stays");
    assert!(players.find(&one.hash, NOW.plus_ms(60_000)).is_some());

    let other = found("other", 2);
    players.put(&other, players.heard(), NOW);
    let before = players.heard();
    players.forget_account(&account(1));
    assert!(players.find(&one.hash, NOW).is_none() && players.find(&other.hash, NOW).is_none());
    // What was read before is not kept: the session may be one of those that have ended.
    players.put(&one, before, NOW);
    assert!(players.find(&one.hash, NOW).is_none());
    players.put(&one, players.heard(), NOW);
    assert!(players.find(&one.hash, NOW).is_some());
}

#[test]
fn a_late_loss_does_not_take_a_newer_place() {
    let players = Players::new();
    let player = players.put(&found("one", 1), players.heard(), NOW);
    player.place(NOW.plus_ms(10));
    player.beat(NOW);
    let seen = players.list_of(&account(1)).pop().unwrap();
    assert!(!seen.lose(NOW));
    assert!(player.holds(75_000, NOW.plus_ms(20)));
    assert!(seen.lose(NOW.plus_ms(10)) && !seen.lose(NOW.plus_ms(10)));
    assert!(!player.holds(75_000, NOW.plus_ms(20)));
}
