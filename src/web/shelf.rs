//! The coin packages as they were read within the last second: a crowd that looks at the shop asks the database once.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;

use super::Site;
use crate::clock::Micros;
use crate::flows::TillError;
use crate::payments::CoinPackage;

/// How long a reading is given out, in milliseconds.
const KEPT_MS: i64 = 1_000;

/// What is sold, as last read by this process.
#[derive(Debug, Default)]
pub struct Shelf {
    last: ArcSwapOption<Reading>,
    reading: Mutex<()>,
}

#[derive(Debug)]
struct Reading {
    packages: Arc<Vec<CoinPackage>>,
    at: Micros,
}

impl Shelf {
    /// What is sold now. Read at most once a second; while one caller reads, the others are given what was read before.
    /// A database that is away does not empty the shelf: buying asks it again anyway.
    ///
    /// # Errors
    /// The database, when nothing was ever read.
    pub async fn packages(&self, site: &Site) -> Result<Arc<Vec<CoinPackage>>, TillError> {
        if let Some(fresh) = self.fresh(site.clock.now()) {
            return Ok(fresh);
        }
        let before = self.last.load_full();
        let _turn = match (self.reading.try_lock(), &before) {
            (Ok(turn), _) => turn,
            (Err(_), Some(before)) => return Ok(before.packages.clone()),
            (Err(_), None) => {
                let turn = self.reading.lock().await;
                if let Some(fresh) = self.fresh(site.clock.now()) {
                    return Ok(fresh);
                }
                turn
            }
        };
        match site.till.list_packages().await {
            Ok(packages) => {
                let packages = Arc::new(packages);
                self.last.store(Some(Arc::new(Reading { packages: packages.clone(), at: site.clock.now() })));
                Ok(packages)
            }
            Err(error) => match before {
                Some(before) if error.is_unavailable() => Ok(before.packages.clone()),
                _ => Err(error),
            },
        }
    }

    fn fresh(&self, now: Micros) -> Option<Arc<Vec<CoinPackage>>> {
        let last = self.last.load();
        let last = last.as_ref()?;
        (0..KEPT_MS).contains(&now.ms_since(last.at)).then(|| last.packages.clone())
    }
}
