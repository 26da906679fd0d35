//! Numbers that look random and are the same everywhere: xorshift64*.

/// A source of choices.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..8 {
            dice.number();
        }
        dice
    }

    fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// A number below the end.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of some things.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }

    /// The things in another order.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for at in (1..things.len()).rev() {
            things.swap(at, self.below(at + 1));
        }
    }

    /// A port, often one that others use too.
    pub(crate) fn port(&mut self) -> u16 {
        const USUAL: [u16; 10] = [1, 22, 53, 80, 443, 444, 8080, 8443, 30_000, 65_535];
        if self.once_in(4) { u16::try_from(self.below(65_535) + 1).unwrap() } else { *self.pick(&USUAL) }
    }

    /// A range of ports, often a single one.
    pub(crate) fn ports(&mut self) -> (u16, u16) {
        let first = self.port();
        let more = if self.once_in(2) { 0 } else { u16::try_from(self.below(500)).unwrap() };
        (first, first.saturating_add(more))
    }
}
