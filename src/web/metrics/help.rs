//! What every metric of the program means, on one page: the lines of help that `/metrics` shows.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// A metric's name, and what it tells.
type Help = (&'static str, &'static str);

/// What only rises.
const COUNTERS: &[Help] = &[
    ("bakuhantam_beacons_total", "Beacons of players, by verdict: counted, unbelievable, too_many."),
    ("bakuhantam_encoder_dropped_frames_total", "Frames that FFmpeg has left out, by event."),
    ("bakuhantam_encoder_duplicated_frames_total", "Frames that FFmpeg has doubled to keep the rate, by event."),
    ("bakuhantam_encoder_faults_total", "Runs that ended by themselves, by event and reason."),
    ("bakuhantam_encoder_frames_total", "Frames encoded, by event."),
    ("bakuhantam_encoder_input_bytes_total", "Bytes of the input that FFmpeg has read, by event."),
    ("bakuhantam_encoder_runs_total", "Starts of FFmpeg, by event."),
    (
        "bakuhantam_gate_batches_total",
        "Questions of the gate to the database, each for many players, by kind: sessions, claims, beats, looks.",
    ),
    ("bakuhantam_gate_questions_total", "Players asked for in these batches, by kind."),
    ("bakuhantam_http_requests_total", "Requests answered, by route and status."),
    ("bakuhantam_ingest_bytes_total", "Bytes received by the RTMP door."),
    ("bakuhantam_ingest_connections_total", "Connections to the RTMP door."),
    ("bakuhantam_ingest_hook_total", "Questions of media servers, by verdict."),
    ("bakuhantam_ingest_refusals_total", "Connections refused or cut by the RTMP door, by reason."),
    ("bakuhantam_ingest_restarts_total", "New runs within a publishing session, by reason."),
    (
        "bakuhantam_keys_total",
        "Questions for content keys, by outcome: given, locked, lease_lost, signed_out, no_such_key, too_early, away.",
    ),
    ("bakuhantam_lease_claims_total", "Claims of places to play, by outcome: held, lost, gone."),
    ("bakuhantam_logins_total", "Sign-ins tried, by outcome."),
    ("bakuhantam_orders_total", "Orders of coins, by outcome: created, paid, paid_late, expired, failed, refunded."),
    ("bakuhantam_payment_checkouts_total", "Checkouts asked of the provider, by outcome: made, away, refused."),
    ("bakuhantam_payment_checks_total", "Questions to the provider how an order stands, by outcome: answered, away."),
    ("bakuhantam_payment_disputes_total", "Notices that somebody has to look at, by verdict."),
    (
        "bakuhantam_payment_notices_total",
        "Notices of the provider, by verdict and source; not_ours: a wrong signature.",
    ),
    ("bakuhantam_player_errors_total", "Errors of players, by engine and kind: network, media, key, other."),
    ("bakuhantam_player_played_ms_total", "Milliseconds played, by engine, mode and height of the picture."),
    ("bakuhantam_player_stall_ms_total", "Milliseconds that players stood still, by engine and mode."),
    ("bakuhantam_player_stalls_total", "Times that players stood still, by engine and mode."),
    ("bakuhantam_player_switches_total", "Changes of quality, by engine and mode."),
    ("bakuhantam_publisher_gaps_total", "Segments listed as a gap in a live playlist, by event and rendition."),
    ("bakuhantam_publisher_ignored_files_total", "Files that were counted and not published, by reason."),
    ("bakuhantam_publisher_inotify_overflows_total", "Overflows of inotify's queue; the folder is scanned then."),
    ("bakuhantam_publisher_put_bytes_total", "Bytes stored, by kind of object."),
    ("bakuhantam_publisher_put_retries_total", "PUTs that failed and are tried again, by kind of object."),
    ("bakuhantam_sockets_refused_total", "Sockets turned away since their address has too many."),
];

/// What rises and falls.
const GAUGES: &[Help] = &[
    ("bakuhantam_encoder_fps", "Frames a second that FFmpeg encodes, by event."),
    ("bakuhantam_encoder_input_kbps", "Bit rate of the input, by event."),
    ("bakuhantam_encoder_running", "1 while FFmpeg runs for the event."),
    ("bakuhantam_encoder_speed", "Speed of the encode; below 1 the machine is too slow. By event."),
    ("bakuhantam_ingest_connections", "Connections to the RTMP door now."),
    ("bakuhantam_ingest_publishers", "Publishers at the RTMP door that are live now."),
    ("bakuhantam_leases_held", "Devices that play by this node and were heard of within playback.lease_ttl_ms."),
    ("bakuhantam_publisher_live_edge_age_seconds", "Time since a segment was last listed, by event."),
    ("bakuhantam_publisher_queue", "Segments closed and not stored yet, by event."),
    ("bakuhantam_sockets", "Open sockets of viewers and overlays."),
];

/// How long things take, in seconds.
const HISTOGRAMS: &[Help] = &[
    ("bakuhantam_http_request_seconds", "Time to answer a request, by route."),
    ("bakuhantam_payment_settle_seconds", "From a notice's arrival to its COMMIT."),
    ("bakuhantam_player_behind_seconds", "Distance from the live edge, as players tell it, by engine and mode."),
    ("bakuhantam_player_first_frame_seconds", "From the press of play to the first picture, by engine and mode."),
    (
        "bakuhantam_publisher_closed_to_listed_seconds",
        "From a segment's end to the live playlist that lists it, by event.",
    ),
    ("bakuhantam_publisher_put_seconds", "Time of a PUT that ended well, by kind of object."),
];

/// Tells the recorder. Once, after it was installed.
pub(super) fn describe() {
    for (name, help) in COUNTERS {
        describe_counter!(*name, *help);
    }
    for (name, help) in GAUGES {
        describe_gauge!(*name, *help);
    }
    for (name, help) in HISTOGRAMS {
        describe_histogram!(*name, *help);
    }
}
