//! The sentences that scripts say: handed to them in the page, so that all words stand in Fluent.

use serde_json::{Map, Value};

use crate::web::i18n::Words;

/// Keys that `static/src` says; a test holds the two equal.
pub const SAID_BY_SCRIPTS: &[&str] = &[
    "bout-ended",
    "bout-live",
    "bout-scheduled",
    "player-airplay",
    "player-airplay-stop",
    "player-behind",
    "player-buffering",
    "player-captions-off",
    "player-captions-on",
    "player-ended",
    "player-ended-detail",
    "player-failed",
    "player-failed-detail",
    "player-fullscreen",
    "player-fullscreen-leave",
    "player-interrupted",
    "player-interrupted-detail",
    "player-loading",
    "player-mute",
    "player-pause",
    "player-pip",
    "player-pip-leave",
    "player-play",
    "player-position",
    "player-quality-auto",
    "player-quality-auto-now",
    "player-replay-detail",
    "player-soon",
    "player-starting",
    "player-unmute",
    "player-unsupported",
    "player-unsupported-detail",
    "player-volume",
    "player-waiting",
    "player-waiting-detail",
    "status-ended",
    "status-interrupted",
    "status-live",
    "status-soon",
    "viewers-count",
];

/// The sentences of `keys`, places for values kept as `{name}` for the script to fill.
pub fn said(keys: &[&str], w: Words) -> Map<String, Value> {
    let places = [("time", "{time}"), ("height", "{height}"), ("count", "{count}")];
    keys.iter().map(|key| ((*key).to_owned(), Value::String(w.fill(key, &places)))).collect()
}
