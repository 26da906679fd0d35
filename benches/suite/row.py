"""A row of the table: what egressor does, what peers do, the floors beneath both, and how their outputs are compared."""

import dataclasses
import pathlib
from collections.abc import Callable

from .measure import Side


@dataclasses.dataclass
class Peer:
    side: Side
    # Compares the figures' outputs, ours and the peer's, and says what was compared; raises `Differs`.
    same: Callable | None


@dataclasses.dataclass
class Row:
    group: str
    name: str
    size: int
    ours: Side
    peers: list = dataclasses.field(default_factory=list)
    # The files that are read, for `cat`.
    inputs: list = dataclasses.field(default_factory=list)
    # What `floor` reads them as.
    parsed: str | None = None
    # Looks at egressor's output alone and says what it found; raises `Differs`.
    right: Callable | None = None


@dataclasses.dataclass
class Bench:
    """What rows are made with: the programs, a folder for inputs that are made once, and one for outputs."""

    egressor: pathlib.Path
    floor: pathlib.Path
    peers: pathlib.Path
    root: pathlib.Path
    inputs: pathlib.Path
    work: pathlib.Path
    # The targets that this egressor has.
    targets: set
    # Rows for larger inputs are left out.
    largest: int

    def made(self, name: str, make: Callable) -> pathlib.Path:
        """A file or folder that `make` makes, once and for all runs."""
        path = self.inputs / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_name(path.name + ".half")
            make(half)
            half.rename(path)
        return path

    def sizes(self, *sizes: int) -> list:
        return [size for size in sizes if size <= self.largest]

    def ours(self, *arguments, fresh=None, exits=(0,), cwd=None) -> Side:
        argv = [self.egressor, *arguments]
        return Side("egressor", argv, cwd or self.root, fresh, exits)
