use std::sync::Arc;

use super::{ApplyError, Night};
use crate::clock::Micros;
use crate::events::Act;
use crate::ids::SystemRandom;
use crate::store::audit::Actor;

fn read(text: &str) -> Result<Night, ApplyError> {
    let act = Act { actor: Actor::cli(Micros(1)), random: Arc::new(SystemRandom::default()) };
    Night::read("night.toml", text, &act)
}

const EVENT: &str = "[[events]]\nslug = \"a\"\n";

#[test]
fn a_wrong_file_names_the_line_and_the_key() {
    for (rest, said) in [
        ("titel = \"x\"", "line 3: events[0].titel is not a key here"),
        ("pass_price_coins = \"x\"", "line 3: events[0].pass_price_coins must be a whole number, not string \"x\""),
        ("pass_price_coins = 1.5", "line 3: events[0].pass_price_coins must be a whole number"),
        ("pass_price_coins = -1", "line 3: events[0].pass_price_coins is -1: write 0 to"),
        ("title = \"\"", "line 3: events[0].title is empty"),
        ("title = \" \"", "line 3: events[0].title is empty"),
        ("title = \"a\\nb\"", "line 3: events[0].title holds a line break"),
        ("status = \"ended\"", "line 3: events[0].status cannot be \"ended\": write \"draft\" or \"published\""),
        ("starts_at = \"2026-12-05T19:00:00\"", "line 3: events[0].starts_at is not a moment"),
        ("starts_at = 2026-12-05T19:00:00", "line 3: events[0].starts_at is not a moment"),
        ("starts_at = 2026-12-05", "line 3: events[0].starts_at is not a moment"),
        ("starts_at = 5", "line 3: events[0].starts_at is not a moment"),
        ("stream_key = \"short\"", "line 3: events[0].stream_key cannot be used"),
        ("stream_key = \"has a space in it\"", "line 3: events[0].stream_key cannot be used"),
        ("[[events]]\nslug = \"a\"", "line 4: events[1].slug is a, which stands in this list already"),
        ("[[events]]\nslug = \"A b\"", "line 4: events[1].slug: \"A b\" is not an event's slug"),
        ("[[events]]\ntitle = \"x\"", "events[1].slug is missing"),
        (
            "stream_key = \"rahasia-satu\"\n[[events]]\nslug = \"b\"\nstream_key = \"rahasia-satu\"",
            "line 6: events[1].stream_key is that of another event",
        ),
        ("[[events.fights]]\nred = \"A\"", "events[0].fights[0].number is missing"),
        ("[[events.fights]]\nnumber = 0", "line 4: events[0].fights[0].number is 0"),
        (
            "[[events.fights]]\nnumber = 1\n[[events.fights]]\nnumber = 1",
            "line 6: events[0].fights[1].number is 1, which",
        ),
        ("[[events.fights]]\nnumber = 1\nred = \"A\"\nblue = \"A \"", "line 6: events[0].fights[0]: A stands in both"),
        ("[[events.fights]]\nnumber = 1\nprice = 3", "line 5: events[0].fights[0].price is not a key here"),
        ("[[events.milestones]]\ncoins = 0\ntitle = \"x\"", "line 4: events[0].milestones[0].coins is 0"),
        (
            "[[events.milestones]]\ncoins = 5\ntitle = \"x\"\n[[events.milestones]]\ncoins = 5\ntitle = \"y\"",
            "line 7: events[0].milestones[1].coins is 5, which",
        ),
        ("[[events.polls]]\ncode = \"w\"\noptions = [\"one\"]", "line 5: events[0].polls[0].options has 1"),
        (
            "[[events.polls]]\ncode = \"w\"\noptions = [\"a\", \"a\"]",
            "line 5: events[0].polls[0].options[1] is a, which",
        ),
        ("[[events.polls]]\ncode = \"w\"\noptions = \"a\"", "line 5: events[0].polls[0].options must be a list"),
        ("[[events.polls]]\ncode = \"W!\"", "line 4: events[0].polls[0].code: write"),
        ("[[events.polls]]\ncode = \"w\"\ncoins_per_vote = 0", "line 5: events[0].polls[0].coins_per_vote is 0"),
        (
            "[[events.polls]]\ncode = \"w\"\nstatus = \"settled\"",
            "line 5: events[0].polls[0].status cannot be \"settled\"",
        ),
        ("[[coin_packages]]\ncode = \"p\"\ncoins = 0", "line 5: coin_packages[0].coins is 0"),
        ("[[coin_packages]]\ncode = \"p\"\nbonus_coins = -1", "line 5: coin_packages[0].bonus_coins is -1"),
        (
            "[[coin_packages]]\ncode = \"p\"\n[[coin_packages]]\ncode = \"p\"",
            "line 6: coin_packages[1].code is p, which",
        ),
        ("[[coin_package]]\ncode = \"p\"", "line 3: coin_package is not a key here"),
        ("title = ", "line 3: "),
    ] {
        let error = read(&format!("{EVENT}{rest}")).expect_err(rest).to_string();
        assert!(error.starts_with("night.toml"), "{error}");
        assert!(error.contains(said), "{rest}\n  said   {error}\n  wanted {said}");
        assert!(!error.contains("rahasia"), "{error}");
    }
}

#[test]
fn everything_wrong_is_said_at_once_in_the_order_of_the_file() {
    let error = read("[[events]]\nslug = \"a\"\ntitle = \"\"\n[[coin_packages]]\ncode = \"p\"\ncoins = 0\n")
        .expect_err("wrong");
    let ApplyError::File(said) = error else { panic!("{error}") };
    assert_eq!(said.len(), 2);
    assert!(said[0].contains("line 3") && said[1].contains("line 6"), "{said:?}");
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    for text in
        ["", EVENT, "[[coin_packages]]\ncode = \"p\"", "[[events]]\nslug = \"a\"\n[[events.polls]]\ncode = \"w\""]
    {
        read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    for moment in ["\"2026-12-05T19:00:00+07:00\"", "2026-12-05T19:00:00+07:00", "2026-12-05T12:00:00Z"] {
        read(&format!("{EVENT}starts_at = {moment}")).unwrap_or_else(|error| panic!("{moment}: {error}"));
    }
}
