//! A WebSocket client.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::server::TestServer;

/// Longest wait for a frame, where the test names no other.
pub const SOON: Duration = Duration::from_secs(10);

/// A socket to `/ws`.
#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens one.
    pub async fn open(server: &TestServer) -> Self {
        Self::try_open(server).await.unwrap_or_else(|error| panic!("no socket: {error}"))
    }

    /// Opens one, or says why not.
    pub async fn try_open(server: &TestServer) -> Result<Self, Error> {
        Self::try_open_with(server, "").await
    }

    /// The same with a query.
    pub async fn try_open_with(server: &TestServer, query: &str) -> Result<Self, Error> {
        Self::try_open_as(server, query, &[]).await
    }

    /// The same with headers too.
    pub async fn try_open_as(server: &TestServer, query: &str, headers: &[(&str, &str)]) -> Result<Self, Error> {
        let url = server.url(&format!("/ws{query}")).replacen("http", "ws", 1);
        let mut request = url.into_client_request().expect("an address");
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            request.headers_mut().append(name, HeaderValue::from_str(value).expect("a value"));
        }
        let (socket, _) = timeout(SOON, connect_async(request)).await.expect("an answer to the handshake")?;
        Ok(Self(socket))
    }

    /// Opens one and joins a room; what it was told of the picture.
    pub async fn join(server: &TestServer, room: &str) -> (Self, Value) {
        let mut socket = Self::open(server).await;
        socket.say(&serde_json::json!({ "event": "superchat:join", "room": room }).to_string()).await;
        let told = socket.hear().await;
        assert_eq!((&told["event"], &told["room"]), (&"stream:status".into(), &room.into()), "{told}");
        (socket, told)
    }

    /// Sends a text.
    pub async fn say(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    /// Sends a frame.
    pub async fn send(&mut self, message: Message) {
        self.0.send(message).await.expect("the socket takes a frame");
    }

    /// Sends bytes that need not be a frame.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.expect("the socket takes bytes");
    }

    /// The next message, but for how many watch, which is told when it likes; panics when the socket closes.
    pub async fn hear(&mut self) -> Value {
        self.hear_within(SOON).await
    }

    /// The same with a deadline.
    pub async fn hear_within(&mut self, deadline: Duration) -> Value {
        let until = Instant::now() + deadline;
        loop {
            let told = self.next(until).await.unwrap_or_else(|closed| panic!("the socket closed: {closed:?}"));
            if told["event"] != "viewers:count" {
                return told;
            }
        }
    }

    /// The next message of a kind; others are passed over.
    pub async fn hear_kind(&mut self, event: &str, deadline: Duration) -> Value {
        self.hear_that(event, deadline, |_| true).await
    }

    /// The next message of a kind that is as wanted; others are passed over.
    pub async fn hear_that(&mut self, event: &str, deadline: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + deadline;
        loop {
            match self.next(until).await {
                Ok(message) if message["event"] == event && wanted(&message) => return message,
                Ok(_) => {}
                Err(closed) => panic!("the socket closed before {event}: {closed:?}"),
            }
        }
    }

    /// Waits for the close frame: its code, and why.
    pub async fn closed(&mut self) -> (u16, String) {
        let until = Instant::now() + SOON;
        loop {
            if let Err(closed) = self.next(until).await {
                return closed;
            }
        }
    }

    async fn next(&mut self, until: Instant) -> Result<Value, (u16, String)> {
        loop {
            let frame = timeout_at(until, self.0.next()).await.expect("a frame in time");
            match frame {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(Some(close)))) => {
                    return Err((close.code.into(), close.reason.as_str().to_owned()));
                }
                Some(Ok(Message::Close(None))) => return Err((CloseCode::Status.into(), String::new())),
                Some(Ok(_)) => {}
                // 1006: no close frame came (RFC 6455, 7.4.1).
                Some(Err(error)) => return Err((1006, error.to_string())),
                None => return Err((1006, "the end".to_owned())),
            }
        }
    }
}
