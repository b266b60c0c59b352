//! What is remembered of an event across restarts: a snapshot and an append log beside it.
//!
//! `<stem>.<event>.json` is the snapshot, replaced whole (temporary file, fsync, rename, fsync of the folder); it
//! names the log that follows it, `<stem>.<event>.<generation>.log`, one JSON fact a line. A log cut off in the
//! middle of a line, or filled with rubbish at its end, counts up to the last whole line. An unreadable snapshot is
//! set aside and the journal counts as lost; then the store's own playlists are asked.
//!
//! Killed between any two steps: before the rename the old snapshot and its log stand; after it the new snapshot
//! stands, and its log is made with the next fact.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::ids::EventSlug;

/// Facts in a log before the next snapshot.
const LOG_RECORDS_MAX: usize = 4_000;

#[derive(Serialize, Deserialize)]
struct Snapshot {
    version: u32,
    generation: u64,
    records: Vec<Record>,
}

const VERSION: u32 = 1;

/// An event's journal.
#[derive(Debug)]
pub struct Journal {
    snapshot: PathBuf,
    stem: String,
    generation: u64,
    log: Option<File>,
    in_log: usize,
    /// The last append failed: the log's end is unknown, only a snapshot makes it good.
    behind: bool,
}

/// What was remembered.
#[derive(Debug, Default)]
pub struct Remembered {
    /// The facts in order.
    pub records: Vec<Record>,
    /// There was a journal, but it cannot be used.
    pub lost: bool,
}

impl Journal {
    /// Opens the journal of an event beside `state_file`, and reads what it remembers.
    ///
    /// # Errors
    /// The folder cannot be made, or a file that is there cannot be read.
    pub fn open(state_file: &Path, event: &EventSlug) -> io::Result<(Self, Remembered)> {
        let folder = state_file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let stem = format!("{}.{event}", state_file.file_stem().unwrap_or_default().to_string_lossy());
        let snapshot = folder.join(format!("{stem}.json"));
        let mut journal = Self { snapshot, stem, generation: 0, log: None, in_log: 0, behind: false };
        let mut remembered = Remembered::default();
        match fs::read(&journal.snapshot) {
            Ok(bytes) => match serde_json::from_slice::<Snapshot>(&bytes) {
                Ok(snapshot) if snapshot.version == VERSION => {
                    journal.generation = snapshot.generation;
                    remembered.records = snapshot.records;
                }
                _ => {
                    remembered.lost = true;
                    fs::rename(&journal.snapshot, journal.snapshot.with_extension("unreadable"))?;
                    // The log alone says nothing without what came before it.
                    journal.generation = journal.newest_log().map_or(1, |newest| newest + 1);
                    return Ok((journal, remembered));
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        journal.read_log(&mut remembered.records)?;
        Ok((journal, remembered))
    }

    /// The events that have a journal beside `state_file`. Makes its folder where there is none.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub fn list(state_file: &Path) -> io::Result<Vec<EventSlug>> {
        let folder = state_file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let prefix = format!("{}.", state_file.file_stem().unwrap_or_default().to_string_lossy());
        let mut events = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let event = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(".json"));
            events.extend(event.and_then(|event| event.parse::<EventSlug>().ok()));
        }
        Ok(events)
    }

    fn log_path(&self, generation: u64) -> PathBuf {
        self.snapshot.with_file_name(format!("{}.{generation}.log", self.stem))
    }

    /// Generations that have a log.
    fn logs(&self) -> Vec<u64> {
        let prefix = format!("{}.", self.stem);
        let folder = self.snapshot.parent().unwrap_or(Path::new("."));
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let generation = |entry: io::Result<fs::DirEntry>| {
            entry.ok()?.file_name().to_str()?.strip_prefix(&prefix)?.strip_suffix(".log")?.parse().ok()
        };
        entries.filter_map(generation).collect()
    }

    fn newest_log(&self) -> Option<u64> {
        self.logs().into_iter().max()
    }

    /// Reads the log up to its last whole line and cuts the rest off.
    fn read_log(&mut self, records: &mut Vec<Record>) -> io::Result<()> {
        let path = self.log_path(self.generation);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut good = 0_usize;
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            if !line.ends_with(b"\n") {
                break;
            }
            let Ok(record) = serde_json::from_slice(line) else { break };
            records.push(record);
            good += line.len();
            self.in_log += 1;
        }
        let file = OpenOptions::new().append(true).open(&path)?;
        if good < bytes.len() {
            file.set_len(u64::try_from(good).unwrap_or(u64::MAX))?;
            file.sync_data()?;
        }
        self.log = Some(file);
        Ok(())
    }

    /// Appends facts. Those that must be durable are on the disk when this returns. Blocking.
    ///
    /// # Errors
    /// The disk. The journal is then behind until [`Journal::snapshot`] succeeds.
    pub fn append(&mut self, records: &[Record]) -> io::Result<()> {
        if self.behind {
            return Err(io::Error::other("the journal is behind since an earlier write failed"));
        }
        let result = self.try_append(records);
        self.behind = result.is_err();
        result
    }

    fn try_append(&mut self, records: &[Record]) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(records.len() * 128);
        for record in records {
            serde_json::to_writer(&mut bytes, record)?;
            bytes.push(b'\n');
        }
        let path = self.log_path(self.generation);
        let log = match &mut self.log {
            Some(log) => log,
            none => none.insert(OpenOptions::new().create(true).append(true).open(&path)?),
        };
        log.write_all(&bytes)?;
        if records.iter().any(Record::must_be_durable) {
            log.sync_data()?;
        }
        self.in_log += records.len();
        Ok(())
    }

    /// Whether a snapshot is due: the log has grown long, or an append has failed.
    #[must_use]
    pub const fn wants_snapshot(&self) -> bool {
        self.behind || self.in_log >= LOG_RECORDS_MAX
    }

    /// Replaces everything remembered by `records`, atomically, and begins a new log. Blocking.
    ///
    /// # Errors
    /// The disk; what was remembered before still stands.
    pub fn snapshot(&mut self, records: Vec<Record>) -> io::Result<()> {
        let generation = self.generation + 1;
        // A log of that generation can be left from a snapshot that never came to be.
        match fs::remove_file(self.log_path(generation)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let temporary = self.snapshot.with_extension("json.tmp");
        let mut file = File::create(&temporary)?;
        serde_json::to_writer(io::BufWriter::new(&file), &Snapshot { version: VERSION, generation, records })?;
        file.flush()?;
        file.sync_all()?;
        fs::rename(&temporary, &self.snapshot)?;
        if let Some(folder) = self.snapshot.parent() {
            File::open(folder)?.sync_all()?;
        }
        self.generation = generation;
        self.log = None;
        self.in_log = 0;
        self.behind = false;
        for old in self.logs().into_iter().filter(|old| *old < generation) {
            // One that stays is harmless: no snapshot names it.
            drop(fs::remove_file(self.log_path(old)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(count: u64) -> Vec<Record> {
        (0..count).map(|i| Record::Gap { i, r: "720p".parse().unwrap() }).collect()
    }

    fn event() -> EventSlug {
        "fight-night".parse().unwrap()
    }

    #[test]
    fn a_log_cut_anywhere_keeps_its_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.json");
        let (mut journal, _) = Journal::open(&state, &event()).unwrap();
        journal.snapshot(facts(3)).unwrap();
        journal.append(&facts(2)).unwrap();
        let log = journal.log_path(journal.generation);
        drop(journal);
        let whole = fs::read(&log).unwrap();
        let line = whole.len() / 2;
        for cut in 0..=whole.len() {
            fs::write(&log, &whole[..cut]).unwrap();
            let (mut journal, remembered) = Journal::open(&state, &event()).unwrap();
            let kept = cut / line;
            assert_eq!(remembered.records.len(), 3 + kept, "cut at {cut}");
            journal.append(&facts(1)).unwrap();
            drop(journal);
            let (_, again) = Journal::open(&state, &event()).unwrap();
            assert_eq!(again.records.len(), 3 + kept + 1, "cut at {cut}, then appended");
        }
    }

    #[test]
    fn zeros_at_a_logs_end_are_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.json");
        let (mut journal, _) = Journal::open(&state, &event()).unwrap();
        journal.append(&facts(4)).unwrap();
        let log = journal.log_path(journal.generation);
        drop(journal);
        let mut bytes = fs::read(&log).unwrap();
        bytes.extend([0_u8; 512]);
        fs::write(&log, bytes).unwrap();
        let (_, remembered) = Journal::open(&state, &event()).unwrap();
        assert_eq!(remembered.records, facts(4));
        assert!(!remembered.lost);
    }

    #[test]
    fn an_unreadable_snapshot_counts_as_lost_and_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.json");
        let (mut journal, _) = Journal::open(&state, &event()).unwrap();
        journal.snapshot(facts(3)).unwrap();
        journal.append(&facts(2)).unwrap();
        drop(journal);
        fs::write(folder.path().join("state.fight-night.json"), b"{\"version\":1,\"gene").unwrap();
        let (mut journal, remembered) = Journal::open(&state, &event()).unwrap();
        assert!(remembered.lost && remembered.records.is_empty());
        journal.append(&facts(1)).unwrap();
        journal.snapshot(facts(7)).unwrap();
        assert_eq!(Journal::open(&state, &event()).unwrap().1.records, facts(7));
        assert_eq!(Journal::list(&state).unwrap(), [event()]);
        assert!(folder.path().join("state.fight-night.unreadable").exists());
    }

    #[test]
    fn a_temporary_snapshot_left_behind_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.json");
        let (mut journal, _) = Journal::open(&state, &event()).unwrap();
        journal.snapshot(facts(3)).unwrap();
        journal.append(&facts(2)).unwrap();
        fs::write(folder.path().join("state.fight-night.json.tmp"), b"half").unwrap();
        fs::write(journal.log_path(journal.generation + 1), b"{}\n").unwrap();
        drop(journal);
        let (mut journal, remembered) = Journal::open(&state, &event()).unwrap();
        assert_eq!(remembered.records.len(), 5);
        journal.snapshot(remembered.records).unwrap();
        assert_eq!(Journal::open(&state, &event()).unwrap().1.records.len(), 5);
    }
}
