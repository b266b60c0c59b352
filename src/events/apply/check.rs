//! Turns what was written into plans; says everything that cannot be.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::Range;

use toml::Spanned;

use super::file::{EventEntry, EventWord, FightEntry, MilestoneEntry, PollEntry};
use super::plan::{EventPlan, FightPlan, FighterPlan, Fresh, MilestonePlan, OptionPlan, PollPlan};
use crate::clock::Micros;
use crate::config::Secret;
use crate::events::{Act, EventStatus, codes};
use crate::ids::{Epoch, EventSlug};

/// Where in the file, and what is wrong there: a sentence that begins with the key's full name.
pub type Said = (Range<usize>, String);

/// The most coins anything may cost.
const COINS_MAX: i64 = 1_000_000_000;
/// Days that an event can be watched again: ten years.
const REPLAY_DAYS_MAX: i32 = 3_650;
/// Characters of a title, a name, a question or an answer.
const TEXT_LEN_MAX: usize = 200;
/// Characters of a stream key.
const STREAM_KEY_LEN: std::ops::RangeInclusive<usize> = 8..=128;
/// Answers of a poll.
const OPTIONS_LEN_MAX: usize = 20;

/// Checks the events of a file. The plans are good only when nothing was said.
pub fn check(entries: &[EventEntry], act: &Act, said: &mut Vec<Said>) -> Vec<EventPlan> {
    let mut check = Check { act, said };
    let mut slugs = HashSet::new();
    let mut keys = HashSet::new();
    let mut plans = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        let path = format!("events[{at}]");
        check.once(&mut slugs, entry.slug.get_ref().clone(), &path, "slug", entry.slug.span());
        if let Some(key) = &entry.stream_key
            && !keys.insert(key.get_ref().expose().to_owned())
        {
            check
                .say(key.span(), format!("{path}.stream_key is that of another event in this file: give each its own"));
        }
        plans.extend(check.event(&path, entry));
    }
    plans
}

struct Check<'a> {
    act: &'a Act,
    said: &'a mut Vec<Said>,
}

impl Check<'_> {
    fn say(&mut self, span: Range<usize>, what: String) {
        self.said.push((span, what));
    }

    fn once<T: Eq + Hash + std::fmt::Display>(
        &mut self,
        known: &mut HashSet<T>,
        value: T,
        path: &str,
        key: &str,
        span: Range<usize>,
    ) {
        let what = format!("{path}.{key} is {value}, which stands in this list already: name each once");
        if !known.insert(value) {
            self.say(span, what);
        }
    }

    fn event(&mut self, path: &str, entry: &EventEntry) -> Option<EventPlan> {
        let slug: Option<EventSlug> = match entry.slug.get_ref().parse() {
            Ok(slug) => Some(slug),
            Err(error) => {
                self.say(entry.slug.span(), format!("{path}.slug: {error}"));
                None
            }
        };
        let fights = self.fights(path, &entry.fights);
        let milestones = self.milestones(path, &entry.milestones);
        let polls = self.polls(path, &entry.polls);
        let title = self.text(path, "title", entry.title.as_ref());
        let starts_at = self.moment(path, entry.starts_at.as_ref());
        let pass_price_coins = self.coins(path, "pass_price_coins", 0, entry.pass_price_coins.as_ref());
        let replay_days = self.replay_days(path, entry.replay_days.as_ref());
        let stream_key = self.stream_key(path, entry.stream_key.as_ref());
        Some(EventPlan {
            slug: slug?,
            title,
            starts_at,
            pass_price_coins,
            replay_days,
            stream_key,
            status: entry.status.map(|word| match word {
                EventWord::Draft => EventStatus::Draft,
                EventWord::Published => EventStatus::Published,
            }),
            fights,
            milestones,
            polls,
            fresh: Fresh {
                id: self.act.new_id(),
                epoch: Epoch::new(self.act.random.as_ref()),
                stream_key: codes::new_key(self.act),
                audit_id: self.act.new_id(),
            },
        })
    }

    fn fights(&mut self, event: &str, entries: &[FightEntry]) -> Vec<FightPlan> {
        let mut numbers = HashSet::new();
        let mut plans = Vec::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            let path = format!("{event}.fights[{at}]");
            let number = *entry.number.get_ref();
            self.once(&mut numbers, number, &path, "number", entry.number.span());
            let fine = i32::try_from(number).ok().filter(|number| (1..=999).contains(number));
            if fine.is_none() {
                self.say(entry.number.span(), format!("{path}.number is {number}: write 1 to 999"));
            }
            let red = self.text(&path, "red", entry.red.as_ref());
            let blue = self.text(&path, "blue", entry.blue.as_ref());
            if let (Some(red), Some(blue), Some(written)) = (&red, &blue, &entry.blue)
                && red == blue
            {
                self.say(written.span(), format!("{path}: {red} stands in both corners: name two fighters"));
            }
            let act = self.act;
            let fighter = |name| FighterPlan { id: act.new_id(), name };
            let title = self.text_or_empty(&path, "title", entry.title.as_ref());
            let price_coins = self.coins(&path, "price_coins", 0, entry.price_coins.as_ref());
            plans.extend(fine.map(|number| FightPlan {
                id: act.new_id(),
                number,
                red: red.map(fighter),
                blue: blue.map(fighter),
                title,
                price_coins,
            }));
        }
        plans
    }

    fn milestones(&mut self, event: &str, entries: &[MilestoneEntry]) -> Vec<MilestonePlan> {
        let mut totals = HashSet::new();
        let mut plans = Vec::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            let path = format!("{event}.milestones[{at}]");
            self.once(&mut totals, *entry.coins.get_ref(), &path, "coins", entry.coins.span());
            let coins = self.coins(&path, "coins", 1, Some(&entry.coins));
            let title = self.text(&path, "title", Some(&entry.title));
            if let (Some(coins), Some(title)) = (coins, title) {
                plans.push(MilestonePlan { id: self.act.new_id(), coins, title });
            }
        }
        plans
    }

    fn polls(&mut self, event: &str, entries: &[PollEntry]) -> Vec<PollPlan> {
        let mut codes = HashSet::new();
        let mut plans = Vec::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            let path = format!("{event}.polls[{at}]");
            let code = entry.code.get_ref();
            self.once(&mut codes, code.clone(), &path, "code", entry.code.span());
            let fine = (1..=32).contains(&code.len())
                && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !fine {
                self.say(entry.code.span(), format!("{path}.code: write 1 to 32 of a-z, 0-9 and dashes"));
            }
            plans.push(PollPlan {
                id: self.act.new_id(),
                code: code.clone(),
                question: self.text(&path, "question", entry.question.as_ref()),
                options: entry.options.as_ref().map(|options| self.options(&path, options)),
                coins_per_vote: self.coins(&path, "coins_per_vote", 1, entry.coins_per_vote.as_ref()),
                max_votes_per_viewer: self.coins(&path, "max_votes_per_viewer", 1, entry.max_votes_per_viewer.as_ref()),
                status: entry.status,
            });
        }
        plans
    }

    fn options(&mut self, poll: &str, entries: &Spanned<Vec<Spanned<String>>>) -> Vec<OptionPlan> {
        let written = entries.get_ref();
        if !(2..=OPTIONS_LEN_MAX).contains(&written.len()) {
            let what = format!("{poll}.options has {}: give 2 to {OPTIONS_LEN_MAX} answers", written.len());
            self.say(entries.span(), what);
        }
        let mut labels = HashSet::new();
        let mut plans = Vec::with_capacity(written.len());
        for (at, label) in written.iter().enumerate() {
            let key = format!("options[{at}]");
            if let Some(text) = self.text(poll, &key, Some(label)) {
                self.once(&mut labels, text.clone(), poll, &key, label.span());
                plans.push(OptionPlan { id: self.act.new_id(), label: text });
            }
        }
        plans
    }

    /// A text without space around it; empty, overlong and unprintable ones are said.
    fn text(&mut self, path: &str, key: &str, written: Option<&Spanned<String>>) -> Option<String> {
        let text = self.text_or_empty(path, key, written)?;
        if text.is_empty() {
            let span = written.map(Spanned::span).unwrap_or_default();
            self.say(span, format!("{path}.{key} is empty: write a text, or leave the key out"));
        }
        Some(text)
    }

    fn text_or_empty(&mut self, path: &str, key: &str, written: Option<&Spanned<String>>) -> Option<String> {
        let written = written?;
        let text = written.get_ref().trim();
        if text.chars().count() > TEXT_LEN_MAX {
            self.say(written.span(), format!("{path}.{key} is too long: write at most {TEXT_LEN_MAX} characters"));
        }
        if text.chars().any(char::is_control) {
            self.say(written.span(), format!("{path}.{key} holds a line break or a control character: take it out"));
        }
        Some(text.to_owned())
    }

    fn coins(&mut self, path: &str, key: &str, min: i64, written: Option<&Spanned<i64>>) -> Option<i64> {
        let written = written?;
        let value = *written.get_ref();
        if !(min..=COINS_MAX).contains(&value) {
            self.say(written.span(), format!("{path}.{key} is {value}: write {min} to {COINS_MAX}"));
        }
        Some(value)
    }

    fn replay_days(&mut self, path: &str, written: Option<&Spanned<i64>>) -> Option<i32> {
        let written = written?;
        let days = i32::try_from(*written.get_ref()).ok().filter(|days| (0..=REPLAY_DAYS_MAX).contains(days));
        if days.is_none() {
            let what = format!("write 0 (for ever) to {REPLAY_DAYS_MAX}");
            self.say(written.span(), format!("{path}.replay_days is {}: {what}", written.get_ref()));
        }
        days
    }

    fn moment(&mut self, path: &str, written: Option<&Spanned<toml::Value>>) -> Option<Micros> {
        let written = written?;
        let text = match written.get_ref() {
            toml::Value::String(text) => text.trim().to_owned(),
            toml::Value::Datetime(moment) => moment.to_string(),
            _ => String::new(),
        };
        let parsed = text.parse::<jiff::Timestamp>();
        if parsed.is_err() {
            let what = "write a date, a time and its offset, such as \"2026-12-05T19:00:00+07:00\"";
            self.say(written.span(), format!("{path}.starts_at is not a moment: {what}"));
        }
        parsed.ok().map(|moment| Micros(moment.as_microsecond()))
    }

    fn stream_key(&mut self, path: &str, written: Option<&Spanned<Secret>>) -> Option<Secret> {
        let written = written?;
        let key = written.get_ref().expose();
        let letters = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'));
        if !STREAM_KEY_LEN.contains(&key.len()) || !letters {
            let what =
                "write 8 to 128 of A-Z, a-z, 0-9, dash, underscore, dot and tilde, or leave it out to have one made";
            self.say(written.span(), format!("{path}.stream_key cannot be used: {what}"));
        }
        Some(written.get_ref().clone())
    }
}
