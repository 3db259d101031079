//! Frames and their decoding from a byte stream.

/// Largest payload of a frame, in bytes. Bulk data is cut into pieces of at most a quarter of it.
pub const MAX_FRAME: usize = 64 << 20;

const HEADER: usize = 4 + 1 + 8;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Controller: the greeting ([`crate::Greeting`]). Agent: likewise.
    Hello = 1,
    /// Controller: run a module ([`crate::Invoke`]).
    Invoke = 2,
    /// Controller: stop the step.
    Cancel = 3,
    /// Controller: a piece of the file that the agent asked for (raw).
    Blob = 4,
    /// Controller: the end of that file; the payload is a message if it could not be read to its end.
    BlobEnd = 5,
    /// Controller: no more steps will come; the agent ends when the running ones are done.
    Bye = 6,
    /// Agent: output of a running program: one byte (0 out, 1 err), then the bytes.
    Output = 16,
    /// Agent: asks for a file by name (text).
    Need = 17,
    /// Agent: a piece of a file for the controller (raw).
    Chunk = 18,
    /// Agent: the step's result (a map).
    Result = 19,
    /// Agent: alive, sent when it has been silent for a while.
    Alive = 20,
}

impl Kind {
    fn from_byte(b: u8) -> Option<Self> {
        Some(match b {
            1 => Self::Hello,
            2 => Self::Invoke,
            3 => Self::Cancel,
            4 => Self::Blob,
            5 => Self::BlobEnd,
            6 => Self::Bye,
            16 => Self::Output,
            17 => Self::Need,
            18 => Self::Chunk,
            19 => Self::Result,
            20 => Self::Alive,
            _ => return None,
        })
    }
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is for.
    pub kind: Kind,
    /// The step it belongs to; 0 for frames about the agent itself.
    pub step: u64,
    /// Its content.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A frame.
    pub fn new(kind: Kind, step: u64, payload: Vec<u8>) -> Self {
        Self { kind, step, payload }
    }

    /// Its bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        let mut out = Vec::with_capacity(HEADER + self.payload.len());
        out.extend(length.to_le_bytes());
        out.push(self.kind as u8);
        out.extend(self.step.to_le_bytes());
        out.extend(&self.payload);
        out
    }
}

/// Bytes that are no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The payload is longer than [`MAX_FRAME`].
    #[error("a frame of {0} bytes is too long")]
    TooLong(usize),
    /// The kind is not known: another version, or not an agent.
    #[error("a frame of unknown kind {0}")]
    UnknownKind(u8),
}

/// Collects bytes and cuts them into frames.
#[derive(Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
}

impl Decoder {
    /// Adds bytes that were read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 && self.start >= self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend(bytes);
    }

    /// The next whole frame, if there is one.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        let Some((length, after)) = rest.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length) as usize;
        if length > MAX_FRAME {
            return Err(FrameError::TooLong(length));
        }
        let Some((kind, after)) = after.split_first() else {
            return Ok(None);
        };
        let kind = Kind::from_byte(*kind).ok_or(FrameError::UnknownKind(*kind))?;
        let Some((step, after)) = after.split_first_chunk::<8>() else {
            return Ok(None);
        };
        let Some(payload) = after.get(..length) else {
            return Ok(None);
        };
        let frame = Frame::new(kind, u64::from_le_bytes(*step), payload.to_vec());
        self.start += HEADER + length;
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoder, Frame, FrameError, Kind};

    #[test]
    fn frames_survive_any_cutting_of_the_stream() {
        let frames = [
            Frame::new(Kind::Hello, 0, vec![]),
            Frame::new(Kind::Output, u64::MAX, vec![7; 1000]),
            Frame::new(Kind::Result, 3, b"x".to_vec()),
        ];
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
        for size in [1, 2, 5, 13, 14, 1000, 5000] {
            let mut decoder = Decoder::default();
            let mut got = Vec::new();
            for piece in bytes.chunks(size) {
                decoder.push(piece);
                while let Some(f) = decoder.next_frame().unwrap() {
                    got.push(f);
                }
            }
            assert_eq!(got, frames);
        }
    }

    #[test]
    fn foreign_bytes_are_refused() {
        let mut decoder = Decoder::default();
        decoder.push(b"\x05\x00\x00\x00\xeehello world");
        assert_eq!(decoder.next_frame(), Err(FrameError::UnknownKind(0xee)));
        let mut decoder = Decoder::default();
        decoder.push(b"bash: command not found");
        assert!(matches!(decoder.next_frame(), Err(FrameError::TooLong(_))));
    }
}
