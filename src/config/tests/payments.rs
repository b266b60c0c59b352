//! `[payments]` that would keep money from coming, and its twins that are let in.

use super::{accepted, refused};

const USED: &str = "[payments]\ngateway = \"doku\"\n[payments.doku]\n";

#[test]
fn doku_does_not_start_without_its_credentials() {
    let empty = |key: &str, like: &str| {
        format!(
            "payments.doku.{key} (bakuhantam.toml:3) is empty while payments.gateway is \"doku\": write the one of DOKU's dashboard ({like}), \
             or set payments.gateway to \"sandbox\" or \"none\""
        )
    };
    assert_eq!(refused(USED, &[]), empty("client_id", "BRN-…"));
    assert_eq!(refused(&format!("{USED}client_id = \"BRN-1\""), &[]), empty("secret_key", "SK-…"));
    let explicit = refused(&format!("{USED}client_id = \"BRN-1\"\nsecret_key = \"\""), &[]);
    assert!(explicit.starts_with("payments.doku.secret_key (bakuhantam.toml:5) is empty"), "{explicit}");
    for secret in ["SK- 1", "SK-1 ", "SK-é", &"x".repeat(129)] {
        let said = refused(&format!("{USED}client_id = \"BRN-1\"\nsecret_key = \"{secret}\""), &[]);
        assert_eq!(
            said,
            "payments.doku.secret_key (bakuhantam.toml:5) holds a blank or a character that none of DOKU's has: copy it \
             again (SK-…)",
        );
    }
    accepted(&format!("{USED}client_id = \"BRN-1\"\nsecret_key = \"SK-1\""), &[]);
    accepted("[payments]\ngateway = \"none\"", &[]);
    let vars = [("BAKUHANTAM__PAYMENTS__DOKU__SECRET_KEY", "SK-1")];
    accepted(&format!("{USED}client_id = \"BRN-1\""), &vars);
}

#[test]
fn dokus_address_is_https_or_this_machine() {
    for good in ["https://api.doku.com", "http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"] {
        accepted(&format!("[payments.doku]\nbase_url = \"{good}\""), &[]);
    }
    for bad in ["http://api.doku.com", "http://localhost.evil.id", "http://127.0.0.1.evil.id"] {
        let said = refused(&format!("[payments.doku]\nbase_url = \"{bad}\""), &[]);
        let expected = format!(
            "payments.doku.base_url (bakuhantam.toml:2) cannot be \"{bad}\": without https everyone on the way could read \
             who pays; write \"https://api.doku.com\", or \"https://api-sandbox.doku.com\" for trying out"
        );
        assert_eq!(said, expected);
    }
    let said = refused("[payments.doku]\nbase_url = \"api.doku.com\"", &[]);
    assert!(said.ends_with("it is not an address: write it like \"https://api.doku.com\""), "{said}");
}

#[test]
fn channels_times_and_windows_have_their_limits() {
    for (text, sentence) in [
        (
            "[payments]\norder_ttl_minutes = 0",
            "payments.order_ttl_minutes (bakuhantam.toml:2) cannot be 0: write 1 to 44640, which are 31 days",
        ),
        (
            "[payments]\norder_ttl_minutes = 44641",
            "payments.order_ttl_minutes (bakuhantam.toml:2) cannot be 44641: write 1 to 44640, which are 31 days",
        ),
        (
            "[payments]\nreconcile_every_ms = 0",
            "payments.reconcile_every_ms (bakuhantam.toml:2) cannot be 0: write 1 or more",
        ),
        (
            "[payments.doku]\ntimestamp_window_ms = 0",
            "payments.doku.timestamp_window_ms (bakuhantam.toml:2) cannot be 0: write 1 or more",
        ),
        (
            "[payments.doku]\npayment_methods = [\"qris\"]",
            "payments.doku.payment_methods[0] (bakuhantam.toml:2) cannot be \"qris\": write one of DOKU's words, such as \
             \"QRIS\"",
        ),
        (
            "[payments.doku]\npayment_methods = [\"QRIS\", \"QRIS\"]",
            "payments.doku.payment_methods[1] (bakuhantam.toml:2) is \"QRIS\" a second time: remove it",
        ),
    ] {
        assert_eq!(refused(text, &[]), sentence, "for {text}");
    }
    accepted("[payments]\norder_ttl_minutes = 44640", &[]);
    accepted("[payments.doku]\npayment_methods = [\"QRIS\", \"EMONEY_SHOPEE_PAY\", \"VIRTUAL_ACCOUNT_BCA\"]", &[]);
}
