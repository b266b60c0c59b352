//! The rows.
//!
//! Taking a job sets both `taken_until` and `run_at` to the lease's end. Whoever asks for it meanwhile lowers `run_at`
//! below that, which the taker sees when it is through: the job stays, and is due at once.

use diesel::prelude::*;

use crate::clock::Micros;
use crate::ids::RowId;
use crate::store::schema::jobs;
use crate::store::{Conn, StoreError, each_dialect};

/// A job that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its row.
    pub id: RowId,
    /// What is to be done.
    pub kind: String,
    /// What it is about.
    pub reference: String,
    /// How often it was taken, this time too.
    pub tries: i32,
    /// Until when it is the taker's.
    pub taken_until: Micros,
}

/// Asks for a job at `run_at`. One that is there already keeps the earlier time.
///
/// # Errors
/// [`StoreError`]
pub fn enqueue(conn: &mut Conn, id: &RowId, kind: &str, reference: &str, run_at: Micros) -> Result<(), StoreError> {
    let row = (
        jobs::id.eq(id.as_str()),
        jobs::kind.eq(kind),
        jobs::reference.eq(reference),
        jobs::run_at.eq(run_at.0),
        jobs::tries.eq(0),
    );
    let written = each_dialect!(&mut *conn, c => diesel::insert_into(jobs::table)
        .values(row)
        .on_conflict((jobs::kind, jobs::reference))
        .do_nothing()
        .execute(c))?;
    if written == 0 {
        diesel::update(of(kind, reference).filter(jobs::run_at.gt(run_at.0)))
            .set(jobs::run_at.eq(run_at.0))
            .execute(conn)?;
    }
    Ok(())
}

/// Takes what is due of these kinds, the oldest first, at most `limit`, for [`LEASE_MS`](super::LEASE_MS).
///
/// # Errors
/// [`StoreError`]
pub fn take(conn: &mut Conn, kinds: &[&str], now: Micros, limit: i64) -> Result<Vec<Job>, StoreError> {
    let due = jobs::table
        .filter(jobs::kind.eq_any(kinds.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>()))
        .filter(jobs::run_at.le(now.0))
        .filter(jobs::taken_until.is_null().or(jobs::taken_until.le(now.0)))
        .order(jobs::run_at)
        .limit(limit)
        .select(jobs::id);
    let ids: Vec<String> = match conn {
        Conn::Sqlite(conn) => due.load(conn)?,
        // What another node is taking at this moment is passed over, not waited for.
        Conn::Postgres(conn) => due.for_update().skip_locked().load(conn)?,
    };
    let mut taken = Vec::with_capacity(ids.len());
    for id in ids {
        taken.extend(take_row(conn, &id, now)?);
    }
    Ok(taken)
}

/// Takes one job now, due or not, and makes it where there is none; `None`: somebody has it.
///
/// # Errors
/// [`StoreError`]
pub fn take_one(
    conn: &mut Conn,
    id: &RowId,
    kind: &str,
    reference: &str,
    now: Micros,
) -> Result<Option<Job>, StoreError> {
    let taken: Option<Option<i64>> = of(kind, reference).select(jobs::taken_until).first(conn).optional()?;
    if taken.flatten().is_some_and(|until| until > now.0) {
        // Not asked for either: it is being done at this moment.
        return Ok(None);
    }
    enqueue(conn, id, kind, reference, now)?;
    let found: Option<String> = of(kind, reference).select(jobs::id).first(conn).optional()?;
    match found {
        Some(found) => take_row(conn, &found, now),
        None => Ok(None),
    }
}

/// The guarded UPDATE that gives a job to one taker.
fn take_row(conn: &mut Conn, id: &str, now: Micros) -> Result<Option<Job>, StoreError> {
    let until = now.plus_ms(super::LEASE_MS);
    let row: Option<(String, String, String, i32)> = diesel::update(
        jobs::table
            .find(id)
            .filter(jobs::run_at.le(now.0))
            .filter(jobs::taken_until.is_null().or(jobs::taken_until.le(now.0))),
    )
    .set((jobs::taken_until.eq(until.0), jobs::run_at.eq(until.0), jobs::tries.eq(jobs::tries + 1)))
    .returning((jobs::id, jobs::kind, jobs::reference, jobs::tries))
    .get_result(conn)
    .optional()?;
    row.map(|(id, kind, reference, tries)| {
        let id = id.parse().map_err(|error: crate::ids::BadName| StoreError::Row(error.to_string()))?;
        Ok(Job { id, kind, reference, tries, taken_until: until })
    })
    .transpose()
}

/// A job is done: its row goes, unless it was asked for since it was taken.
///
/// # Errors
/// [`StoreError`]
pub fn done(conn: &mut Conn, job: &Job) -> Result<(), StoreError> {
    let gone = diesel::delete(mine(job).filter(jobs::run_at.eq(job.taken_until.0))).execute(conn)?;
    if gone == 0 {
        release(conn, job)?;
    }
    Ok(())
}

/// A job is to be done again at `at`, or earlier if it was asked for since it was taken.
///
/// # Errors
/// [`StoreError`]
pub fn again_at(conn: &mut Conn, job: &Job, at: Micros) -> Result<(), StoreError> {
    let later = diesel::update(mine(job).filter(jobs::run_at.eq(job.taken_until.0)))
        .set((jobs::run_at.eq(at.0), jobs::taken_until.eq(None::<i64>)))
        .execute(conn)?;
    if later == 0 {
        release(conn, job)?;
    }
    Ok(())
}

/// Gives a job back as it stands.
fn release(conn: &mut Conn, job: &Job) -> Result<(), StoreError> {
    diesel::update(mine(job)).set(jobs::taken_until.eq(None::<i64>)).execute(conn)?;
    Ok(())
}

/// A job is no longer needed, whoever has it.
///
/// # Errors
/// [`StoreError`]
pub fn forget(conn: &mut Conn, kind: &str, reference: &str) -> Result<(), StoreError> {
    diesel::delete(of(kind, reference)).execute(conn)?;
    Ok(())
}

/// When a job is due, if there is one.
///
/// # Errors
/// [`StoreError`]
pub fn find_run_at(conn: &mut Conn, kind: &str, reference: &str) -> Result<Option<Micros>, StoreError> {
    let at: Option<i64> = of(kind, reference).select(jobs::run_at).first(conn).optional()?;
    Ok(at.map(Micros))
}

/// Whether anything of these kinds is due.
pub(super) fn is_due(conn: &mut Conn, kinds: &[&str], now: Micros) -> Result<bool, StoreError> {
    let due = jobs::table
        .filter(jobs::kind.eq_any(kinds.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>()))
        .filter(jobs::run_at.le(now.0))
        .filter(jobs::taken_until.is_null().or(jobs::taken_until.le(now.0)))
        .select(jobs::id);
    let first: Option<String> = due.first(conn).optional()?;
    Ok(first.is_some())
}

#[diesel::dsl::auto_type]
fn of<'a>(kind: &'a str, reference: &'a str) -> _ {
    jobs::table.filter(jobs::kind.eq(kind)).filter(jobs::reference.eq(reference))
}

/// The row of a job while it is still this taker's.
#[diesel::dsl::auto_type]
fn mine<'a>(job: &'a Job) -> _ {
    let id: &'a str = job.id.as_str();
    let until: i64 = job.taken_until.0;
    jobs::table.filter(jobs::id.eq(id)).filter(jobs::taken_until.eq(until))
}
