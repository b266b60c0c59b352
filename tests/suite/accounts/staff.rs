//! Roles, second factors, bans.

use bakuhantam::accounts::{AccountError, NewAccount, NewSession, Role, SessionKind};
use bakuhantam::clock::Clock as _;
use bakuhantam::config::{Language, Secret};

use super::room::{Room, from, phone_of, refusal};
use crate::harness::viewers::PASSWORD;
use crate::postgres::on_both_databases;

/// The code an authenticator app shows now.
fn code_of(room: &Room, otpauth: &Secret) -> String {
    let app = totp_rs::TOTP::from_url(otpauth.expose()).expect("an address for an app");
    app.generate(u64::try_from(room.clock.now().0 / 1_000_000).expect("a time"))
}

async fn log_in(room: &Room, number: u32, code: Option<&str>, kind: SessionKind) -> Result<NewSession, AccountError> {
    room.accounts.log_in(&phone_of(number), PASSWORD, code, kind, &from("10.0.0.1")).await
}

async fn owner(room: &Room, number: u32) -> Secret {
    let wanted = NewAccount {
        phone: phone_of(number),
        name: "Pemilik".into(),
        role: Some(Role::Owner),
        password: Some(Secret::new(PASSWORD)),
        locale: Language::Id,
    };
    room.accounts.create(&room.actor(), wanted).await.expect("made").otpauth.expect("a second factor")
}

on_both_databases! {
    async fn staff_sign_in_with_a_code_that_counts_once(db) {
        let room = Room::over(&db);
        let otpauth = owner(&room, 1).await;
        for kind in [SessionKind::Viewer, SessionKind::Panel] {
            assert_eq!(refusal(log_in(&room, 1, None, kind).await), "accounts.totp_required");
        }
        let code = code_of(&room, &otpauth);
        assert_eq!(refusal(log_in(&room, 1, Some("000000"), SessionKind::Panel).await), "accounts.totp_required");
        let wrong = room.accounts.log_in(&phone_of(1), "salah", Some(&code), SessionKind::Panel, &from("10.0.0.1")).await;
        assert_eq!(refusal(wrong), "accounts.wrong_credentials");
        let panel = log_in(&room, 1, Some(&code), SessionKind::Panel).await.expect("a session");
        assert!(room.lives(&panel).await);
        assert_eq!(refusal(log_in(&room, 1, Some(&code), SessionKind::Viewer).await), "accounts.totp_required");
        room.clock.advance_ms(30_000);
        let next = code_of(&room, &otpauth);
        log_in(&room, 1, Some(&next), SessionKind::Viewer).await.expect("a session");
        room.clock.advance_ms(12 * 60 * 60 * 1_000);
        assert!(!room.lives(&panel).await, "12 hours without use");
    }

    async fn one_code_sent_twice_at_once_signs_in_once(db) {
        let room = Room::over(&db);
        let otpauth = owner(&room, 1).await;
        let code = code_of(&room, &otpauth);
        let both = tokio::join!(
            log_in(&room, 1, Some(&code), SessionKind::Panel),
            log_in(&room, 1, Some(&code), SessionKind::Panel),
        );
        let signed_in = [both.0.is_ok(), both.1.is_ok()];
        assert_eq!(signed_in.iter().filter(|ok| **ok).count(), 1, "{signed_in:?}");
    }

    async fn codes_cannot_be_guessed_by_who_has_the_password(db) {
        let room = Room::over(&db);
        let otpauth = owner(&room, 1).await;
        for _ in 0..5 {
            assert_eq!(refusal(log_in(&room, 1, Some("000000"), SessionKind::Panel).await), "accounts.totp_required");
        }
        let code = code_of(&room, &otpauth);
        assert_eq!(refusal(log_in(&room, 1, Some(&code), SessionKind::Panel).await), "accounts.too_many_tries");
        // The owner elsewhere is not kept out by it.
        let elsewhere = from("10.0.0.2");
        let owner = room.accounts.log_in(&phone_of(1), PASSWORD, Some(&code), SessionKind::Panel, &elsewhere).await;
        assert!(owner.is_ok());
    }

    async fn the_panel_is_for_staff_and_a_role_begins_and_ends_sessions(db) {
        let room = Room::over(&db);
        owner(&room, 9).await;
        let viewer = room.register(1).await;
        assert_eq!(refusal(log_in(&room, 1, None, SessionKind::Panel).await), "accounts.no_role");
        let account = viewer.who.account.clone();
        let otpauth = room.accounts.set_role(&room.actor(), &account, Role::Producer).await.expect("done");
        assert!(!room.lives(&viewer).await, "it was opened without a second factor");
        let otpauth = otpauth.expect("a second factor");
        let panel = log_in(&room, 1, Some(&code_of(&room, &otpauth)), SessionKind::Panel).await.expect("a session");
        assert_eq!(room.find(&panel).await.expect("a session").role, Role::Producer);

        // From role to role the second factor stays.
        assert!(room.accounts.set_role(&room.actor(), &account, Role::Finance).await.expect("done").is_none());
        assert_eq!(room.find(&panel).await.expect("a session").role, Role::Finance);

        assert!(room.accounts.set_role(&room.actor(), &account, Role::Viewer).await.expect("done").is_none());
        assert!(!room.lives(&panel).await);
        log_in(&room, 1, None, SessionKind::Viewer).await.expect("no code is asked for");
        assert_eq!(refusal(log_in(&room, 1, None, SessionKind::Panel).await), "accounts.no_role");
        assert!(!room.accounts.get_account(&account).await.expect("its row").has_totp);
        assert_eq!(room.audit().await[1..], ["accounts.set_role"; 3]);
    }

    async fn a_lost_second_factor_is_made_anew(db) {
        let room = Room::over(&db);
        let lost = owner(&room, 1).await;
        let session = log_in(&room, 1, Some(&code_of(&room, &lost)), SessionKind::Panel).await.expect("a session");
        let account = session.who.account.clone();
        let new = room.accounts.reset_totp(&room.actor(), &account).await.expect("another");
        assert!(!room.lives(&session).await);
        room.clock.advance_ms(60_000);
        let old_code = code_of(&room, &lost);
        assert_eq!(refusal(log_in(&room, 1, Some(&old_code), SessionKind::Panel).await), "accounts.totp_required");
        log_in(&room, 1, Some(&code_of(&room, &new)), SessionKind::Panel).await.expect("a session");
        let viewer = room.register(2).await;
        assert_eq!(refusal(room.accounts.reset_totp(&room.actor(), &viewer.who.account).await), "accounts.no_role");
    }

    async fn the_last_owner_stays(db) {
        let room = Room::over(&db);
        let otpauth = owner(&room, 1).await;
        let first = log_in(&room, 1, Some(&code_of(&room, &otpauth)), SessionKind::Viewer).await.expect("a session");
        let account = first.who.account.clone();
        let actor = room.actor();
        assert_eq!(refusal(room.accounts.set_role(&actor, &account, Role::Viewer).await), "accounts.last_owner");
        assert_eq!(refusal(room.accounts.ban(&actor, &account, "x").await), "accounts.last_owner");
        let deleted = room.accounts.delete_account(&first.who, PASSWORD, &from("10.0.0.1")).await;
        assert_eq!(refusal(deleted), "accounts.last_owner");
        assert!(room.lives(&first).await);
        owner(&room, 2).await;
        room.accounts.delete_account(&first.who, PASSWORD, &from("10.0.0.1")).await.expect("there is another one");
        let second = room.accounts.find_account(&phone_of(2)).await.expect("an answer").expect("an account");
        assert_eq!(refusal(room.accounts.set_role(&actor, &second.id, Role::Viewer).await), "accounts.last_owner");
    }

    async fn two_owners_who_demote_each_other_at_once_leave_one(db) {
        let room = Room::over(&db);
        owner(&room, 1).await;
        owner(&room, 2).await;
        let mut ids = Vec::new();
        for number in [1, 2] {
            ids.push(room.accounts.find_account(&phone_of(number)).await.expect("an answer").expect("an account").id);
        }
        let actor = room.actor();
        let both = tokio::join!(
            room.accounts.set_role(&actor, &ids[0], Role::Viewer),
            room.accounts.set_role(&actor, &ids[1], Role::Viewer),
        );
        assert_eq!([both.0.is_ok(), both.1.is_ok()].iter().filter(|ok| **ok).count(), 1);
    }

    async fn a_ban_ends_sessions_at_once_and_is_told_only_to_who_has_the_password(db) {
        let room = Room::over(&db);
        let (viewer, other) = (room.register(1).await, room.register(2).await);
        let account = viewer.who.account.clone();
        room.accounts.ban(&room.actor(), &account, " kata kasar ").await.expect("banned");
        assert!(!room.lives(&viewer).await && room.lives(&other).await);
        assert_eq!(room.revoked().await, [account.to_string()]);
        assert_eq!(refusal(log_in(&room, 1, None, SessionKind::Viewer).await), "accounts.banned");
        let guess = room.accounts.log_in(&phone_of(1), "salah", None, SessionKind::Viewer, &from("10.0.0.1")).await;
        assert_eq!(refusal(guess), "accounts.wrong_credentials");
        let again = room.accounts.register(&phone_of(1), PASSWORD, "Ari", Language::Id, &from("10.0.0.1")).await;
        assert_eq!(refusal(again), "accounts.phone_taken", "the number stays taken");
        let row = room.accounts.get_account(&account).await.expect("its row");
        assert_eq!(row.ban_reason.as_deref(), Some("kata kasar"));
        room.accounts.unban(&room.actor(), &account).await.expect("let in");
        log_in(&room, 1, None, SessionKind::Viewer).await.expect("a session");
        assert_eq!(room.audit().await, ["accounts.ban", "accounts.unban"]);
    }
}
