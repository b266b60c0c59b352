//! The process that listens: plain TCP sockets on one thread, WebSocket by hand, so that it costs both servers little
//! and the same. It posts by itself: all times are of one clock.

use std::cell::{Cell, RefCell};
use std::io::{BufRead as _, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::task::{LocalSet, spawn_local};

/// Sockets that open at once.
const OPENING_MAX: usize = 64;
/// Sockets from one loopback address: ports of an address are finite.
const PER_ADDRESS: usize = 5_000;
/// A frame that has not come by then never will.
const TOLD_WITHIN: Duration = Duration::from_secs(60);

const TEXT: u8 = 1;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What all sockets of the process share.
struct Crowd {
    sockets: usize,
    open: Cell<usize>,
    mark: RefCell<String>,
    got: Cell<usize>,
    last: Cell<Instant>,
    frame: RefCell<String>,
    all: Notify,
    buffer: RefCell<Vec<u8>>,
}

impl Crowd {
    fn hear(&self, payload: &[u8]) {
        let text = std::str::from_utf8(payload).expect("text in UTF-8");
        let mark = self.mark.borrow();
        if mark.is_empty() || !text.contains(mark.as_str()) {
            return;
        }
        self.got.set(self.got.get() + 1);
        if self.got.get() == self.sockets {
            self.last.set(Instant::now());
            text.clone_into(&mut self.frame.borrow_mut());
            self.all.notify_one();
        }
    }
}

/// A client's frame, shorter than 126 bytes; the mask is all zero, which leaves the payload as it is.
fn said(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    assert!(length < 126, "a client says little");
    let mut frame = vec![0x80 | opcode, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

/// The first whole frame: opcode, payload, and how many bytes it takes.
fn first_frame(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (opcode, short) = (*bytes.first()? & 0x0f, usize::from(*bytes.get(1)?));
    let (head, length) = match short {
        127 => panic!("a frame of more than 64 KiB"),
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        length => (2, length),
    };
    Some((opcode, bytes.get(head..head + length)?, head + length))
}

async fn connect(host: &str, number: usize, receive: Option<u32>) -> TcpStream {
    let to: SocketAddr = host.parse().unwrap();
    let from = Ipv4Addr::new(127, 0, 0, u8::try_from(2 + number / PER_ADDRESS).unwrap());
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(bytes) = receive {
        socket.set_recv_buffer_size(bytes).unwrap();
    }
    socket.bind(SocketAddrV4::new(from, 0).into()).unwrap();
    socket.connect(to).await.expect("a connection")
}

/// Shakes hands and joins. Returns once the server has agreed, and after a join has answered, with what came behind it.
async fn join(stream: &mut TcpStream, host: &str, join: &str) -> Vec<u8> {
    let handshake = format!(
        "GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(handshake.as_bytes()).await.unwrap();
    let mut came = Vec::new();
    let head = loop {
        assert!(stream.read_buf(&mut came).await.unwrap() > 0, "no handshake: {}", String::from_utf8_lossy(&came));
        if let Some(at) = came.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    assert!(came.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&came));
    came.drain(..head);
    if !join.is_empty() {
        stream.write_all(&said(TEXT, join.as_bytes())).await.unwrap();
        while first_frame(&came).is_none() {
            assert!(stream.read_buf(&mut came).await.unwrap() > 0, "cut while joining");
        }
    }
    came
}

/// Reads to the end.
async fn listen(stream: TcpStream, mut kept: Vec<u8>, crowd: Rc<Crowd>) {
    crowd.open.set(crowd.open.get() + 1);
    while stream.readable().await.is_ok() {
        let mut buffer = crowd.buffer.borrow_mut();
        let came = match stream.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(came) => came,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => break,
        };
        let whole = kept.is_empty();
        if !whole {
            kept.extend_from_slice(&buffer[..came]);
        }
        let bytes = if whole { &buffer[..came] } else { kept.as_slice() };
        let mut taken = 0;
        while let Some((opcode, payload, length)) = first_frame(&bytes[taken..]) {
            match opcode {
                TEXT => crowd.hear(payload),
                // Small beside what the socket may hold unsent.
                PING => assert!(stream.try_write(&said(PONG, payload)).is_ok(), "a pong was not taken"),
                _ => {}
            }
            taken += length;
        }
        kept = bytes[taken..].to_vec();
    }
    crowd.open.set(crowd.open.get() - 1);
}

/// On a thread of its own, so that the sockets do not delay the answer's time.
fn post(host: &str, path: &str, headers: &str, body: &str) -> (Instant, Instant) {
    // No header, or each line with an end of its own.
    let lines = headers.replace('|', "\r\n");
    let headers = if lines.is_empty() { lines } else { lines + "\r\n" };
    let length = body.len();
    let asked = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    );
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let sent = Instant::now();
    stream.write_all(asked.as_bytes()).unwrap();
    let mut answer = [0; 4096];
    let came = stream.read(&mut answer).unwrap();
    let answered = Instant::now();
    assert!(answer.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&answer[..came]));
    (sent, answered)
}

async fn open_all(host: &str, asked: &str, crowd: &Rc<Crowd>) {
    let opening = Arc::new(Semaphore::new(OPENING_MAX));
    for number in 0..crowd.sockets {
        let turn = Arc::clone(&opening).acquire_owned().await.unwrap();
        let (host, asked, crowd) = (host.to_owned(), asked.to_owned(), Rc::clone(crowd));
        spawn_local(async move {
            let mut stream = connect(&host, number, None).await;
            let kept = join(&mut stream, &host, &asked).await;
            drop(turn);
            // What the join was answered with is whole and of no more interest.
            let behind = first_frame(&kept).map_or(0, |(_, _, length)| length);
            listen(stream, kept[behind..].to_vec(), crowd).await;
        });
    }
    let every = u32::try_from(OPENING_MAX).unwrap();
    drop(opening.acquire_many(every).await.unwrap());
}

async fn tell(host: &str, crowd: &Crowd, path: &str, headers: &str, mark: &str, body: &str) -> String {
    mark.clone_into(&mut crowd.mark.borrow_mut());
    crowd.got.set(0);
    let (host, path, headers, body) = (host.to_owned(), path.to_owned(), headers.to_owned(), body.to_owned());
    let (answer, answered) = oneshot::channel();
    std::thread::spawn(move || answer.send(post(&host, &path, &headers, &body)));
    let told = tokio::time::timeout(TOLD_WITHIN, crowd.all.notified()).await;
    let (got, open) = (crowd.got.get(), crowd.open.get());
    assert!(told.is_ok(), "{got} of {} sockets were told, {open} are open", crowd.sockets);
    let (sent, answered) = answered.await.expect("an answer");
    let ms = |at: Instant| at.saturating_duration_since(sent).as_secs_f64() * 1e3;
    format!("{:.3} {:.3}", ms(answered), ms(crowd.last.get()))
}

/// Does what it is told by lines on standard input, and answers each by a line.
pub fn run(host: &str, asked: &str, sockets: usize) {
    let (line, mut lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        std::io::stdin().lock().lines().map_while(Result::ok).all(|text| line.send(text).is_ok());
    });
    let crowd = Rc::new(Crowd {
        sockets,
        open: Cell::new(0),
        mark: RefCell::default(),
        got: Cell::new(0),
        last: Cell::new(Instant::now()),
        frame: RefCell::default(),
        all: Notify::new(),
        buffer: RefCell::new(vec![0; 65_536]),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(async {
        open_all(host, asked, &crowd).await;
        println!("ready");
        let mut slow = Vec::new();
        while let Some(line) = lines.recv().await {
            match line.split('\t').collect::<Vec<_>>().as_slice() {
                ["post", path, headers, mark, body] => {
                    println!("{}", tell(host, &crowd, path, headers, mark, body).await);
                }
                ["frame"] => println!("{}", crowd.frame.borrow()),
                ["open"] => println!("{}", crowd.open.get()),
                ["slow", count] => {
                    for _ in 0..count.parse::<usize>().unwrap() {
                        let mut stream = connect(host, sockets + slow.len(), Some(4096)).await;
                        join(&mut stream, host, asked).await;
                        slow.push(stream);
                    }
                    println!("ready");
                }
                other => panic!("{other:?} is not understood"),
            }
        }
    }));
}
