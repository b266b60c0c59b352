//! The broadcast says what it has shown.

use super::Crowd;
use crate::ids::RowId;
use crate::superchat::{self, SupportError};

impl Crowd {
    /// Writes down that the public fact `seq` of an event was on the broadcast. Saying so again changes nothing.
    ///
    /// # Errors
    /// `superchat.no_such_number`, or the database.
    pub async fn note_alert(&self, event: &RowId, seq: i64) -> Result<(), SupportError> {
        let (event, at) = (event.clone(), self.0.clock.now());
        let work = move |conn: &mut _| {
            let noted = superchat::note_shown(conn, &event, seq, at)?;
            if noted { Ok(()) } else { Err(SupportError::NoSuchNumber(seq)) }
        };
        self.0.store.write(work).await
    }
}
