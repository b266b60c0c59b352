//! `[messages]` that would reach nobody, and its twins that are let in.

use super::{accepted, refused};

#[test]
fn a_gateway_has_an_address() {
    let empty = "messages.url (bakuhantam.toml:1) is empty while messages.kind is \"http\": write the gateway's address, such as \
                 \"https://api.fonnte.com/send\"";
    assert_eq!(refused("[messages]\nkind = \"http\"", &[]), empty);
    accepted("[messages]\nkind = \"console\"", &[]);
    let with = |url: &str| format!("[messages]\nkind = \"http\"\nurl = \"{url}\"");
    for good in ["https://api.fonnte.com/send", "http://127.0.0.1:3000/send?key=abc", "https://user:key@gateway.id/x"] {
        accepted(&with(good), &[]);
    }
    for bad in ["api.fonnte.com/send?key=secret", "ftp://secret.id", "https://"] {
        let said = refused(&with(bad), &[]);
        let expected =
            "messages.url (bakuhantam.toml:3) is not an address: write it like \"https://api.fonnte.com/send\"";
        assert_eq!(said, expected, "the address may hold a key and is not repeated");
    }
}

#[test]
fn a_message_is_json_with_number_and_text() {
    for good in [
        r#"{"target":"{phone}","message":"{text}"}"#,
        r#"{"to":["+{phone}"],"body":{"text":"Bakuhantam: {text}"},"n":1}"#,
    ] {
        accepted(&format!("[messages]\nbody = '{good}'"), &[]);
    }
    for (bad, said) in [
        (r#"{"target":"{phone}"}"#, "has no {text}"),
        (r#"{"message":"{text}"}"#, "has no {phone}"),
        (r#"{"target":{phone},"message":{text}}"#, "is no JSON once {phone} and {text} are filled in"),
        ("target={phone}&message={text}", "is no JSON once {phone} and {text} are filled in"),
    ] {
        let sentence = refused(&format!("[messages]\nbody = '{bad}'"), &[]);
        assert!(sentence.starts_with(&format!("messages.body (bakuhantam.toml:2) {said}")), "{sentence}");
    }
}
