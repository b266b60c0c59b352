//! Forgotten passwords.

use bakuhantam::accounts::{NewAccount, Role, SessionKind};
use bakuhantam::config::Language;

use super::room::{DAY_MS, Room, from, phone_of, refusal};
use crate::harness::viewers::PASSWORD;
use crate::postgres::on_both_databases;

const NEW_PASSWORD: &str = "badak-hujan terbit 41";

/// A code that is surely another one.
fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().expect("digits") + 1) % 1_000_000)
}

on_both_databases! {
    async fn a_code_sent_to_the_number_makes_a_new_password_and_ends_every_session(db) {
        let room = Room::over(&db);
        let (here, there) = (room.register(1).await, room.log_in(1).await.expect("a session"));
        // Both are answered alike; only one gets a message.
        room.accounts.begin_reset(&phone_of(2), &from("10.0.0.1")).await.expect("asked");
        room.accounts.begin_reset("+62 812-0000-0001", &from("10.0.0.1")).await.expect("asked");
        let code = room.code(0).await;
        assert_eq!(room.messages(), [("+6281200000001".to_owned(), format!("id {code}"))]);
        assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));

        let finish = async |number: u32, code: &str, password: &str| {
            room.accounts.finish_reset(&phone_of(number), code, password, &from("10.0.0.1")).await
        };
        assert_eq!(refusal(finish(1, &another(&code), NEW_PASSWORD).await), "accounts.wrong_code");
        assert_eq!(refusal(finish(2, &code, NEW_PASSWORD).await), "accounts.wrong_code");
        assert_eq!(refusal(finish(1, &code, "bismillah").await), "accounts.weak_password");
        assert!(room.lives(&here).await);
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        let session = finish(1, &spaced, NEW_PASSWORD).await.expect("reset").expect("signed in");
        assert!(room.lives(&session).await && !room.lives(&here).await && !room.lives(&there).await);
        assert_eq!(refusal(finish(1, &code, NEW_PASSWORD).await), "accounts.wrong_code");
        assert_eq!(refusal(room.log_in(1).await), "accounts.wrong_credentials");
        assert_eq!(room.revoked().await.len(), 1);
    }

    async fn a_code_lasts_ten_minutes_and_five_wrong_tries(db) {
        let room = Room::over(&db);
        room.register(1).await;
        let begin = async || room.accounts.begin_reset(&phone_of(1), &from("10.0.0.1")).await.expect("asked");
        let finish = async |code: &str| {
            room.accounts.finish_reset(&phone_of(1), code, NEW_PASSWORD, &from("10.0.0.2")).await
        };
        begin().await;
        let first = room.code(0).await;
        room.clock.advance_ms(600_000);
        assert_eq!(refusal(finish(&first).await), "accounts.wrong_code");
        begin().await;
        let second = room.code(1).await;
        for _ in 0..4 {
            assert_eq!(refusal(finish(&another(&second)).await), "accounts.wrong_code");
            room.clock.advance_ms(60_000);
        }
        assert_eq!(refusal(finish(&another(&second)).await), "accounts.wrong_code");
        assert_eq!(refusal(finish(&second).await), "accounts.wrong_code", "the sixth try, right as it is");
        room.clock.advance_ms(300_000);
        begin().await;
        let third = room.code(2).await;
        for _ in 0..4 {
            assert_eq!(refusal(finish(&another(&third)).await), "accounts.wrong_code");
            room.clock.advance_ms(60_000);
        }
        finish(&third).await.expect("the fifth try").expect("signed in");
    }

    async fn asking_again_soon_sends_the_same_code_and_asking_too_often_is_refused(db) {
        let room = Room::over(&db);
        room.register(1).await;
        for _ in 0..3 {
            room.accounts.begin_reset(&phone_of(1), &from("10.0.0.1")).await.expect("asked");
        }
        let codes = [room.code(0).await, room.code(1).await, room.code(2).await];
        assert!(codes.iter().all(|code| code == &codes[0]), "{codes:?}");
        for number in [1, 2] {
            // Whether the number has an account or not.
            for _ in 0..3 {
                drop(room.accounts.begin_reset(&phone_of(number), &from("10.0.0.1")).await);
            }
            let asked = room.accounts.begin_reset(&phone_of(number), &from("10.0.0.1")).await;
            assert_eq!(refusal(asked), "accounts.too_many_tries");
        }
        assert_eq!(refusal(room.accounts.begin_reset("021-5551234", &from("10.0.0.1")).await), "accounts.bad_phone");
        room.clock.advance_ms(DAY_MS);
        room.accounts.begin_reset(&phone_of(1), &from("10.0.0.1")).await.expect("asked");
        assert_ne!(room.code(3).await, codes[0]);
    }

    async fn a_reset_lets_the_owner_in_however_much_was_guessed(db) {
        let room = Room::over(&db);
        room.register(1).await;
        for _ in 0..6 {
            let guess = room.accounts.log_in(&phone_of(1), "tebakan", None, SessionKind::Viewer, &from("10.0.0.9")).await;
            drop(guess);
        }
        let log_in = async |password: &str| {
            room.accounts.log_in(&phone_of(1), password, None, SessionKind::Viewer, &from("10.0.0.9")).await
        };
        assert_eq!(refusal(log_in(PASSWORD).await), "accounts.too_many_tries");
        room.accounts.begin_reset(&phone_of(1), &from("10.0.0.9")).await.expect("asked");
        let code = room.code(0).await;
        room.accounts.finish_reset(&phone_of(1), &code, NEW_PASSWORD, &from("10.0.0.9")).await.expect("reset");
        log_in(NEW_PASSWORD).await.expect("the counters are forgotten");
    }

    async fn a_reset_is_no_way_around_a_ban_or_a_second_factor(db) {
        let room = Room::over(&db);
        let banned = room.register(1).await;
        room.accounts.begin_reset(&phone_of(1), &from("10.0.0.1")).await.expect("asked");
        let code = room.code(0).await;
        room.accounts.ban(&room.actor(), &banned.who.account, "spam").await.expect("banned");
        let finished = room.accounts.finish_reset(&phone_of(1), &code, NEW_PASSWORD, &from("10.0.0.1")).await;
        assert_eq!(refusal(finished), "accounts.wrong_code");

        let wanted = NewAccount {
            phone: phone_of(2),
            name: "Dewi".into(),
            role: Some(Role::Finance),
            password: None,
            locale: Language::En,
        };
        room.accounts.create(&room.actor(), wanted).await.expect("made");
        room.accounts.begin_reset(&phone_of(2), &from("10.0.0.1")).await.expect("asked");
        let code = room.code(1).await;
        assert_eq!(room.messages()[1].1, format!("en {code}"));
        let finished = room.accounts.finish_reset(&phone_of(2), &code, NEW_PASSWORD, &from("10.0.0.1")).await;
        assert!(finished.expect("reset").is_none(), "the second factor is asked at every sign-in");
        let (phone, caller) = (phone_of(2), from("10.0.0.1"));
        let signed_in = room.accounts.log_in(&phone, NEW_PASSWORD, None, SessionKind::Viewer, &caller).await;
        assert_eq!(refusal(signed_in), "accounts.totp_required");
    }
}
