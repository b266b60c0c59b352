//! A publisher by hand, for what FFmpeg would not send.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use bakuhantam::ingest::session::amf0::Writer;

pub const AVC_HEADER: &[u8] = &[0x17, 0, 0, 0, 0, 1, 0x4d, 0x40, 0x1f];
pub const AVC_KEY: &[u8] = &[0x17, 1, 0, 0, 0, 0, 0, 0, 2, 0x65, 0x88];
pub const AAC_FRAME: &[u8] = &[0xaf, 1, 0x21, 0x10];

/// A message of up to 128 bytes, or up to the chunk size that was set.
pub fn message(chunk_stream: u8, kind: u8, timestamp_ms: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let time = timestamp_ms.to_be_bytes();
    [&[chunk_stream][..], &time[1..], &len[1..], &[kind, 1, 0, 0, 0], payload].concat()
}

pub fn handshake() -> Vec<u8> {
    [&[3][..], &[7; 1_536], &[0; 1_536]].concat()
}

pub fn command(writer: Writer) -> Vec<u8> {
    message(3, 20, 0, &writer.into_bytes())
}

pub fn connect(app: &str) -> Vec<u8> {
    command(Writer::default().text("connect").number(1.0).object(&[("app", app)], &[]))
}

pub fn publish(key: &str) -> Vec<u8> {
    command(Writer::default().text("publish").number(5.0).null().text(key).text("live"))
}

pub struct Client(pub TcpStream);

impl Client {
    pub fn knock(port: u16) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.set_nodelay(true).unwrap();
        Self(socket)
    }

    /// A client that was let in.
    pub fn publishing(port: u16, key: &str) -> Self {
        let mut client = Self::knock(port);
        client.send(&[handshake(), connect("live"), publish(key)].concat());
        client.hears("NetStream.Publish.Start");
        client
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// Reads until `words` have come.
    pub fn hears(&mut self, words: &str) {
        let mut heard = Vec::new();
        let mut buffer = [0; 4_096];
        while !heard.windows(words.len()).any(|window| window == words.as_bytes()) {
            let len = self.0.read(&mut buffer).unwrap();
            assert!(len > 0, "closed before \"{words}\": {}", String::from_utf8_lossy(&heard));
            heard.extend(&buffer[..len]);
        }
    }

    /// Reads until the door closes the connection, in whatever way.
    pub fn is_closed(&mut self) {
        let mut buffer = [0; 4_096];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(why) if matches!(why.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    panic!("still open after 20 seconds")
                }
                Err(_) => return,
            }
        }
    }
}

/// Runs what blocks off the runtime's own threads.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
