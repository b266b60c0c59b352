//! Pages rendered lately: a crowd that arrives in the same second is given one rendering.
//!
//! A page of a signed-out viewer depends on its path, the language, the mirror and the picture states alone, and may be
//! cached for two seconds anyway. So its bytes are kept for a second, and dropped at once when any of these changes.
//! Only paths of shown pages are kept, so there are never more than the mirror has events, times two.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Bytes;

use super::Site;
use crate::clock::Micros;
use crate::config::Language;
use crate::events::EventFacts;

/// How long a rendering is given out, in milliseconds.
const KEPT_MS: i64 = 1_000;

/// The renderings of one process.
#[derive(Debug, Default)]
pub struct RenderedPages(Mutex<HashMap<(String, Language), Rendering>>);

#[derive(Debug)]
struct Rendering {
    mirror: Arc<Vec<Arc<EventFacts>>>,
    streams: u64,
    at: Micros,
    body: Bytes,
}

impl RenderedPages {
    /// The page at `path`, rendered now or within the last second from the same facts. A rendering that fails is not
    /// kept.
    ///
    /// # Errors
    /// What `render` says.
    pub fn get<E>(
        &self,
        site: &Site,
        path: String,
        language: Language,
        render: impl FnOnce() -> Result<String, E>,
    ) -> Result<Bytes, E> {
        let (mirror, streams, now) = (site.mirror.all(), site.streams.version(), site.clock.now());
        let key = (path, language);
        {
            let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(page) = kept.get(&key)
                && Arc::ptr_eq(&page.mirror, &mirror)
                && page.streams == streams
                && (0..KEPT_MS).contains(&now.ms_since(page.at))
            {
                return Ok(page.body.clone());
            }
        }
        // Rendered outside the lock: several may do it at once, which is cheaper than making all wait for one.
        let body = Bytes::from(render()?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.values().any(|page| !Arc::ptr_eq(&page.mirror, &mirror)) {
            kept.clear();
        }
        kept.insert(key, Rendering { mirror, streams, at: now, body: body.clone() });
        Ok(body)
    }
}
