use super::{NightForSale, Unlocks};
use crate::events::EventError;
use crate::ids::RowId;
use crate::money::Coins;

fn fight(number: u8) -> RowId {
    format!("01J0000000000000000000000{number}").parse().unwrap()
}

fn night(pass_price: i64, prices: &[i64]) -> NightForSale {
    NightForSale {
        id: fight(0),
        slug: "a".parse().unwrap(),
        title: "A".into(),
        pass_price: Coins(pass_price),
        fights: (1..).map(fight).zip(prices.iter().copied().map(Coins)).collect(),
    }
}

fn bought(fights: &[(u8, i64)]) -> Unlocks {
    Unlocks { pass: None, fights: fights.iter().map(|(number, coins)| (fight(*number), Coins(*coins))).collect() }
}

#[test]
fn a_fight_costs_its_price_until_it_is_open() {
    assert_eq!(Unlocks::default().fight_due(&fight(1), Coins(30)), Some(Coins(30)));
    assert_eq!(Unlocks::default().fight_due(&fight(1), Coins(0)), None, "free");
    assert_eq!(bought(&[(1, 30)]).fight_due(&fight(1), Coins(50)), None, "bought, whatever it costs by now");
    assert_eq!(bought(&[(1, 30)]).fight_due(&fight(2), Coins(50)), Some(Coins(50)));
    let whole = Unlocks { pass: Some(Coins(0)), ..Unlocks::default() };
    assert_eq!(whole.fight_due(&fight(2), Coins(50)), None, "part of the night");
}

#[test]
fn the_night_costs_its_price_less_what_its_fights_have_cost() {
    let due = |unlocks: &Unlocks, night: &NightForSale| unlocks.pass_due(night).unwrap();
    assert_eq!(due(&Unlocks::default(), &night(90, &[30, 0])), Some(Coins(90)));
    assert_eq!(due(&bought(&[(1, 30)]), &night(90, &[30, 0])), Some(Coins(60)));
    assert_eq!(due(&bought(&[(1, 30), (2, 50)]), &night(90, &[30, 50])), Some(Coins(10)));
    assert_eq!(due(&bought(&[(1, 30), (2, 70)]), &night(90, &[30, 70])), Some(Coins(0)), "never less than nothing");
    let whole = Unlocks { pass: Some(Coins(90)), ..Unlocks::default() };
    assert_eq!(due(&whole, &night(90, &[30])), None);
    assert_eq!(due(&whole, &night(0, &[30])), None, "bought while it was sold");
}

#[test]
fn a_night_without_a_price_is_refused_unless_all_of_it_is_open() {
    assert!(matches!(Unlocks::default().pass_due(&night(0, &[30, 0])), Err(EventError::PassNotSold(_))));
    assert_eq!(bought(&[(1, 30)]).pass_due(&night(0, &[30, 0])).unwrap(), None);
    assert_eq!(Unlocks::default().pass_due(&night(0, &[0, 0])).unwrap(), None);
}
