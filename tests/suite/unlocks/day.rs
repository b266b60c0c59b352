//! How long a key stands for its request.

use std::sync::Arc;

use bakuhantam::clock::{Clock as _, ManualClock, SystemClock};
use bakuhantam::flows::{MoneyRequest, Till, TillError, TillParts, Unlocked};
use bakuhantam::ids::SystemRandom;
use bakuhantam::money::Coins;

use super::{books_balance, fight, serve, with_coins};
use crate::postgres::TestDatabase;

/// A till over a database of its own, whose clock the test moves.
#[tokio::test]
async fn a_key_is_forgotten_after_a_day_and_no_sooner() {
    let db = TestDatabase::sqlite();
    let server = serve(&db).await;
    let ari = with_coins(&server, 1, 100).await;
    let first = fight(&server, "grand-night", 1).await.parse().expect("an id");
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let till = Till::new(TillParts {
        store: db.open(),
        clock: clock.clone(),
        random: Arc::new(SystemRandom::default()),
        provider: None,
        order_ttl_minutes: 60,
        site_url: String::new(),
    });
    let account = ari.id.parse().expect("an account");
    let request = |body_hash: &str| MoneyRequest {
        account: ari.id.clone(),
        route: "POST /a".into(),
        key: "k".into(),
        body_hash: body_hash.into(),
    };
    let paid = Unlocked { charged: Coins(30), balance: Coins(70) };
    assert_eq!(till.unlock_fight(&account, &first, &request("one")).await.expect("unlocked"), paid);
    clock.advance_ms(24 * 60 * 60 * 1_000 - 1_000);
    assert_eq!(till.unlock_fight(&account, &first, &request("one")).await.expect("the same answer"), paid);
    let other = till.unlock_fight(&account, &first, &request("other")).await;
    assert!(matches!(other, Err(TillError::KeyReused)), "{other:?}");
    clock.advance_ms(1_000);
    let again = till.unlock_fight(&account, &first, &request("other")).await.expect("another request");
    assert_eq!(again, Unlocked { charged: Coins(0), balance: Coins(70) });
    books_balance(&server);
}
