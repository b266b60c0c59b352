//! Reading a notice: who sent it first, then when, then what it says.

use ring::hmac;

use super::report::Said;
use super::signature::{self, Direction, Parts};
use super::{Doku, timestamp};
use crate::clock::Micros;
use crate::payments::{NoticeHeaders, NoticeRefusal, SignedNotice};

/// Checks and reads one notice.
///
/// # Errors
/// [`NoticeRefusal`]
pub(super) fn read(
    doku: &Doku,
    headers: &NoticeHeaders,
    body: &[u8],
    now: Micros,
) -> Result<SignedNotice, NoticeRefusal> {
    hmac::verify(&doku.key, headers.client_id.as_bytes(), doku.client_id_tag.as_ref())
        .map_err(|_| NoticeRefusal::ClientId)?;
    let digest = signature::digest_of(body);
    let parts = Parts {
        client_id: &headers.client_id,
        request_id: &headers.request_id,
        timestamp: &headers.timestamp,
        target: &doku.hook_target,
        digest: Some(&digest),
        direction: Direction::Request,
    };
    if !signature::verify(&doku.key, &parts, &headers.signature) {
        return Err(NoticeRefusal::Signature);
    }
    // A time that cannot be read is signed all the same: not to be acted on, and not to be lost.
    let is_stale = timestamp::read(&headers.timestamp).is_none_or(|sent| now.ms_since(sent).abs() > doku.window_ms);
    let report = Said::read(body).and_then(|said| said.invoice().map(|invoice| said.report(invoice)));
    Ok(SignedNotice { request_id: headers.request_id.clone(), is_stale, report })
}
