//! Indonesian phone numbers as people type them.

use bakuhantam::accounts::{Phone, PhoneError};
use hyper::Method;
use serde_json::json;

use crate::harness::viewers::{JSON, PASSWORD};
use crate::harness::{http, night};

const TAKEN: &[(&str, &str)] = &[
    ("08123456789", "+628123456789"),
    ("8123456789", "+628123456789"),
    ("+628123456789", "+628123456789"),
    ("628123456789", "+628123456789"),
    ("6208123456789", "+628123456789"),
    ("+6208123456789", "+628123456789"),
    ("0812-3456-7890", "+6281234567890"),
    ("+62 812 3456 7890", "+6281234567890"),
    ("+62 (0)812-3456-7890", "+6281234567890"),
    ("(0812) 3456.7890", "+6281234567890"),
    ("08 12 34 56 78 90", "+6281234567890"),
    ("tel:+62-812-3456-7890", "+6281234567890"),
    ("0895 4013 55555", "+62895401355555"),
    ("08381234567", "+628381234567"),
    ("0871234567890", "+62871234567890"),
    ("+62812345678", "+62812345678"),
    // What libphonenumber takes for a call abroad from Indonesia, and people type.
    ("00628123456789", "+628123456789"),
    ("0062 812 3456 7890", "+6281234567890"),
    ("００６２ ８１２ ３４５６ ７８９０", "+6281234567890"),
    ("０８１２３４５６７８９", "+628123456789"),
    ("＋６２８１２３４５６７８９", "+628123456789"),
    // As copied from an address book.
    ("\u{202a}+62 812\u{2011}3456\u{2011}7890\u{202c}", "+6281234567890"),
    ("0812\u{a0}3456\u{2013}7890\n", "+6281234567890"),
];

const REFUSED: &[(&str, PhoneError)] = &[
    ("", PhoneError::Empty),
    (" - ", PhoneError::Empty),
    ("+", PhoneError::Empty),
    ("085", PhoneError::Short),
    ("0812345", PhoneError::Short),
    ("08123456", PhoneError::Short),
    ("+62 8123456", PhoneError::Short),
    ("62", PhoneError::Short),
    ("0", PhoneError::Short),
    ("081234567890123", PhoneError::Long),
    ("085123456789012", PhoneError::Long),
    ("0841234567", PhoneError::NoOperator),
    ("+62 841 2345 678", PhoneError::NoOperator),
    ("0081262812345678", PhoneError::Foreign),
    ("+1 202 555 0173", PhoneError::Foreign),
    ("+60 12 345 6789", PhoneError::Foreign),
    ("021-5551234", PhoneError::NotMobile),
    ("+62 21 5551234", PhoneError::NotMobile),
    ("0800123456", PhoneError::NotMobile),
    ("0809 1234567", PhoneError::NotMobile),
    ("0804 1234567", PhoneError::NotMobile),
    ("0812O456789", PhoneError::Characters),
    ("nomor saya 08123456789", PhoneError::Characters),
    ("08123456789 ext 4", PhoneError::Characters),
    ("0812+3456789", PhoneError::Characters),
    ("٠٨١٢٣٤٥٦٧٨٩", PhoneError::Characters),
];

#[test]
fn every_number_of_the_table_is_read_as_it_should_be() {
    for (typed, stored) in TAKEN {
        assert_eq!(Phone::parse(typed).map(|phone| phone.as_str().to_owned()), Ok((*stored).to_owned()), "{typed}");
        // What is stored is read as itself.
        assert_eq!(Phone::parse(stored).map(|phone| phone.as_str().to_owned()), Ok((*stored).to_owned()));
    }
    for (typed, why) in REFUSED {
        assert_eq!(Phone::parse(typed).as_ref(), Err(why), "{typed}");
    }
    assert_eq!(Phone::parse(&"0".repeat(100_000)), Err(PhoneError::Long));
    assert_eq!(format!("{:?}", Phone::parse("08123456789")), "Ok(Phone(***))");
}

#[tokio::test]
async fn a_number_is_one_account_however_it_is_typed_and_a_wrong_one_is_told_why() {
    let server = night::serve("").await;
    let register = |phone: &str| {
        let body = json!({"phone": phone, "password": PASSWORD, "name": "Ari"}).to_string();
        let url = server.url("/api/v1/register");
        async move { http::send(Method::POST, &url, &[JSON], body).await }
    };
    let made = register("０８１２ ３４５６ ７８９０").await;
    assert_eq!((made.status.as_u16(), made.json()["phone"].as_str()), (201, Some("+6281234567890")));
    for again in ["0812-3456-7890", "81234567890", "0062 812 3456 7890", "+62 (0)812-3456-7890"] {
        let answer = register(again).await;
        assert_eq!(answer.status, 409, "{again}");
        assert_eq!(answer.json()["error"]["code"], "accounts.phone_taken");
        let body = json!({"phone": again, "password": PASSWORD}).to_string();
        assert_eq!(http::send(Method::POST, &server.url("/api/v1/login"), &[JSON], body).await.status, 200, "{again}");
    }
    for (wrong, sentence) in [
        ("021-5551234", "The number is no mobile number."),
        ("0841234567", "No operator has numbers that begin with 084."),
        ("0812345", "The number is too short."),
    ] {
        let answer = register(wrong).await;
        assert_eq!(answer.status, 422, "{wrong}");
        assert_eq!(answer.json()["error"]["code"], "accounts.bad_phone");
        assert_eq!(answer.json()["error"]["message"], sentence);
    }
}
