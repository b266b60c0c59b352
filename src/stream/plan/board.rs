//! When each playlist may be stored: newest wins, at most one PUT a second per key, media playlists before masters.

use super::cut::Show;
use super::timeline::Ms;

/// Time between the end of one PUT and the start of the next under the same key. R2 takes one write a second; from
/// the end of a PUT to the start of the next there is no doubt about what the store sees.
pub const PUT_EVERY_MS: Ms = 1_000;

/// A DVR playlist is long and read by few: it is stored less often.
pub const DVR_EVERY_MS: Ms = 5_000;

/// After a failed or unanswered PUT the store may still apply the older bytes late, over the newer ones. Once the
/// newer ones are confirmed they are stored once more after this time.
pub const SETTLE_MS: Ms = 5_000;

/// One of our playlists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListKind {
    /// `<rendition>/live.m3u8`
    Live(usize),
    /// `<rendition>/dvr.m3u8`
    Dvr(usize),
    /// `master.m3u8`
    Master,
    /// `dvr.m3u8`
    DvrMaster,
    /// `<rendition>/replay-<name>.m3u8`
    Replay(Show, usize),
    /// `replay-<name>.m3u8`
    ReplayMaster(Show),
}

impl ListKind {
    /// Its rendition's rung; `None` for a master.
    #[must_use]
    pub const fn rung(self) -> Option<usize> {
        match self {
            Self::Live(rung) | Self::Dvr(rung) | Self::Replay(_, rung) => Some(rung),
            Self::Master | Self::DvrMaster | Self::ReplayMaster(_) => None,
        }
    }

    /// The last part of its key.
    #[must_use]
    pub fn file(self) -> String {
        match self {
            Self::Live(_) => "live.m3u8".to_owned(),
            Self::Master => "master.m3u8".to_owned(),
            Self::Dvr(_) | Self::DvrMaster => "dvr.m3u8".to_owned(),
            Self::Replay(show, _) | Self::ReplayMaster(show) => format!("replay-{}.m3u8", show.name()),
        }
    }

    /// The last part of the keys of the media playlists that a master names.
    #[must_use]
    pub fn media_file(self) -> String {
        if self == Self::Master { Self::Live(0).file() } else { self.file() }
    }
}

/// The pace of one playlist: what it should say, what was sent, what is confirmed.
///
/// `T` is what the content depends on; when it is equal the playlist need not be stored again.
#[derive(Clone, Debug)]
pub struct Lane<T> {
    /// Position of the epoch this lane stores under.
    pub epoch: Option<usize>,
    every_ms: Ms,
    sent: Option<T>,
    confirmed: Option<T>,
    in_flight: bool,
    not_before: Ms,
    slow_before: Ms,
    doubtful: bool,
    settle_at: Option<Ms>,
}

impl<T: Clone + PartialEq> Lane<T> {
    /// A lane that has stored nothing; the first PUT is not before `not_before`.
    pub const fn new(every_ms: Ms, not_before: Ms) -> Self {
        Self {
            epoch: None,
            every_ms,
            sent: None,
            confirmed: None,
            in_flight: false,
            not_before,
            slow_before: 0,
            doubtful: false,
            settle_at: None,
        }
    }

    /// Stores under this epoch from now on: another key, so nothing of it is sent or confirmed.
    pub fn aim(&mut self, epoch: usize) {
        if self.epoch != Some(epoch) {
            let not_before = if self.epoch.is_none() { self.not_before } else { 0 };
            *self = Self { epoch: Some(epoch), ..Self::new(self.every_ms, not_before) };
        }
    }

    /// Takes it that `content` is stored under this epoch already, as the journal says.
    pub fn assume(&mut self, epoch: usize, content: T) {
        self.aim(epoch);
        self.confirmed = Some(content);
    }

    /// Leaves out the slower pace this time.
    pub const fn hurry(&mut self) {
        self.slow_before = 0;
    }

    /// Whether `wanted` should be sent now. `urgent` leaves out the slower pace of a DVR.
    pub fn is_due(&self, wanted: &T, urgent: bool, now: Ms) -> bool {
        if self.in_flight || now < self.not_before {
            return false;
        }
        if self.settle_at.is_some_and(|at| now >= at) {
            return true;
        }
        self.confirmed.as_ref() != Some(wanted) && (urgent || now >= self.slow_before)
    }

    /// Whether there is nothing to send.
    pub fn is_settled(&self, wanted: &T) -> bool {
        !self.in_flight && self.settle_at.is_none() && self.confirmed.as_ref() == Some(wanted)
    }

    /// `content` is on its way.
    pub fn sent(&mut self, content: T, now: Ms) {
        self.sent = Some(content);
        self.in_flight = true;
        self.settle_at = None;
        self.slow_before = now.saturating_add(self.every_ms);
    }

    /// The store has confirmed what was sent; returns it.
    pub fn confirm(&mut self, now: Ms) -> Option<T> {
        self.in_flight = false;
        self.not_before = now.saturating_add(PUT_EVERY_MS);
        self.settle_at = self.doubtful.then(|| now.saturating_add(SETTLE_MS));
        self.doubtful = false;
        self.confirmed = self.sent.take();
        self.confirmed.clone()
    }

    /// The PUT failed, or was not answered: it may have happened all the same.
    pub fn fail(&mut self, now: Ms, wait_ms: Ms) {
        self.in_flight = false;
        self.doubtful = true;
        self.sent = None;
        // Its content is unknown now: whatever is wanted next is sent.
        self.not_before = now.saturating_add(wait_ms.max(PUT_EVERY_MS));
        self.slow_before = 0;
        self.settle_at.get_or_insert(self.not_before);
    }

    /// What the store has confirmed last.
    pub const fn confirmed(&self) -> Option<&T> {
        self.confirmed.as_ref()
    }

    /// A PUT has ended: confirmed, or failed (another may follow after so long).
    pub fn end(&mut self, now: Ms, failed: Option<Ms>) {
        match failed {
            None => drop(self.confirm(now)),
            Some(wait_ms) => self.fail(now, wait_ms),
        }
    }

    /// Whether anything may stand under its key.
    pub const fn was_sent(&self) -> bool {
        self.in_flight || self.doubtful || self.settle_at.is_some() || self.confirmed.is_some()
    }

    /// The same lane after its object was removed.
    pub const fn cleared(&self) -> Self {
        Self::new(self.every_ms, self.not_before)
    }

    /// Whether a PUT is on its way.
    pub const fn is_in_flight(&self) -> bool {
        self.in_flight
    }
}
