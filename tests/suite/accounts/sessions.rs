//! Sessions: listed, ended, idle, too many.

use std::time::Duration;

use bakuhantam::accounts::{Caller, SESSIONS_MAX, SessionKind};
use bakuhantam::clock::Clock as _;

use super::room::{DAY_MS, Room, from};
use crate::harness::until;
use crate::postgres::on_both_databases;

on_both_databases! {
    async fn sessions_are_listed_and_ended_one_by_one_or_all_but_one(db) {
        let room = Room::over(&db);
        let phone = room.register(1).await;
        room.clock.advance_ms(60_000);
        let laptop = room.log_in(1).await.expect("a session");
        let stranger = room.register(2).await;
        let listed = room.accounts.list_sessions(&laptop.who).await.expect("a list");
        assert_eq!(listed.len(), 2);
        assert!(listed[0].is_current && !listed[1].is_current, "last used first");
        assert_eq!((listed[0].agent.as_str(), listed[0].address.as_str()), ("Mozilla/5.0 (Android)", "10.0.0.1"));
        assert_eq!(listed[1].id, phone.who.session);

        // Another account's session is not one's own to end.
        assert!(!room.accounts.revoke_session(&laptop.who, &stranger.who.session).await.expect("an answer"));
        assert!(room.lives(&stranger).await);
        assert!(room.revoked().await.is_empty());
        assert!(room.accounts.revoke_session(&laptop.who, &phone.who.session).await.expect("an answer"));
        assert!(!room.lives(&phone).await && room.lives(&laptop).await);

        let third = room.log_in(1).await.expect("a session");
        assert_eq!(room.accounts.revoke_others(&third.who).await.expect("an answer"), 1);
        assert!(!room.lives(&laptop).await && room.lives(&third).await && room.lives(&stranger).await);
        assert_eq!(room.revoked().await, vec![third.who.account.to_string(); 2]);
    }

    async fn a_session_ends_when_it_is_not_used_and_lives_on_when_it_is(db) {
        let room = Room::over(&db);
        let session = room.register(1).await;
        room.clock.advance_ms(60 * DAY_MS);
        assert!(room.lives(&session).await);
        // The use is written down beside the request.
        until("the use is noted", Duration::from_secs(5), async || {
            let listed = room.accounts.list_sessions(&session.who).await.expect("a list");
            (listed[0].seen_at == room.clock.now()).then_some(())
        })
        .await;
        room.clock.advance_ms(89 * DAY_MS);
        assert!(room.lives(&session).await);
        until("the use is noted", Duration::from_secs(5), async || {
            let listed = room.accounts.list_sessions(&session.who).await.expect("a list");
            (listed[0].seen_at == room.clock.now()).then_some(())
        })
        .await;
        assert_eq!(room.accounts.prune(room.clock.now()).await.expect("an answer"), 0);
        room.clock.advance_ms(90 * DAY_MS);
        assert!(!room.lives(&session).await);
        assert_eq!(room.accounts.prune(room.clock.now()).await.expect("an answer"), 1);
        assert_eq!(room.accounts.prune(room.clock.now()).await.expect("an answer"), 0);
    }

    async fn one_session_too_many_ends_the_one_not_used_for_longest(db) {
        let room = Room::over(&db);
        let first = room.register(1).await;
        let mut others = Vec::new();
        for _ in 1..SESSIONS_MAX {
            room.clock.advance_ms(1_000);
            others.push(room.log_in(1).await.expect("a session"));
        }
        assert!(room.lives(&first).await, "as many as there may be");
        room.clock.advance_ms(1_000);
        let last = room.log_in(1).await.expect("a session");
        assert!(!room.lives(&first).await);
        assert!(room.lives(&others[0]).await && room.lives(&last).await);
        assert_eq!(room.accounts.list_sessions(&last.who).await.expect("a list").len(), SESSIONS_MAX);
    }

    async fn a_session_opens_what_its_kind_opens_and_ends_only_its_own_kind(db) {
        let room = Room::over(&db);
        let session = room.register(1).await;
        let as_panel = room.accounts.find_session(session.token.expose(), SessionKind::Panel).await;
        assert_eq!(as_panel.expect("an answer"), None);
        assert_eq!(room.find(&session).await.expect("a session").account, session.who.account);
        let caller = Caller { previous: Some(session.token.clone()), ..from("10.0.0.1") };
        let phone = session.who.phone.as_str();
        let again = room.accounts.log_in(phone, crate::harness::viewers::PASSWORD, None, SessionKind::Viewer, &caller);
        let again = again.await.expect("a session");
        assert!(!room.lives(&session).await && room.lives(&again).await);
        room.accounts.log_out(&again.who).await.expect("an answer");
        assert!(!room.lives(&again).await);
    }
}
