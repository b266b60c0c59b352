//! `/media/` alone, in this process: the folder store and its handler.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use actix_web::{App, HttpServer};
use bakuhantam::objects::{FolderStore, ObjectStore as _, PutIf};
use bytes::Bytes;

/// A folder store, served on a free port until the test ends.
pub struct Media {
    address: SocketAddr,
    store: FolderStore,
    folder: tempfile::TempDir,
}

impl Media {
    /// Starts it.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root: PathBuf = folder.path().join("media");
        let store = FolderStore::new(root.clone());
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || App::new().service(bakuhantam::web::media::service(root.clone())))
                    .workers(1)
                    .disable_signals()
                    .bind(("127.0.0.1", 0))
                    .expect("a free port");
                tell.send(server.addrs()[0]).expect("the test waits");
                server.run().await.expect("the server runs");
            });
        });
        Self { address: told.recv().expect("the server starts"), store, folder }
    }

    /// Stores an object.
    pub async fn put(&self, key: &str, body: Bytes) {
        self.store.put(&key.parse().expect("a key"), body, PutIf::Always).await.expect("put");
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder above the store's, `media`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
