//! Blocks as text, one a line. The machinery of formats would take as long as all the rest of a merge.

use std::io;
use std::net::Ipv6Addr;
use std::ops::Range;

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
    #[inline]
    pub fn v6(&mut self, addr: u128, len: u32) {
        if self.fill_v6(addr, len).is_none() {
            self.flush();
            let _ = self.fill_v6(addr, len);
        }
    }

    fn fill_v6(&mut self, addr: u128, len: u32) -> Option<()> {
        let line = self.buffer.get_mut(self.filled..)?.first_chunk_mut::<LINE>()?;
        let mut at = 0_usize;
        let mut put = |byte: u8| {
            if let Some(place) = line.get_mut(at) {
                *place = byte;
            }
            at = at.wrapping_add(1);
        };
        if addr >> 32 == 0xffff {
            // An IPv4-mapped address is printed with dots.
            Ipv6Addr::from_bits(addr).to_string().bytes().for_each(&mut put);
        } else {
            let zeros = longest_zeros(addr);
            let mut group = 0_u32;
            while group < 8 {
                if group == zeros.start && zeros.end > zeros.start {
                    put(b':');
                    group = zeros.end;
                    if zeros.start == 0 {
                        put(b':');
                    }
                    continue;
                }
                hexadecimal(group_of(addr, group), &mut put);
                group += 1;
                if group < 8 {
                    put(b':');
                }
            }
        }
        put(b'/');
        for unit in [100, 10, 1] {
            if len >= unit || unit == 1 {
                put(b'0' + u8::try_from(len / unit % 10).unwrap_or_default());
            }
        }
        put(b'\n');
        self.filled = self.filled.wrapping_add(at);
        Some(())
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

/// One of the eight groups of an address, the first one 0.
fn group_of(addr: u128, group: u32) -> u16 {
    u16::try_from(addr.wrapping_shr(112_u32.wrapping_sub(group.wrapping_mul(16))) & 0xffff)
        .unwrap_or_default()
}

/// The longest run of at least two groups that are zero, the first one of equals; empty when there is none.
fn longest_zeros(addr: u128) -> Range<u32> {
    let (mut longest, mut open) = (0..0, 0..0);
    for group in 0..8 {
        if group_of(addr, group) == 0 {
            open = if open.end == group { open.start..group + 1 } else { group..group + 1 };
            if open.len() > longest.len() {
                longest = open.clone();
            }
        }
    }
    if longest.len() > 1 { longest } else { 0..0 }
}

/// A group without zeros before it.
fn hexadecimal(group: u16, mut put: impl FnMut(u8)) {
    let digits = 4_u32.saturating_sub(group.leading_zeros() / 4).max(1);
    for digit in (0..digits).rev() {
        let value = u32::from(group >> (digit * 4)) & 0xf;
        put(char::from_digit(value, 16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(b'0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn every_block_is_printed_as_the_library_prints_it() {
        let mut printed = Vec::new();
        let mut writer = Writer::new(&mut printed);
        let mut expected = Vec::new();
        // More than fits a buffer, with every octet in every place and every length.
        for at in 0..20_000_u32 {
            let addr = at.wrapping_mul(0x0101_0101) ^ (at << 13);
            writer.v4(addr, at % 33);
            expected.push(format!("{}/{}", Ipv4Addr::from_bits(addr), at % 33));
            // Groups that are zero in every pattern, now and then as the mapped form of an IPv4 address.
            let groups = (0..8).filter(|group| at >> group & 1 == 1);
            let wide = groups.map(|group| u128::from(addr & 0xffff) << (16 * group)).sum::<u128>();
            let wide = if at % 50 == 0 { 0xffff << 32 | u128::from(addr) } else { wide };
            writer.v6(wide, at % 129);
            expected.push(format!("{}/{}", Ipv6Addr::from_bits(wide), at % 129));
        }
        writer.finish().expect("a buffer takes all");
        let printed = String::from_utf8(printed).expect("text");
        for (printed, expected) in printed.lines().zip(&expected) {
            assert_eq!(printed, expected);
        }
        assert_eq!(printed.lines().count(), expected.len());
    }

    #[test]
    fn a_full_disk_is_told() {
        let mut small = [0_u8; 9];
        let mut writer = Writer::new(&mut small[..]);
        writer.v4(0, 0);
        writer.v4(1, 32);
        assert!(writer.finish().is_err());
    }
}
