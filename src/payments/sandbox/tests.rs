//! What can happen to a payment, and that its notices are read back as what they say.

use std::sync::Arc;

use super::payment::Word;
use super::*;
use crate::clock::ManualClock;
use crate::config::{Language, Secret};
use crate::ids::SystemRandom;
use crate::payments::ProviderStatus;

const NOW: Micros = Micros(1_795_000_000_000_000);

fn sandbox() -> Sandbox {
    let database = crate::config::Database { url: Secret::new("sqlite:///nowhere/at/all.db"), pool_size: 1 };
    let store = Store::open(&database).unwrap();
    let clock: SharedClock = Arc::new(ManualClock::at(NOW));
    let random: SharedRandom = Arc::new(SystemRandom::default());
    open(&Config::default(), &SecretKey::new([7; 32]), &store, &clock, &random).unwrap()
}

fn payment(status: SandboxStatus) -> SandboxPayment {
    SandboxPayment {
        invoice: "BH01J00000000000000000000000".parse().unwrap(),
        request_id: "request-1".into(),
        amount: Rupiah(100_000),
        return_url: "http://127.0.0.1:8080/orders/x".into(),
        language: Language::Id,
        created_at: NOW,
        expires_at: NOW.plus_ms(3_600_000),
        status,
        channel: None,
        paid: None,
        reference: None,
        told: None,
    }
}

#[test]
fn notices_of_every_channel_are_read_back_as_what_they_say() {
    let sandbox = sandbox();
    for channel in Channel::ALL {
        let paid = payment(SandboxStatus::Pending).after(Act::Pay, channel, "123456789012", NOW).unwrap();
        let body =
            notice::body_of(&paid.payment, Word { status: SandboxStatus::Success, twice: false }, NOW).to_string();
        let headers = sandbox.sign("r-1", body.as_bytes(), NOW);
        let read = sandbox.read_notice(&headers, body.as_bytes(), NOW.plus_ms(1_000)).unwrap();
        let report = read.report.expect("readable");
        assert!(!read.is_stale);
        assert_eq!(report.invoice, "BH01J00000000000000000000000");
        assert_eq!((report.amount, report.is_rupiah), (Some(Rupiah(100_000)), true), "{body}");
        assert_eq!(report.status, ProviderStatus::Paid);
        assert_eq!(report.channel.as_deref(), Some(channel.ids().2));
        assert_eq!(report.provider_ref.as_deref(), Some("123456789012"), "{body}");
        // Check-status says the same.
        let asked = paid.payment.report(NOW);
        assert_eq!(
            (asked.amount, asked.channel, asked.provider_ref),
            (report.amount, report.channel, report.provider_ref)
        );
    }
}

#[test]
fn a_notice_that_was_touched_is_not_ours_and_an_old_one_is_stale() {
    let sandbox = sandbox();
    let body = br#"{"order":{"invoice_number":"BH1","amount":1}}"#;
    let headers = sandbox.sign("r-1", body, NOW);
    assert!(sandbox.read_notice(&headers, body, NOW).is_ok());
    let touched = br#"{"order":{"invoice_number":"BH1","amount":2}}"#;
    assert_eq!(sandbox.read_notice(&headers, touched, NOW), Err(NoticeRefusal::Signature));
    let foreign = NoticeHeaders { client_id: "BRN-0200-1".into(), ..headers.clone() };
    assert_eq!(sandbox.read_notice(&foreign, body, NOW), Err(NoticeRefusal::ClientId));
    let other = NoticeHeaders { request_id: "r-2".into(), ..headers.clone() };
    assert_eq!(sandbox.read_notice(&other, body, NOW), Err(NoticeRefusal::Signature));
    assert!(sandbox.read_notice(&headers, body, NOW.plus_ms(WINDOW_MS + 1_000)).unwrap().is_stale);
}

#[test]
fn only_what_can_happen_is_offered() {
    let offered = |status| payment(status).offers(NOW);
    assert_eq!(offered(SandboxStatus::Pending), offered(SandboxStatus::Failed));
    assert!(offered(SandboxStatus::Pending).contains(&Act::PayLate));
    assert!(!offered(SandboxStatus::Pending).contains(&Act::Refund));
    assert_eq!(offered(SandboxStatus::Expired), [Act::PayLate]);
    assert_eq!(payment(SandboxStatus::Pending).offers(NOW.plus_ms(3_600_000)), [Act::PayLate]);
    assert_eq!(offered(SandboxStatus::Success), [Act::TellAgain, Act::Refund]);
    assert!(payment(SandboxStatus::Expired).after(Act::Pay, Channel::Qris, "1", NOW).is_none());
    let wrong = payment(SandboxStatus::Pending).after(Act::PayWrong, Channel::Qris, "1", NOW).unwrap().payment;
    assert_eq!(wrong.report(NOW).amount, Some(Rupiah(99_000)));
    let right = wrong.after(Act::Pay, Channel::Qris, "2", NOW).unwrap().payment;
    assert_eq!(right.report(NOW).amount, Some(Rupiah(100_000)));
}

#[test]
fn a_pay_page_opens_by_its_own_token_alone() {
    let sandbox = sandbox();
    let one: Invoice = "BH01J00000000000000000000000".parse().unwrap();
    let other: Invoice = "BH01J00000000000000000000001".parse().unwrap();
    assert!(sandbox.is_token(&one, &sandbox.token_of(&one)));
    assert!(!sandbox.is_token(&other, &sandbox.token_of(&one)));
    assert!(!sandbox.is_token(&one, ""));
    assert!(sandbox.payment_url(&one).starts_with("http://127.0.0.1:8080/sandbox/pay/BH01J"));
}
