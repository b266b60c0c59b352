//! Bodies of every channel, and those that are sent.

use serde_json::{Value, json};
use url::Url;

use super::super::checkout::{body_of, payment_url};
use super::super::report::Said;
use super::super::sanitise::is_taken;
use crate::config::Language;
use crate::money::Rupiah;
use crate::payments::{CheckoutRequest, PaymentReport, ProviderError, ProviderStatus};

fn report(body: &str) -> PaymentReport {
    let said = Said::read(body.as_bytes()).unwrap();
    said.report(said.invoice().unwrap())
}

/// Notices as seen live and as documented; the channel and the reference each is filed under.
const NOTICES: &[(&str, &str, &str)] = &[
    (
        r#"{"service":{"id":"VIRTUAL_ACCOUNT"},"acquirer":{"id":"BCA"},"channel":{"id":"VIRTUAL_ACCOUNT_BCA"},"order":{"invoice_number":"BH1","amount":50000},"virtual_account_info":{"virtual_account_number":"1900800000208362"},"virtual_account_payment":{"date":"20251203210101","systrace_number":"116095","reference_number":"64775","channel_code":"","request_id":"048881","identifier":[{"name":"REQUEST_ID","value":"048881"},{"name":"REFERENCE","value":"64775"},{"name":"CHANNEL_TYPE","value":"6014"}]},"transaction":{"status":"SUCCESS","date":"2025-12-03T14:01:01Z","original_request_id":"d7721e1c"},"additional_info":{"origin":{"product":"CHECKOUT"},"account":{"id":"SAC-1"}}}"#,
        "VIRTUAL_ACCOUNT_BCA",
        "64775",
    ),
    (
        r#"{"service":{"id":"EMONEY"},"acquirer":{"id":"DANA"},"channel":{"id":"EMONEY_DANA"},"order":{"invoice_number":"BH1","amount":50000},"transaction":{"status":"SUCCESS","date":"2025-01-19T15:59:16Z","original_request_id":"422fb1f9"},"additional_info":{"line_items":[]}}"#,
        "EMONEY_DANA",
        "422fb1f9",
    ),
    (
        r#"{"service":{"id":"QRIS"},"acquirer":{"id":"QRIS"},"channel":{"id":"QRIS"},"order":{"invoice_number":"BH1","amount":"50000.00"},"transaction":{"status":"SUCCESS"},"emoney_payment":{"account_id":"936","approval_code":"123456"},"settlement":[{"value":1}]}"#,
        "QRIS",
        "123456",
    ),
    (
        r#"{"service":{"id":"EMONEY"},"acquirer":{"id":"SHOPEEPAY"},"channel":{"id":"EMONEY_SHOPEE_PAY"},"order":{"invoice_number":"BH1","amount":50000},"transaction":{"status":"SUCCESS","original_request_id":"a1"},"shopeepay_configuration":{"merchant_ext_id":"m","store_ext_id":"s"},"shopeepay_payment":{"transaction_status":"3","transaction_message":"SUCCESS","identifier":[]}}"#,
        "EMONEY_SHOPEE_PAY",
        "a1",
    ),
    (
        r#"{"service":{"id":"EMONEY"},"acquirer":{"id":"OVO"},"channel":{"id":"EMONEY_OVO"},"order":{"invoice_number":"BH1","amount":50000},"transaction":{"status":"SUCCESS","original_request_id":"a2"},"ovo_payment":{"what":"ever"}}"#,
        "EMONEY_OVO",
        "a2",
    ),
    (
        r#"{"service":{"id":"CREDIT_CARD"},"acquirer":{"id":"BANK_CIMB"},"channel":{"id":"CREDIT_CARD"},"order":{"invoice_number":"BH1","amount":50000},"transaction":{"type":"SALE","status":"SUCCESS","date":"2025-01-19T15:59:16Z","original_request_id":"a3"},"card_payment":{"masked_card_number":"5520","approval_code":"930013","response_code":"00"}}"#,
        "CREDIT_CARD",
        "930013",
    ),
    (
        r#"{"service":{"id":"ONLINE_TO_OFFLINE"},"acquirer":{"id":"ALFA"},"channel":{"id":"ONLINE_TO_OFFLINE_ALFA"},"order":{"invoice_number":"BH1","amount":50000},"transaction":{"status":"SUCCESS"},"online_to_offline_info":{"payment_code":"8890220000007"}}"#,
        "ONLINE_TO_OFFLINE_ALFA",
        "8890220000007",
    ),
    (
        r#"{"service":{"id":"TELEPATHY"},"order":{"invoice_number":"BH1","amount":50000},"transaction":{"status":"SUCCESS","original_request_id":"a4"}}"#,
        "TELEPATHY",
        "a4",
    ),
];

#[test]
fn notices_of_every_channel_say_the_same() {
    for (body, channel, reference) in NOTICES {
        let report = report(body);
        assert_eq!(report.invoice, "BH1", "{channel}");
        assert_eq!((report.amount, report.is_rupiah), (Some(Rupiah(50_000)), true), "{channel}");
        assert_eq!(report.status, ProviderStatus::Paid, "{channel}");
        assert_eq!(report.channel.as_deref(), Some(*channel));
        assert_eq!(report.provider_ref.as_deref(), Some(*reference), "{channel}");
    }
}

#[test]
fn an_order_that_is_over_is_over_unless_it_was_paid() {
    use ProviderStatus as S;
    for (order, transaction, status) in [
        (json!("ORDER_GENERATED"), json!(null), S::Pending),
        (json!("ORDER_RECOVERED"), json!(null), S::Pending),
        (json!("ORDER_EXPIRED"), json!(null), S::Expired),
        (json!("ORDER_EXPIRED"), json!({"status": "PENDING"}), S::Expired),
        (json!("ORDER_EXPIRED"), json!({"status": "FAILED"}), S::Expired),
        (json!("ORDER_EXPIRED"), json!({"status": "SUCCESS"}), S::Paid),
        (json!("ORDER_EXPIRED"), json!({"status": "REFUNDED"}), S::Refunded),
        (json!("ORDER_GENERATED"), json!({"status": "TIMEOUT"}), S::Pending),
        (json!("ORDER_GENERATED"), json!({"status": "FAILED"}), S::FailedAttempt),
        (json!(null), json!({"status": "EXPIRED"}), S::Expired),
        (json!(null), json!({"status": "SUCCESS"}), S::Paid),
    ] {
        let body = json!({"order": {"invoice_number": "BH1", "amount": "1", "status": order}, "transaction": transaction,
            "service": null, "channel": null});
        assert_eq!(report(&body.to_string()).status, status, "{body}");
    }
}

fn request() -> CheckoutRequest {
    CheckoutRequest {
        invoice: "BH01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
        request_id: "01ARZ3NDEKTSV4RRFFQ69G5FAW".to_owned(),
        amount: Rupiah(100_000),
        due_minutes: 60,
        return_url: "https://bakuhantam.tv/orders/BH01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        language: Language::Id,
        customer_name: "Budi & Ani 🔥".to_owned(),
        customer_phone: "+6281234567890".to_owned(),
    }
}

#[test]
fn a_checkout_is_asked_for_with_little_and_the_same_bytes_each_time() {
    let bytes = body_of(&request(), &[]).unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    let expected = json!({
        "order": {
            "amount": 100_000, "invoice_number": "BH01ARZ3NDEKTSV4RRFFQ69G5FAV", "currency": "IDR",
            "callback_url": "https://bakuhantam.tv/orders/BH01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "language": "ID", "auto_redirect": true,
        },
        "payment": {"payment_due_date": 60},
        "customer": {"name": "Budi Ani", "phone": "6281234567890"},
    });
    assert_eq!(body, expected);
    assert_eq!(body_of(&request(), &[]).unwrap(), bytes);
    let methods = ["QRIS".to_owned(), "EMONEY_DANA".to_owned()];
    let english = CheckoutRequest { language: Language::En, due_minutes: 0, ..request() };
    let body: Value = serde_json::from_slice(&body_of(&english, &methods).unwrap()).unwrap();
    assert_eq!(body["payment"], json!({"payment_due_date": 1, "payment_method_types": ["QRIS", "EMONEY_DANA"]}));
    assert_eq!(body["order"]["language"], "EN");
}

#[test]
fn what_doku_would_refuse_is_left_out_or_not_sent() {
    let odd = CheckoutRequest {
        return_url: "http://[::1]:8080/orders/x?y".to_owned(),
        customer_name: String::new(),
        customer_phone: String::new(),
        ..request()
    };
    let body: Value = serde_json::from_slice(&body_of(&odd, &[]).unwrap()).unwrap();
    assert_eq!(body["order"].get("callback_url"), None);
    assert_eq!(body["customer"], json!({"name": "Pelanggan"}));
    assert!(all_texts(&body).iter().all(|text| is_taken(text)));
    for amount in [0, -1, 1_000_000_000_000] {
        let refused = body_of(&CheckoutRequest { amount: Rupiah(amount), ..request() }, &[]);
        assert!(matches!(refused, Err(ProviderError::Refused(_))), "{amount}");
    }
    for request_id in ["", "a b", &"a".repeat(129)] {
        let refused = body_of(&CheckoutRequest { request_id: request_id.to_owned(), ..request() }, &[]);
        assert!(matches!(refused, Err(ProviderError::Refused(_))), "{request_id}");
    }
}

fn all_texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(all_texts).collect(),
        Value::Object(fields) => fields.values().flat_map(all_texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn payers_are_sent_to_dokus_hosts_alone() {
    let production = Url::parse("https://api.doku.com").unwrap();
    for good in [
        "https://jokul.doku.com/checkout/link/SU5WFDVc",
        "https://staging.doku.com/checkout-link-v2/f03a471b",
        "https://sandbox.doku.com/checkout-link-v2/f03a471b",
        "https://doku.com/x",
        "HTTPS://Checkout.DOKU.com:443/x",
    ] {
        assert!(payment_url(good, &production).is_ok(), "{good}");
    }
    for bad in [
        "http://jokul.doku.com/x",
        "https://doku.com.evil.id/x",
        "https://evildoku.com/x",
        "https://doku.com@evil.id/x",
        "https://user:pass@jokul.doku.com/x",
        "https://jokul.doku.com:8443/x",
        "https://evil.id/doku.com",
        "https://evil.id\\.doku.com/x",
        "javascript:alert(1)//doku.com",
        "data:text/html,doku.com",
        "ftp://jokul.doku.com/x",
        "//jokul.doku.com/x",
        "/checkout/x",
        "http://127.0.0.1/x",
        "https://doku.com./x",
        "",
    ] {
        assert!(payment_url(bad, &production).is_err(), "{bad}");
    }
    let long = format!("https://jokul.doku.com/{}", "a".repeat(2_000));
    assert!(payment_url(&long, &production).is_err());
    let host = payment_url("https://evil.id/secret-token", &production).unwrap_err();
    assert_eq!(host, "evil.id", "no token");
}

#[test]
fn a_stand_in_on_this_machine_may_have_the_pay_page() {
    for base in ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"] {
        let base = Url::parse(base).unwrap();
        let mut page = base.clone();
        page.set_path("/checkout-link-v2/x");
        assert!(payment_url(page.as_str(), &base).is_ok(), "{page}");
        assert!(payment_url("https://jokul.doku.com/x", &base).is_ok());
        assert!(payment_url("http://192.0.2.1:9000/x", &base).is_err());
    }
    let elsewhere = Url::parse("http://192.0.2.1:9000").unwrap();
    assert!(payment_url("http://192.0.2.1:9000/x", &elsewhere).is_err());
}
