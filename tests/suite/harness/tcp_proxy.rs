//! A TCP proxy that cuts, stalls and delays: the network's faults.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A proxy in front of an address, until the test ends.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    faults: Mutex<Faults>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Faults {
    stalled: bool,
    refusing: bool,
    latency: Duration,
    open: Vec<TcpStream>,
}

impl TcpProxy {
    /// Listens on a free port and forwards to `to`.
    pub fn to(to: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                accepting.join(client, to);
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes every connection; new ones go through.
    pub fn cut(&self) {
        self.shared.change(|faults| {
            for stream in faults.open.drain(..) {
                // The other side may have closed it already.
                drop(stream.shutdown(Shutdown::Both));
            }
        });
    }

    /// Closes every new connection at once, or no longer.
    pub fn refuse(&self, refusing: bool) {
        self.shared.change(|faults| faults.refusing = refusing);
    }

    /// Lets no byte through, or all again.
    pub fn stall(&self, stalled: bool) {
        self.shared.change(|faults| faults.stalled = stalled);
    }

    /// Delays each piece, in each direction.
    pub fn latency(&self, latency: Duration) {
        self.shared.change(|faults| faults.latency = latency);
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.faults.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn join(self: &Arc<Self>, client: TcpStream, to: SocketAddr) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        // Dropping the client is the refusal.
        let Some(server) = (!faults.refusing).then(|| TcpStream::connect(to).ok()).flatten() else { return };
        let pair = |stream: &TcpStream| stream.try_clone().expect("a socket can be cloned");
        faults.open.extend([pair(&client), pair(&server)]);
        for (from, into) in [(pair(&client), pair(&server)), (server, client)] {
            let shared = Arc::clone(self);
            std::thread::spawn(move || shared.pump(from, into));
        }
    }

    fn pump(&self, mut from: TcpStream, mut into: TcpStream) {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
            let faults =
                self.changed.wait_while(faults, |faults| faults.stalled).unwrap_or_else(PoisonError::into_inner);
            let latency = faults.latency;
            drop(faults);
            std::thread::sleep(latency);
            if into.write_all(&piece[..length]).is_err() {
                break;
            }
        }
        // Either side may be gone already.
        drop(into.shutdown(Shutdown::Write));
    }
}
