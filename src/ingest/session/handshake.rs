//! The simple handshake (Adobe RTMP 1.0, 5.2): C0 C1 in, S0 S1 S2 out, C2 in. S2 echoes C1.

use bytes::{Buf as _, BytesMut};

use super::Cut;

/// Length of C1, C2, S1 and S2.
const BLOCK_LEN: usize = 1_536;

/// How far the handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// C0 and C1 are awaited.
    First,
    /// C2 is awaited.
    Second,
    /// Chunks follow.
    Done,
}

impl Handshake {
    /// Takes what is there of the handshake from `input`, answers into `output`.
    ///
    /// # Errors
    /// [`Cut::NotRtmp`] for any version but 3.
    pub fn go_on(self, input: &mut BytesMut, output: &mut BytesMut) -> Result<Self, Cut> {
        match self {
            Self::First => {
                match input.first() {
                    None | Some(3) => {}
                    Some(_) => return Err(Cut::NotRtmp),
                }
                if input.len() < 1 + BLOCK_LEN {
                    return Ok(self);
                }
                input.advance(1);
                let c1 = input.split_to(BLOCK_LEN);
                output.extend_from_slice(&[3]);
                // S1: time 0, version 0 (no digest), then bytes without meaning.
                output.extend_from_slice(&[0; 8]);
                output.extend((0_u8..=255).cycle().take(BLOCK_LEN - 8));
                output.extend_from_slice(&c1);
                Self::Second.go_on(input, output)
            }
            Self::Second => {
                if input.len() < BLOCK_LEN {
                    return Ok(self);
                }
                // C2 should echo S1. Clients that send something else are no danger.
                input.advance(BLOCK_LEN);
                Ok(Self::Done)
            }
            Self::Done => Ok(self),
        }
    }
}
