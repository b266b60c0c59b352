//! Codes through a gateway, as configured.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bakuhantam::accounts::{HttpSender, MessageSender as _, Phone, SendError};
use bakuhantam::config::{MessageKind, Messages, Secret};
use hyper::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::harness::viewers::{JSON, Viewer};
use crate::harness::{http, night, until};

/// A WhatsApp gateway that answers what it is told to.
struct Gateway {
    url: String,
    /// Headers and body of each request, in order.
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Gateway {
    /// Answers with `statuses` in order, then with the last one.
    async fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/send?device=secret-device", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let mut stream = BufReader::new(stream);
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).await.expect("a line") <= 2 {
                        break;
                    }
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().expect("a length");
                    }
                    head.push_str(&line);
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).await.expect("a body");
                let number = {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.push((head, String::from_utf8(body).expect("UTF-8")));
                    kept.len()
                };
                let status = statuses.get(number - 1).or(statuses.last()).expect("a status");
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).await.expect("an answer");
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn sender(&self) -> HttpSender {
        let config = Messages {
            kind: MessageKind::Http,
            url: self.url.clone(),
            token: Secret::new("gateway-token"),
            body: r#"{"to":"{phone}","text":{"body":"{text}"}}"#.into(),
        };
        HttpSender::new(&config).expect("a client")
    }
}

fn ari() -> Phone {
    Phone::parse("081234567890").expect("a number")
}

#[tokio::test]
async fn a_gateway_gets_number_and_text_as_json_and_its_token() {
    let gateway = Gateway::start(&[200]).await;
    gateway.sender().send(&ari(), "\"123456\"\nadalah kode {phone}").await.expect("sent");
    let asked = gateway.asked();
    let (head, body) = asked.first().expect("a request");
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body, json!({"to": "6281234567890", "text": {"body": "\"123456\"\nadalah kode {phone}"}}));
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /send?device=secret-device http/1.1"), "{head}");
    assert!(head.contains("authorization: bearer gateway-token") && head.contains("content-type: application/json"));
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times_and_a_refusal_is_not() {
    for (statuses, tries) in
        [(&[503_u16, 429, 200][..], 3), (&[500][..], 3), (&[400, 200][..], 1), (&[302, 200][..], 1)]
    {
        let statuses: &'static [u16] = Box::leak(statuses.to_vec().into_boxed_slice());
        let gateway = Gateway::start(statuses).await;
        gateway.sender().deliver(&ari(), "123456").await;
        assert_eq!(gateway.asked().len(), tries, "{statuses:?}");
    }
}

#[tokio::test]
async fn what_is_said_of_a_failure_holds_no_secret() {
    let refusing = Gateway::start(&[401]).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let config = Messages { url: format!("http://{closed}/send?device=secret-device"), ..Messages::default() };
    let nobody = HttpSender::new(&config).expect("a client");
    for (sender, passing) in [(refusing.sender(), false), (nobody, true)] {
        let error = sender.send(&ari(), "123456").await.expect_err("a failure");
        assert_eq!(matches!(error, SendError::Passing(_)), passing);
        let said = format!("{error} {error:?}");
        for secret in ["secret-device", "123456", "6281234567890", "gateway-token"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[tokio::test]
async fn a_code_goes_from_the_console_into_a_new_password_and_stands_in_no_other_line() {
    let server = night::serve("").await;
    let ari = Viewer::register(&server, 1).await;
    let post = |path: &str, body: Value| {
        let url = server.url(path);
        async move { http::send(Method::POST, &url, &[JSON], body.to_string()).await }
    };
    for phone in ["081299999999", &ari.phone] {
        let asked = post("/api/v1/password-reset", json!({"phone": phone})).await;
        assert!(asked.status.is_success(), "{phone}: {}", asked.text());
    }
    let prefix = format!("message to {}: ", ari.phone);
    let message = until("the message is printed", Duration::from_secs(10), async || {
        server.log().into_iter().find(|line| line.starts_with(&prefix))
    })
    .await;
    let code: String = message[prefix.len()..].chars().take_while(char::is_ascii_digit).collect();
    assert_eq!(code.len(), 6, "{message}");
    let body = json!({"phone": ari.phone, "code": code, "password": "badak-hujan terbit 41"});
    let done = post("/api/v1/password-reset/finish", body).await;
    assert!(done.status.is_success(), "{}", done.text());
    assert_eq!(ari.get("/api/v1/me").await.status, 401, "sessions have ended");
    let log = server.log();
    assert_eq!(log.iter().filter(|line| line.contains(&code)).count(), 1, "{log:?}");
    assert!(!log.iter().any(|line| line.contains("message to +6281299999999")), "nobody has this number");
}
