//! The machine: configuration, folders, limits, clock.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{Finding, Scene, State};
use crate::clock::Micros;
use crate::config::{Config, ObjectsKind, Secret, hex};

/// Open files that a night needs: a socket for each viewer without a CDN in front, files, the database.
const OPEN_FILES: u64 = 16_384;

/// The file read, and how well the secret key is kept.
pub(super) fn configuration(scene: &Scene<'_>) -> Vec<Finding> {
    const PART: &str = "configuration";
    let config = &scene.loaded.config;
    let mut findings = vec![match &scene.loaded.file {
        Some(file) => Finding::ok(PART, format!("{} is fine", file.display())),
        None => Finding::ok(PART, "no file; the defaults and the environment are fine"),
    }];
    let key = config.server.data_dir.join("secret.key");
    if config.server.secret_key.is_empty() && is_open_to_others(&key) {
        let says = format!("{0} can be read by others: run chmod 600 {0}", key.display());
        findings.push(Finding::warning(PART, says));
    }
    if let Some(file) = scene.loaded.file.as_ref().filter(|file| holds_secrets(config) && is_open_to_others(file)) {
        let says = format!("{0} holds secrets and can be read by others: run chmod 640 {0}", file.display());
        findings.push(Finding::warning(PART, says));
    }
    if config.cluster.nodes.len() > 1 && !config.database.is_postgres() {
        let says = "cluster.nodes names several nodes, but SQLite is a file of one: set database.url to PostgreSQL";
        findings.push(Finding::warning(PART, says));
    }
    for (key, path) in [("ingest.tls_cert", &config.ingest.tls_cert), ("ingest.tls_key", &config.ingest.tls_key)] {
        let error = path.as_ref().and_then(|path| fs::File::open(path).err().map(|error| (path, error)));
        if let Some((path, error)) = error {
            let says =
                format!("{key} names {}, which cannot be read ({error}): give this user the right", path.display());
            findings.push(Finding::failing(PART, says));
        }
    }
    findings
}

fn holds_secrets(config: &Config) -> bool {
    let secrets = [
        &config.server.secret_key,
        &config.objects.s3.secret_access_key,
        &config.payments.doku.secret_key,
        &config.messages.token,
        &config.metrics.token,
    ];
    !secrets.into_iter().all(Secret::is_empty) || config.database.is_postgres()
}

/// Whether anyone but owner and group may read a file.
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o004 != 0)
}

/// Whether the folders can be written, and for how many hours of picture there is room.
pub(super) fn folders(scene: &Scene<'_>) -> Vec<Finding> {
    let config = &scene.loaded.config;
    let mut findings = Vec::new();
    let mut folders = vec![("data folder", config.server.data_dir.as_path(), 1)];
    if config.uploader.enabled || config.ingest.enabled {
        let hours = (config.uploader.keep_local_ms / 3_600_000).max(1);
        folders.push(("hls folder", config.uploader.hls_dir.as_path(), hours));
    }
    if config.objects.kind == ObjectsKind::Folder {
        // Nothing is removed from it as long as replays are kept: a night and some.
        folders.push(("media folder", config.objects.folder.as_path(), 6));
    }
    for (part, path, hours) in folders {
        findings.push(folder(part, path, hours, bytes_per_hour(config), scene));
    }
    findings
}

/// What the ladder writes in an hour.
fn bytes_per_hour(config: &Config) -> u64 {
    let kbps = config.encoder.renditions.iter().map(|rung| u64::from(rung.bitrate_kbps) + u64::from(rung.audio_kbps));
    kbps.sum::<u64>().max(1) * 1_000 / 8 * 3_600
}

fn folder(part: &'static str, path: &Path, hours: u64, bytes_per_hour: u64, scene: &Scene<'_>) -> Finding {
    // What does not exist yet is made by `serve`: where it will be made counts.
    let Some(there) = path.ancestors().find(|path| path.exists()) else {
        return Finding::failing(part, format!("{} is nowhere: mount the disk it should be on", path.display()));
    };
    if let Err(error) = try_write(there, scene) {
        let says = format!("{} cannot be written ({error}): give this user the right, or make room", there.display());
        return Finding::failing(part, says);
    }
    let free = match rustix::fs::statvfs(there) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            return Finding::warning(part, format!("{}: its free space is unknown ({error})", path.display()));
        }
    };
    let (room, gib) = (free / bytes_per_hour, free / (1 << 30));
    let says = format!("{} can be written, {gib} GiB free, {room} hours of picture", path.display());
    match room {
        0 => Finding::failing(part, format!("{says}: make room")),
        room if room < hours => Finding::warning(part, format!("{says}: make room for {hours} hours")),
        _ => Finding::ok(part, says),
    }
}

fn try_write(folder: &Path, scene: &Scene<'_>) -> std::io::Result<()> {
    let mut word = [0_u8; 8];
    scene.random.fill(&mut word);
    let path = folder.join(format!(".doctor-{}", hex(&word)));
    let written = fs::write(&path, b"bakuhantam doctor").and_then(|()| fs::File::open(&path)?.sync_all());
    let removed = fs::remove_file(&path);
    written.and(removed)
}

/// The limit of open files.
pub(super) fn open_files() -> Vec<Finding> {
    const PART: &str = "open files";
    match rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        Some(limit) if limit < OPEN_FILES => vec![Finding::warning(
            PART,
            format!(
                "at most {limit}, which thousands of viewers use up: set LimitNOFILE=65536 in the unit, or ulimit -n 65536"
            ),
        )],
        Some(limit) => vec![Finding::ok(PART, format!("at most {limit}"))],
        None => vec![Finding::ok(PART, "no limit")],
    }
}

/// The clock beside that of the store or the CDN.
pub(super) async fn clock(scene: &Scene<'_>) -> Vec<Finding> {
    const PART: &str = "clock";
    let config = &scene.loaded.config;
    let address = if config.objects.kind == ObjectsKind::S3 {
        &config.objects.s3.endpoint
    } else {
        &config.objects.public_base_url
    };
    if address.is_empty() {
        return vec![Finding::ok(PART, "not compared: no store or CDN outside of this machine is configured")];
    }
    let before = scene.clock.now();
    // Any answer has a date, a refusal too.
    let answer = scene.fetcher.get(address, &[], Duration::from_secs(10)).await;
    let after = scene.clock.now();
    let date = answer.as_ref().ok().and_then(|answer| jiff::fmt::rfc2822::parse(answer.header("date")).ok());
    let Some(date) = date else {
        return vec![Finding::warning(PART, format!("not compared: {address} told no date: see the lines above"))];
    };
    let theirs = Micros(date.timestamp().as_microsecond());
    vec![judge(off_by_ms(before, after, theirs), address)]
}

/// How far `theirs`, cut to a whole second and told between `before` and `after`, is from ours, at least.
pub(super) fn off_by_ms(before: Micros, after: Micros, theirs: Micros) -> i64 {
    let (earliest, latest) = (theirs, theirs.plus_ms(1_000));
    if after < earliest {
        after.ms_since(earliest)
    } else if before > latest {
        before.ms_since(latest)
    } else {
        0
    }
}

fn judge(off_ms: i64, address: &str) -> Finding {
    let (amount, side) = (off_ms.unsigned_abs(), if off_ms < 0 { "behind" } else { "ahead of" });
    let says = format!("{amount} ms {side} {address}: let systemd-timesyncd or chrony keep it");
    let state = match amount {
        0..1_000 => return Finding::ok("clock", format!("agrees with {address}")),
        1_000..60_000 => State::Warning,
        _ => State::Failing,
    };
    Finding::new("clock", state, says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_what_a_whole_second_can_tell() {
        let at = |ms: i64| Micros::default().plus_ms(ms);
        assert_eq!(off_by_ms(at(10_900), at(10_950), at(10_000)), 0, "within the second told");
        assert_eq!(off_by_ms(at(13_000), at(13_100), at(10_000)), 2_000);
        assert_eq!(off_by_ms(at(7_000), at(7_100), at(10_000)), -2_900);
        assert_eq!(judge(0, "x").state, State::Ok);
        assert_eq!(judge(-2_900, "x").state, State::Warning);
        assert_eq!(judge(900_000, "x").state, State::Failing);
    }

    #[test]
    fn the_default_ladder_writes_about_two_and_a_half_gigabytes_an_hour() {
        assert_eq!(bytes_per_hour(&Config::default()), 2_453_400_000);
    }
}
