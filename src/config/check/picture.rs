//! The picture's way: ladder, publisher and the folders they use.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::keys::quoted;
use super::super::tree::Origins;
use super::super::{Config, ConfigError, Encoder, ObjectsKind, Rendition};
use super::at_least;

/// x264's presets.
const PRESETS: [&str; 9] =
    ["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"];

/// H.264 levels: name, most macroblocks a second, most macroblocks a frame, highest bit rate of the High profile in
/// kbit/s (ITU-T H.264, table A-1; the High profile's is 1.25 times the table's).
const LEVELS: [(&str, u64, u64, u64); 16] = [
    ("1.0", 1_485, 99, 80),
    ("1.1", 3_000, 396, 240),
    ("1.2", 6_000, 396, 480),
    ("1.3", 11_880, 396, 960),
    ("2.0", 11_880, 396, 2_500),
    ("2.1", 19_800, 792, 5_000),
    ("2.2", 20_250, 1_620, 5_000),
    ("3.0", 40_500, 1_620, 12_500),
    ("3.1", 108_000, 3_600, 17_500),
    ("3.2", 216_000, 5_120, 25_000),
    ("4.0", 245_760, 8_192, 25_000),
    ("4.1", 245_760, 8_192, 62_500),
    ("4.2", 522_240, 8_704, 62_500),
    ("5.0", 589_824, 22_080, 168_750),
    ("5.1", 983_040, 36_864, 300_000),
    ("5.2", 2_073_600, 36_864, 300_000),
];

pub(super) fn encoder(encoder: &Encoder, origins: &Origins) -> Result<(), ConfigError> {
    if encoder.ffmpeg.is_empty() {
        return Err(origins.wrong("encoder.ffmpeg", "is empty: write \"ffmpeg\" or the path of the program"));
    }
    within("encoder.segment_seconds", u64::from(encoder.segment_seconds), 1, 10, origins)?;
    if !PRESETS.contains(&encoder.preset.as_str()) {
        let what = format!("cannot be {}: write one of {}", quoted(&encoder.preset), PRESETS.join(", "));
        return Err(origins.wrong("encoder.preset", &what));
    }
    if encoder.renditions.is_empty() {
        let what = "is empty: write at least one [[encoder.renditions]], or leave it out for 720p, 480p and 360p";
        return Err(origins.wrong("encoder.renditions", what));
    }
    let mut names = BTreeSet::new();
    for (index, rendition) in encoder.renditions.iter().enumerate() {
        let key = format!("encoder.renditions[{index}]");
        if !names.insert(&rendition.name) {
            let what =
                format!("is {} a second time: give each rendition a name of its own", quoted(rendition.name.as_str()));
            return Err(origins.wrong(&format!("{key}.name"), &what));
        }
        rung(rendition, &key, origins)?;
    }
    Ok(())
}

fn rung(rendition: &Rendition, key: &str, origins: &Origins) -> Result<(), ConfigError> {
    let named = |field: &str| format!("{key}.{field}");
    within(&named("height"), u64::from(rendition.height), 144, 2_160, origins)?;
    if !rendition.height.is_multiple_of(2) {
        let what = format!("cannot be {}: write an even number", rendition.height);
        return Err(origins.wrong(&named("height"), &what));
    }
    within(&named("fps"), u64::from(rendition.fps), 1, 60, origins)?;
    at_least(&named("bitrate_kbps"), u64::from(rendition.bitrate_kbps), 1, origins)?;
    if rendition.maxrate_kbps < rendition.bitrate_kbps {
        let (most, mean) = (rendition.maxrate_kbps, rendition.bitrate_kbps);
        let what = format!("is {most}, less than bitrate_kbps {mean}: write {mean} or more");
        return Err(origins.wrong(&named("maxrate_kbps"), &what));
    }
    at_least(&named("bufsize_kbps"), u64::from(rendition.bufsize_kbps), 1, origins)?;
    within(&named("audio_kbps"), u64::from(rendition.audio_kbps), 16, 512, origins)?;
    level(rendition, &named("level"), origins)
}

/// The level must exist and allow the size, the frame rate and the bit rate: a phone's decoder believes it.
fn level(rendition: &Rendition, key: &str, origins: &Origins) -> Result<(), ConfigError> {
    let given = &rendition.level;
    let blocks = u64::from(rendition.width().div_ceil(16)) * u64::from(rendition.height.div_ceil(16));
    let speed = blocks * u64::from(rendition.fps);
    let rate = u64::from(rendition.maxrate_kbps);
    let allows = |level: &&(&str, u64, u64, u64)| speed <= level.1 && blocks <= level.2 && rate <= level.3;
    let lowest = LEVELS.iter().find(allows).map(|level| level.0);
    let what = match (LEVELS.iter().find(|level| level.0 == given), lowest) {
        (None, lowest) => {
            format!("cannot be {}: write an H.264 level such as {}", quoted(given), quoted(lowest.unwrap_or("3.1")))
        }
        (Some(level), _) if allows(&level) => return Ok(()),
        (Some(_), lowest) => {
            let (width, height, fps) = (rendition.width(), rendition.height, rendition.fps);
            let advice = lowest.map_or_else(
                || "write a smaller height, fps or maxrate_kbps".to_owned(),
                |lowest| format!("write {} or higher", quoted(lowest)),
            );
            format!("is {}, too low for {width}x{height} at {fps} frames and {rate} kbit/s: {advice}", quoted(given))
        }
    };
    Err(origins.wrong(key, &what))
}

pub(super) fn playback(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let playback = &config.playback;
    let segment_ms = u64::from(config.encoder.segment_seconds) * 1_000;
    within("playback.key_rotation_ms", playback.key_rotation_ms, segment_ms, 86_400_000, origins)?;
    if !playback.key_rotation_ms.is_multiple_of(1_000) {
        let what = format!("cannot be {}: write whole seconds, such as 300000", playback.key_rotation_ms);
        return Err(origins.wrong("playback.key_rotation_ms", &what));
    }
    within("playback.devices_per_account", u64::from(playback.devices_per_account), 1, 100, origins)?;
    within("playback.lease_ttl_ms", playback.lease_ttl_ms, 3_000, 3_600_000, origins)
}

pub(super) fn uploader(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let uploader = &config.uploader;
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    at_least("uploader.rescan_ms", uploader.rescan_ms, 100, origins)?;
    within("uploader.concurrency", number(uploader.concurrency), 1, 256, origins)?;
    within("uploader.live_window_segments", number(uploader.live_window_segments), 3, 1_000, origins)?;
    let segment_ms = u64::from(config.encoder.segment_seconds) * 1_000;
    if uploader.segment_deadline_ms < segment_ms {
        let what = format!(
            "cannot be {}: write {segment_ms} or more, the length of one segment (encoder.segment_seconds)",
            uploader.segment_deadline_ms
        );
        return Err(origins.wrong("uploader.segment_deadline_ms", &what));
    }
    if uploader.state_file.starts_with(&uploader.hls_dir) {
        let what = format!(
            "is {}, inside uploader.hls_dir, where FFmpeg's files are: write a path outside of it",
            quoted(&uploader.state_file.display().to_string())
        );
        return Err(origins.wrong("uploader.state_file", &what));
    }
    Ok(())
}

/// The public folder must not hold what is not public, nor be watched as FFmpeg's output.
pub(super) fn folder(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    if config.objects.kind != ObjectsKind::Folder {
        return Ok(());
    }
    let folder = &config.objects.folder;
    let database = config.database.url.expose().strip_prefix("sqlite://").map(Path::new);
    let inside = [
        ("server.data_dir", Some(config.server.data_dir.as_path())),
        ("database.url", database),
        ("uploader.hls_dir", Some(config.uploader.hls_dir.as_path())),
        ("uploader.state_file", Some(config.uploader.state_file.as_path())),
    ];
    let shown = quoted(&folder.display().to_string());
    for (key, path) in inside {
        if path.is_some_and(|path| path.starts_with(folder)) {
            let what = format!("is {shown}, which would make {key} public: write a folder that holds nothing else");
            return Err(origins.wrong("objects.folder", &what));
        }
    }
    if folder.starts_with(&config.uploader.hls_dir) {
        let what = format!("is {shown}, inside uploader.hls_dir: write a folder outside of it");
        return Err(origins.wrong("objects.folder", &what));
    }
    Ok(())
}

fn within(key: &str, value: u64, least: u64, most: u64, origins: &Origins) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(origins.wrong(key, &format!("cannot be {value}: write {least} to {most}")))
}
