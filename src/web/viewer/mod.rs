//! What a viewer sees: home, event, watch, the legal pages, signing in, the account, and the pages of refusals.
//!
//! Public pages are rendered from the mirror's snapshot and the publisher's reports: no request of a signed-out reader
//! reaches the database. Such a page is the same bytes for everyone, so shared caches may keep it for two seconds; a
//! reader with a session is given a page of their own ([`reader`]). A page works before any script has run, except playing video; scripts find their facts in a JSON block, since the
//! content policy lets nothing inline run. Drafts are not found.

pub mod account;
pub mod channels;
pub mod coins;
pub mod dates;
pub mod devices;
pub mod entry;
pub mod event;
pub mod forms;
pub mod give;
pub mod history;
pub mod home;
pub mod legal;
mod locked;
pub mod login;
mod night;
mod offers;
pub mod order;
pub mod orders;
mod polls;
mod poster;
pub mod problem;
pub mod reader;
pub mod register;
pub mod reset;
pub mod shell;
mod support;
pub mod unlock;
pub mod watch;
pub(crate) mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::events::{EventFacts, EventStatus};
use crate::web::Site;

/// An event that people may see, by the name in the address.
#[must_use]
pub fn find_shown(site: &Site, slug: &str) -> Option<Arc<EventFacts>> {
    let slug = slug.parse().ok()?;
    site.mirror.find(&slug).filter(|event| event.status != EventStatus::Draft)
}
