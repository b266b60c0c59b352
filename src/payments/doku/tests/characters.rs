//! What people type, as DOKU takes it.

use proptest::prelude::*;

use super::super::sanitise::{is_taken, name, phone};

#[test]
fn names_become_what_doku_takes() {
    for (typed, sent) in [
        ("Budi Santoso", "Budi Santoso"),
        ("  Budi \t\n Santoso  ", "Budi Santoso"),
        ("José Ñandú", "Jose Nandu"),
        ("Jose\u{301} Re\u{301}na", "Jose Rena"),
        ("Straße Œuvre Łódź", "Strasse OEuvre Lodz"),
        ("Budi & \"Ani\" #1; DROP * 'x'?!", "Budi Ani 1 DROP x"),
        ("Budi 🔥🥊 Santoso", "Budi Santoso"),
        ("O’Brien – Ａｎｉ", "O Brien Ani"),
        ("𝓑𝓾𝓭𝓲", "Budi"),
        ("H. Abdul-Rahman, S.H.", "H. Abdul-Rahman, S.H."),
        ("a_b/c(d)e%f", "a_b c d e f"),
        ("🔥🥊", "Pelanggan"),
        ("", "Pelanggan"),
        ("...", "Pelanggan"),
        ("\u{202e}\u{200b}", "Pelanggan"),
        ("\0\r\n", "Pelanggan"),
    ] {
        assert_eq!(name(typed), sent, "{typed:?}");
    }
    // Other scripts are written in Latin letters.
    for typed in ["李小龍", "Иван", "محمد", "ꦧꦸꦢꦶ"] {
        let sent = name(typed);
        assert!(sent != "Pelanggan" && sent.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' '), "{typed}: {sent}");
    }
    assert_eq!(name(&"a".repeat(300)).len(), 255);
    assert_eq!(name(&format!("{}  b", "a".repeat(254))), "a".repeat(254), "no blank is left where it is cut");
    assert_eq!(name(&"é".repeat(100_000)).len(), 255);
}

#[test]
fn numbers_are_digits_alone() {
    assert_eq!(phone("+6281234567890").as_deref(), Some("6281234567890"));
    assert_eq!(phone("+62 812-3456"), Some("628123456".to_owned()));
    assert_eq!(phone(""), None);
    assert_eq!(phone("+"), None);
    assert_eq!(phone("12345678901234567"), None, "seventeen digits");
}

#[test]
fn addresses_with_a_query_are_not_taken() {
    assert!(is_taken("https://bakuhantam.tv/orders/BH01ARZ3NDEKTSV4RRFFQ69G5FAV"));
    for address in
        ["https://a.tv/?x=1", "https://a.tv/a&b", "https://a.tv/#x", "https://[::1]/", "https://a.tv/(x)", "é"]
    {
        assert!(!is_taken(address), "{address}");
    }
}

proptest! {
    #[test]
    fn whatever_is_typed_is_taken(typed in any::<String>()) {
        let sent = name(&typed);
        prop_assert!(is_taken(&sent), "{sent:?}");
        prop_assert!((1..=255).contains(&sent.len()));
        prop_assert_eq!(sent.trim(), &sent);
        prop_assert!(!sent.contains("  "));
        prop_assert_eq!(name(&sent), sent.clone());
        if let Some(digits) = phone(&typed) {
            prop_assert!(is_taken(&digits) && digits.len() <= 16);
        }
    }

    #[test]
    fn a_name_that_is_taken_is_left_alone(typed in "[A-Za-z0-9]([A-Za-z0-9.,_-]| [A-Za-z0-9]){0,60}") {
        prop_assert_eq!(name(&typed), typed);
    }
}
