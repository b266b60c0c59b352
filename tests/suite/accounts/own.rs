//! One's own account: name, language, password, consents, data, its end.

use bakuhantam::accounts::{DELETED_NAME, Document, PRIVACY_VERSION, Role, SessionKind, TERMS_VERSION};
use bakuhantam::config::Language;
use serde_json::{Map, json};

use super::room::{Room, from, phone_of, refusal};
use crate::harness::viewers::PASSWORD;
use crate::postgres::on_both_databases;

const NEW_PASSWORD: &str = "badak-hujan terbit 41";

on_both_databases! {
    async fn a_new_password_needs_the_old_one_and_ends_other_sessions(db) {
        let room = Room::over(&db);
        let (here, there) = (room.register(1).await, room.log_in(1).await.expect("a session"));
        let change = async |old: &str, new: &str| {
            room.accounts.change_password(&here.who, old, new, &from("10.0.0.1")).await
        };
        assert_eq!(refusal(change("salah", NEW_PASSWORD).await), "accounts.wrong_credentials");
        assert_eq!(refusal(change(PASSWORD, "persib1933").await), "accounts.weak_password");
        assert!(room.lives(&there).await);
        change(PASSWORD, NEW_PASSWORD).await.expect("changed");
        assert!(room.lives(&here).await && !room.lives(&there).await);
        assert_eq!(refusal(room.log_in(1).await), "accounts.wrong_credentials");
        let (phone, caller) = (phone_of(1), from("10.0.0.1"));
        room.accounts.log_in(&phone, NEW_PASSWORD, None, SessionKind::Viewer, &caller).await.expect("a session");
        assert_eq!(room.revoked().await.len(), 1);
    }

    async fn the_old_password_cannot_be_guessed_at_an_open_browser(db) {
        let room = Room::over(&db);
        let here = room.register(1).await;
        for _ in 0..10 {
            let guess = room.accounts.change_password(&here.who, "tebakan", NEW_PASSWORD, &from("10.0.0.1")).await;
            assert_eq!(refusal(guess), "accounts.wrong_credentials");
        }
        let right = room.accounts.change_password(&here.who, PASSWORD, NEW_PASSWORD, &from("10.0.0.1")).await;
        assert_eq!(refusal(right), "accounts.too_many_tries");
        room.clock.advance_ms(60_000);
        room.accounts.change_password(&here.who, PASSWORD, NEW_PASSWORD, &from("10.0.0.1")).await.expect("changed");
    }

    async fn name_and_language_are_changed_for_every_session(db) {
        let room = Room::over(&db);
        let (here, there) = (room.register(1).await, room.log_in(1).await.expect("a session"));
        assert_eq!(room.accounts.change_name(&here.who, "  Citra  Lestari ").await.expect("changed"), "Citra Lestari");
        assert_eq!(refusal(room.accounts.change_name(&here.who, "   ").await), "accounts.bad_name");
        room.accounts.change_locale(&here.who, Language::En).await.expect("changed");
        let who = room.find(&there).await.expect("a session");
        assert_eq!((who.name.as_str(), who.locale), ("Citra Lestari", Language::En));
    }

    async fn consents_are_kept_with_their_version_and_moment(db) {
        let room = Room::over(&db);
        let here = room.register(1).await;
        let at_first = room.accounts.list_consents(&here.who.account).await.expect("a list");
        let mut documents: Vec<_> = at_first.iter().map(|one| (one.document.as_str(), one.version.as_str())).collect();
        documents.sort_unstable();
        assert_eq!(documents, [("privacy", PRIVACY_VERSION), ("terms", TERMS_VERSION)]);
        room.clock.advance_ms(1_000);
        room.accounts.record_consent(&here.who, Document::Terms).await.expect("recorded");
        let later = room.accounts.list_consents(&here.who.account).await.expect("a list");
        assert_eq!(later.len(), 3);
        assert_eq!(later[2].document, Document::Terms);
        assert!(later[2].agreed_at > later[0].agreed_at);
    }

    async fn everything_held_about_an_account_can_be_taken_along(db) {
        let room = Room::over(&db);
        let (here, other) = (room.register(1).await, room.register(2).await);
        let others = Map::from_iter([("ledger".to_owned(), json!([{"coins": 5}]))]);
        let all = room.accounts.export(&here.who, others).await.expect("data");
        assert_eq!(all["account"], json!({
            "id": here.who.account, "name": "Ari", "phone": "+6281200000001", "role": "viewer", "locale": "id",
            "created_at": "2027-01-15T08:00:00Z",
        }));
        assert_eq!(all["sessions"].as_array().expect("sessions").len(), 1);
        assert_eq!(all["consents"].as_array().expect("consents").len(), 2);
        assert_eq!(all["ledger"], json!([{"coins": 5}]));
        let text = all.to_string();
        assert!(!text.contains("argon2") && !text.contains(here.token.expose()) && !text.contains(other.who.account.as_str()));
    }

    async fn a_deleted_account_tells_nobody_who_it_was_and_its_number_is_free(db) {
        let room = Room::over(&db);
        let (here, there) = (room.register(1).await, room.log_in(1).await.expect("a session"));
        let wrong = room.accounts.delete_account(&here.who, "salah", &from("10.0.0.1")).await;
        assert_eq!(refusal(wrong), "accounts.wrong_credentials");
        assert!(room.lives(&here).await);
        room.accounts.delete_account(&here.who, PASSWORD, &from("10.0.0.1")).await.expect("deleted");
        assert!(!room.lives(&here).await && !room.lives(&there).await);
        assert_eq!(refusal(room.log_in(1).await), "accounts.wrong_credentials");
        let left = room.accounts.get_account(&here.who.account).await.expect("its row");
        assert_eq!((left.name.as_str(), left.phone), (DELETED_NAME, None));
        assert!(left.deleted_at.is_some());
        assert_eq!(room.accounts.list_consents(&here.who.account).await.expect("a list").len(), 2, "kept");
        assert_eq!(room.audit().await, ["accounts.delete"]);
        assert_eq!(room.revoked().await, [here.who.account.to_string()]);
        let anew = room.register(1).await;
        assert_ne!(anew.who.account, here.who.account);
        // The old id is nobody's any more, whatever is done to it.
        let actor = room.actor();
        let role = room.accounts.set_role(&actor, &here.who.account, Role::Owner).await;
        assert_eq!(refusal(role), "accounts.not_found");
        assert_eq!(refusal(room.accounts.ban(&actor, &here.who.account, "x").await), "accounts.not_found");
    }
}
