//! What an event shall be: checked values, and the ids that new rows will get.

use super::file::PollWord;
use crate::clock::Micros;
use crate::config::Secret;
use crate::events::EventStatus;
use crate::ids::{Epoch, EventSlug, RowId};

/// One event of the file. `None`: not said, so left alone, or the default for a new row.
#[derive(Clone, Debug)]
pub struct EventPlan {
    pub(super) slug: EventSlug,
    pub(super) title: Option<String>,
    pub(super) starts_at: Option<Micros>,
    pub(super) pass_price_coins: Option<i64>,
    pub(super) replay_days: Option<i32>,
    pub(super) stream_key: Option<Secret>,
    pub(super) status: Option<EventStatus>,
    pub(super) fights: Vec<FightPlan>,
    pub(super) milestones: Vec<MilestonePlan>,
    pub(super) polls: Vec<PollPlan>,
    pub(super) fresh: Fresh,
}

/// Names for an event that does not exist yet, and for what is written about any.
#[derive(Clone, Debug)]
pub(super) struct Fresh {
    pub(super) id: RowId,
    pub(super) epoch: Epoch,
    pub(super) stream_key: Secret,
    pub(super) audit_id: RowId,
}

#[derive(Clone, Debug)]
pub(super) struct FightPlan {
    pub(super) id: RowId,
    pub(super) number: i32,
    pub(super) red: Option<FighterPlan>,
    pub(super) blue: Option<FighterPlan>,
    pub(super) title: Option<String>,
    pub(super) price_coins: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct FighterPlan {
    pub(super) id: RowId,
    pub(super) name: String,
}

#[derive(Clone, Debug)]
pub(super) struct MilestonePlan {
    pub(super) id: RowId,
    pub(super) coins: i64,
    pub(super) title: String,
}

#[derive(Clone, Debug)]
pub(super) struct PollPlan {
    pub(super) id: RowId,
    pub(super) code: String,
    pub(super) question: Option<String>,
    pub(super) options: Option<Vec<OptionPlan>>,
    pub(super) coins_per_vote: Option<i64>,
    pub(super) max_votes_per_viewer: Option<i64>,
    pub(super) status: Option<PollWord>,
}

#[derive(Clone, Debug)]
pub(super) struct OptionPlan {
    pub(super) id: RowId,
    pub(super) label: String,
}
