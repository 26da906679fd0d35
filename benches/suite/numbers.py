"""Numbers that look random and are the same on every machine and with every Python."""

MASK = (1 << 64) - 1


class Numbers:
    def __init__(self, seed: int):
        # Seeds beside each other must not begin alike, so they are mixed first.
        state = (seed + 1) * 0x9E3779B97F4A7C15 & MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & MASK
        self.state = (state ^ state >> 31) | 1

    def next(self) -> int:
        """32 bits."""
        state = self.state
        state ^= state << 13 & MASK
        state ^= state >> 7
        state ^= state << 17 & MASK
        self.state = state
        return state >> 32

    def below(self, end: int) -> int:
        """A number below another one, of at most 32 bits."""
        return self.next() * end >> 32

    def shuffle(self, items) -> None:
        for at in range(len(items) - 1, 0, -1):
            other = self.next() * (at + 1) >> 32
            items[at], items[other] = items[other], items[at]
