//! Blocks as text, one a line. The machinery of formats would take as long as all the rest of a merge.

use std::io;
use std::net::Ipv6Addr;

/// How many bytes are put together before they are written.
const BUFFER: usize = 64 << 10;
/// Room for the longest line, and for what is copied beyond a short one.
const LINE: usize = 64;

/// Writes blocks to `out`, one a line, in pieces.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    buffer: Vec<u8>,
    filled: usize,
    /// Each octet with the dot behind it, and how many bytes that is.
    octets: [([u8; 4], u8); 256],
    /// Each prefix length of IPv4 between a slash and the end of the line.
    lengths: [([u8; 4], u8); 33],
    /// The first error; nothing is written after it.
    failed: Option<io::Error>,
}

impl<W: io::Write> Writer<W> {
    /// A writer to `out`.
    pub fn new(out: W) -> Self {
        let padded = |text: &str| {
            let mut bytes = [0_u8; 4];
            text.bytes().zip(&mut bytes).for_each(|(from, to)| *to = from);
            (bytes, u8::try_from(text.len()).unwrap_or_default())
        };
        let (mut octets, mut lengths) = ([([0; 4], 0); 256], [([0; 4], 0); 33]);
        octets.iter_mut().enumerate().for_each(|(octet, text)| *text = padded(&format!("{octet}.")));
        lengths.iter_mut().enumerate().for_each(|(len, text)| *text = padded(&format!("/{len}\n")));
        Self { out, buffer: vec![0; BUFFER], filled: 0, octets, lengths, failed: None }
    }

    /// Writes an IPv4 block.
    #[inline]
    pub fn v4(&mut self, addr: u32, len: u32) {
        if self.fill_v4(addr, len).is_none() {
            self.flush();
            // The buffer is empty now, and longer than a line.
            let _ = self.fill_v4(addr, len);
        }
    }

    /// Puts a line into the buffer, if there is room.
    #[inline]
    fn fill_v4(&mut self, addr: u32, len: u32) -> Option<()> {
        let line = self.buffer.get_mut(self.filled..)?.first_chunk_mut::<LINE>()?;
        let mut at = 0_usize;
        for octet in addr.to_be_bytes() {
            let (text, taken) = self.octets.get(usize::from(octet))?;
            *line.get_mut(at..)?.first_chunk_mut()? = *text;
            at = at.wrapping_add(usize::from(*taken));
        }
        let (text, taken) = self.lengths.get(usize::try_from(len).ok()?)?;
        // Over the last dot.
        at = at.wrapping_sub(1);
        *line.get_mut(at..)?.first_chunk_mut()? = *text;
        self.filled = self.filled.wrapping_add(at).wrapping_add(usize::from(*taken));
        Some(())
    }

    /// Writes an IPv6 block in the form of RFC 5952.
    pub fn v6(&mut self, addr: u128, len: u32) {
        if self.buffer.len().saturating_sub(self.filled) < LINE {
            self.flush();
        }
        let text = format!("{}/{len}\n", Ipv6Addr::from_bits(addr));
        self.extend(text.as_bytes());
    }

    fn extend(&mut self, text: &[u8]) {
        let end = self.filled.saturating_add(text.len());
        if let Some(free) = self.buffer.get_mut(self.filled..end) {
            free.copy_from_slice(text);
            self.filled = end;
        }
    }

    fn flush(&mut self) {
        let filled = self.buffer.get(..self.filled).unwrap_or_default();
        if self.failed.is_none() {
            self.failed = self.out.write_all(filled).err();
        }
        self.filled = 0;
    }

    /// Writes what is left, and tells the first error there was.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush();
        match self.failed {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}
