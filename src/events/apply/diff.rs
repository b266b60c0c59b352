//! Brings the database to the plans, and tells each change.

use serde_json::{Map, Value, json};

use super::plan::{EventPlan, FightPlan, FighterPlan, MilestonePlan, OptionPlan, PollPlan};
use super::records::{self, EventChanges, FightValues, NewEvent, PollValues};
use crate::config::Secret;
use crate::events::apply::file::PollWord;
use crate::events::holds::hold_event;
use crate::events::records::{LockedEvent, lock_event};
use crate::events::{EventError, EventStatus, StreamKeyCodes};
use crate::ids::{EventSlug, RowId};
use crate::store::audit::{self, Actor};
use crate::store::{Conn, outbox};

/// What an application did.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Each change, one line.
    pub changes: Vec<String>,
    /// What was asked for and left as it is, one line each.
    pub notes: Vec<String>,
    /// Keys that were made, to be shown once.
    pub stream_keys: Vec<(EventSlug, Secret)>,
}

/// Brings the database to `plans`, in the caller's transaction. For each event that changed there is one audit row,
/// and facts: `event:update`, and `poll:update` and `milestone:update` where those changed.
///
/// # Errors
/// `events.unfit` where the file does not fit what is stored, or [`EventError::Store`].
pub fn apply(
    conn: &mut Conn,
    actor: &Actor,
    codes: &StreamKeyCodes,
    plans: &[EventPlan],
) -> Result<Applied, EventError> {
    let mut applied = Applied::default();
    for plan in plans {
        let mut event = Applying { conn, plan, codes, applied: &mut applied, delta: Delta::default() };
        event.run(actor)?;
    }
    Ok(applied)
}

/// What changed in one event, for its audit row and facts.
#[derive(Default)]
struct Delta {
    before: Map<String, Value>,
    after: Map<String, Value>,
    facts: Vec<(&'static str, Value)>,
}

struct Applying<'a> {
    conn: &'a mut Conn,
    plan: &'a EventPlan,
    codes: &'a StreamKeyCodes,
    applied: &'a mut Applied,
    delta: Delta,
}

impl Applying<'_> {
    fn run(&mut self, actor: &Actor) -> Result<(), EventError> {
        let plan = self.plan;
        hold_event(self.conn, &plan.slug)?;
        let id = match lock_event(self.conn, &plan.slug)? {
            Some(stored) => {
                self.update(&stored)?;
                stored.id
            }
            None => self.create(actor)?,
        };
        for fight in &plan.fights {
            self.fight(&id, fight)?;
        }
        for milestone in &plan.milestones {
            self.milestone(&id, milestone)?;
        }
        for poll in &plan.polls {
            self.poll(&id, poll)?;
        }
        if self.delta.after.is_empty() {
            return Ok(());
        }
        let delta = std::mem::take(&mut self.delta);
        let facts = delta.facts.into_iter().chain([("event:update", json!({}))]);
        for (kind, payload) in facts {
            outbox::append(self.conn, actor.at, Some(&plan.slug), kind, &payload)?;
        }
        let entry = audit::Entry {
            what: "events.apply",
            room: Some(&plan.slug),
            before: Some(Value::Object(delta.before)),
            after: Some(Value::Object(delta.after)),
        };
        Ok(audit::append(self.conn, &plan.fresh.audit_id, actor, &entry)?)
    }

    fn unfit(&self, what: &str) -> EventError {
        EventError::Unfit(format!("event {}: {what}", self.plan.slug))
    }

    /// Records a change of `key`, and tells it as `line`.
    fn changed(&mut self, key: &str, before: Value, after: Value, line: &str) {
        self.applied.changes.push(format!("event {}: {line}", self.plan.slug));
        if !before.is_null() {
            self.delta.before.insert(key.to_owned(), before);
        }
        self.delta.after.insert(key.to_owned(), after);
    }

    /// Records a change of one value of a thing, where it is one.
    fn compare<T>(&mut self, key: &str, stored: &T, wanted: Option<&T>) -> bool
    where
        T: PartialEq + serde::Serialize,
    {
        let Some(wanted) = wanted.filter(|wanted| *wanted != stored) else { return false };
        let (before, after) = (json!(stored), json!(wanted));
        let line = format!("{key} {before} → {after}");
        self.changed(key, before, after, &line);
        true
    }

    /// The code of a key the file gives, unless another event has it.
    fn given_key(&mut self) -> Result<Option<String>, EventError> {
        let plan = self.plan;
        let Some(key) = &plan.stream_key else { return Ok(None) };
        let code = self.codes.code(key.expose());
        match records::find_slug_by_mac(self.conn, &code)? {
            Some(other) if other != plan.slug.as_str() => {
                Err(self.unfit(&format!("its stream_key is that of the event {other}: give each event its own")))
            }
            _ => Ok(Some(code)),
        }
    }

    fn create(&mut self, actor: &Actor) -> Result<RowId, EventError> {
        let plan = self.plan;
        let title = plan.title.as_deref().ok_or_else(|| self.unfit("it is new, so it needs a title"))?;
        let starts_at = plan.starts_at.ok_or_else(|| self.unfit("it is new, so it needs starts_at"))?;
        let code = if let Some(code) = self.given_key()? {
            code
        } else {
            let key = plan.fresh.stream_key.clone();
            let code = self.codes.code(key.expose());
            self.applied.stream_keys.push((plan.slug.clone(), key));
            code
        };
        let status = plan.status.unwrap_or_default();
        records::insert_event(
            self.conn,
            &NewEvent {
                id: &plan.fresh.id,
                slug: &plan.slug,
                title,
                status,
                starts_at,
                pass_price_coins: plan.pass_price_coins.unwrap_or(0),
                replay_days: plan.replay_days.unwrap_or(0),
                stream_key_mac: &code,
                epoch: &plan.fresh.epoch,
                created_at: actor.at,
            },
        )?;
        let line = format!("added, {}", status.as_str());
        self.changed("event", Value::Null, json!({"title": title, "status": status}), &line);
        Ok(plan.fresh.id.clone())
    }

    fn update(&mut self, stored: &LockedEvent) -> Result<(), EventError> {
        let plan = self.plan;
        let code = self.given_key()?.filter(|code| *code != stored.stream_key_mac);
        let forward = plan.status.filter(|status| *status > stored.status);
        if plan.status.is_some_and(|status| status < stored.status) {
            let stays = stored.status.as_str();
            self.applied.notes.push(format!("event {}: it stays {stays}, a status only moves forward", plan.slug));
        }
        let mut any = self.compare("title", &stored.title, plan.title.as_ref());
        any |= self.compare("starts_at", &stored.starts_at, plan.starts_at.as_ref());
        any |= self.compare("pass_price_coins", &stored.pass_price_coins.0, plan.pass_price_coins.as_ref());
        any |= self.compare("replay_days", &stored.replay_days, plan.replay_days.as_ref());
        any |= self.compare("status", &stored.status, forward.as_ref());
        if code.is_some() {
            any = true;
            self.changed("stream_key", Value::Null, json!("changed"), "stream_key changed");
        }
        if any {
            let changes = EventChanges {
                title: plan.title.clone(),
                status: forward.map(|status: EventStatus| status.as_str().to_owned()),
                starts_at: plan.starts_at.map(|at| at.0),
                pass_price_coins: plan.pass_price_coins,
                replay_days: plan.replay_days,
                stream_key_mac: code,
            };
            records::update_event(self.conn, &stored.id, &changes)?;
        }
        Ok(())
    }

    /// The fighter of this name in the event, made where there is none.
    fn fighter(&mut self, event: &RowId, fighter: &FighterPlan) -> Result<RowId, EventError> {
        if let Some(id) = records::find_fighter(self.conn, event, &fighter.name)? {
            return Ok(id);
        }
        records::insert_fighter(self.conn, &fighter.id, event, &fighter.name)?;
        Ok(fighter.id.clone())
    }

    fn fight(&mut self, event: &RowId, fight: &FightPlan) -> Result<(), EventError> {
        let number = fight.number;
        let stored = records::find_fight(self.conn, event, number)?;
        let corner = |this: &Self, side: &str, planned: &Option<FighterPlan>, kept: Option<&String>| {
            let kept = kept.map(|name| FighterPlan { id: fight.id.clone(), name: name.clone() });
            planned.clone().or(kept).ok_or_else(|| this.unfit(&format!("fight {number} is new, so it needs {side}")))
        };
        let red = corner(self, "red", &fight.red, stored.as_ref().map(|stored| &stored.red))?;
        let blue = corner(self, "blue", &fight.blue, stored.as_ref().map(|stored| &stored.blue))?;
        if red.name == blue.name {
            return Err(self.unfit(&format!("fight {number} has {} in both corners: name two fighters", red.name)));
        }
        let key = format!("fights[{number}]");
        let Some(stored) = stored else {
            let price_coins = fight.price_coins.unwrap_or(0);
            let (red_id, blue_id) = (self.fighter(event, &red)?, self.fighter(event, &blue)?);
            let title = fight.title.as_deref().unwrap_or_default();
            let values = FightValues { title, red: &red_id, blue: &blue_id, price_coins };
            records::insert_fight(self.conn, &fight.id, event, number, &values)?;
            let line = format!("fight {number} added: {} – {}, {price_coins} coins", red.name, blue.name);
            let after = json!({"red": red.name, "blue": blue.name, "title": title, "price_coins": price_coins});
            self.changed(&key, Value::Null, after, &line);
            return Ok(());
        };
        let mut any = self.compare(&format!("{key}.red"), &stored.red, Some(&red.name));
        any |= self.compare(&format!("{key}.blue"), &stored.blue, Some(&blue.name));
        any |= self.compare(&format!("{key}.title"), &stored.title, fight.title.as_ref());
        any |= self.compare(&format!("{key}.price_coins"), &stored.price_coins, fight.price_coins.as_ref());
        if any {
            let (red, blue) = (self.fighter(event, &red)?, self.fighter(event, &blue)?);
            let values = FightValues {
                title: fight.title.as_deref().unwrap_or(&stored.title),
                red: &red,
                blue: &blue,
                price_coins: fight.price_coins.unwrap_or(stored.price_coins),
            };
            records::update_fight(self.conn, &stored.id, &values)?;
        }
        Ok(())
    }

    fn milestone(&mut self, event: &RowId, milestone: &MilestonePlan) -> Result<(), EventError> {
        let MilestonePlan { id, coins, title } = milestone;
        let key = format!("milestones[{coins}]");
        match records::find_milestone(self.conn, event, *coins)? {
            None => {
                records::insert_milestone(self.conn, id, event, *coins, title)?;
                let line = format!("milestone at {coins} coins added: {title}");
                self.changed(&key, Value::Null, json!({"title": title}), &line);
            }
            Some((stored, old)) => {
                if !self.compare(&format!("{key}.title"), &old, Some(title)) {
                    return Ok(());
                }
                records::update_milestone(self.conn, &stored, title)?;
            }
        }
        if self.delta.facts.iter().all(|(kind, _)| *kind != "milestone:update") {
            self.delta.facts.push(("milestone:update", json!({})));
        }
        Ok(())
    }

    fn poll(&mut self, event: &RowId, poll: &PollPlan) -> Result<(), EventError> {
        let code = &poll.code;
        let key = format!("polls[{code}]");
        let changes_before = self.applied.changes.len();
        let status = if let Some(stored) = records::find_poll(self.conn, event, code)? {
            let forward =
                poll.status.filter(|word| PollWord::rank_of(word.as_str()) > PollWord::rank_of(&stored.status));
            if forward.is_none() && poll.status.is_some_and(|word| word.as_str() != stored.status) {
                let note = format!("poll {code} stays {}, a status only moves forward", stored.status);
                self.applied.notes.push(format!("event {}: {note}", self.plan.slug));
            }
            let status = forward.map_or(stored.status.clone(), |word| word.as_str().to_owned());
            // Who has voted has agreed to these answers at this price.
            let fixed = records::has_votes(self.conn, &stored.id)?;
            let price = poll
                .coins_per_vote
                .filter(|price| self.may_change(fixed, code, "price", *price == stored.coins_per_vote));
            self.compare(&format!("{key}.question"), &stored.question, poll.question.as_ref());
            self.compare(&format!("{key}.status"), &stored.status, Some(&status));
            self.compare(&format!("{key}.coins_per_vote"), &stored.coins_per_vote, price.as_ref());
            self.compare(
                &format!("{key}.max_votes_per_viewer"),
                &stored.max_votes_per_viewer,
                poll.max_votes_per_viewer.as_ref(),
            );
            if self.applied.changes.len() > changes_before {
                let values = PollValues {
                    question: poll.question.as_deref().unwrap_or(&stored.question),
                    status: &status,
                    coins_per_vote: price.unwrap_or(stored.coins_per_vote),
                    max_votes_per_viewer: poll.max_votes_per_viewer.unwrap_or(stored.max_votes_per_viewer),
                };
                records::update_poll(self.conn, &stored.id, &values)?;
            }
            if let Some(options) = &poll.options {
                self.options(&stored.id, code, options, fixed)?;
            }
            status
        } else {
            self.new_poll(event, &key, poll)?
        };
        if self.applied.changes.len() > changes_before {
            self.delta.facts.push(("poll:update", json!({"code": code, "status": status})));
        }
        Ok(())
    }

    /// Whether a part of a poll may be brought to the file; says so where votes stand against it.
    fn may_change(&mut self, fixed: bool, poll: &str, what: &str, same: bool) -> bool {
        if fixed && !same {
            let note = format!("event {}: poll {poll} keeps its {what}: there are votes", self.plan.slug);
            self.applied.notes.push(note);
        }
        !fixed || same
    }

    fn new_poll(&mut self, event: &RowId, key: &str, poll: &PollPlan) -> Result<String, EventError> {
        let code = &poll.code;
        let new = |what: &str| format!("poll {code} is new, so it needs {what}");
        let question = poll.question.as_deref().ok_or_else(|| self.unfit(&new("a question")))?;
        let options = poll.options.as_deref().ok_or_else(|| self.unfit(&new("options")))?;
        let status = poll.status.unwrap_or(PollWord::Draft).as_str();
        let values = PollValues {
            question,
            status,
            coins_per_vote: poll.coins_per_vote.unwrap_or(1),
            max_votes_per_viewer: poll.max_votes_per_viewer.unwrap_or(100),
        };
        records::insert_poll(self.conn, &poll.id, event, code, &values)?;
        for (position, option) in (1..).zip(options) {
            records::insert_option(self.conn, &option.id, poll.id.as_str(), position, &option.label)?;
        }
        let labels: Vec<&str> = options.iter().map(|option| option.label.as_str()).collect();
        let line = format!("poll {code} added, {status}: {question}");
        self.changed(key, Value::Null, json!({"question": question, "options": labels, "status": status}), &line);
        Ok(status.to_owned())
    }

    /// The list replaces the stored one; a label that stays keeps its row.
    fn options(&mut self, poll: &str, code: &str, wanted: &[OptionPlan], fixed: bool) -> Result<(), EventError> {
        let stored = records::list_options(self.conn, poll)?;
        let old: Vec<&str> = stored.iter().map(|(_, label)| label.as_str()).collect();
        let new: Vec<&str> = wanted.iter().map(|option| option.label.as_str()).collect();
        if old == new || !self.may_change(fixed, code, "answers", false) {
            return Ok(());
        }
        for (id, _) in stored.iter().filter(|(_, label)| !new.contains(&label.as_str())) {
            records::delete_option(self.conn, id)?;
        }
        for (position, option) in (1..).zip(wanted) {
            match stored.iter().find(|(_, label)| *label == option.label) {
                Some((id, _)) => records::move_option(self.conn, id, position)?,
                None => records::insert_option(self.conn, &option.id, poll, position, &option.label)?,
            }
        }
        let key = format!("polls[{code}]");
        let line = format!("{key}.options {} → {}", json!(old), json!(new));
        self.changed(&format!("{key}.options"), json!(old), json!(new), &line);
        Ok(())
    }
}
