"""Whole processes, measured: CPU time as the system accounts it to a child, peak memory, and a time to be cut off after."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import statistics
import time

# Whose single run takes so long is not run again: what is that slow is not told apart by a median.
SLOW = 3.0
# A round that takes less than this is brief.
BRIEF = 1.0


@dataclasses.dataclass
class Side:
    """A command that is measured. What it prints goes to /dev/null, but for the run whose output is compared."""

    name: str
    argv: list
    cwd: pathlib.Path
    # A folder that is empty when a run begins.
    fresh: pathlib.Path | None = None
    exits: tuple = (0,)
    stdin: pathlib.Path | None = None
    # Whether what it makes is compared with what egressor makes; a floor makes nothing that could be.
    is_floor: bool = False


@dataclasses.dataclass
class Figures:
    """What the runs of one side took."""

    cpu: list = dataclasses.field(default_factory=list)
    wall: list = dataclasses.field(default_factory=list)
    peak: int | None = None
    # The seconds after which it was cut off.
    cut: float | None = None
    # What it printed, and what it said of it, in the run that is compared.
    output: pathlib.Path | None = None
    said: pathlib.Path | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.cpu)


class Broken(Exception):
    """A command did not do what it was there for."""


def environment(home: pathlib.Path) -> dict:
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}


def spawn(argv: list, cwd, env: dict, stdin, stdout, stderr, limit: float) -> tuple:
    """Exit code (None when it was cut off), CPU seconds, seconds. Its children count once it has waited for them."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, str(stdin or os.devnull), os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(stdout or os.devnull), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, str(stderr or os.devnull), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
    ]
    is_cut = False
    with contextlib.chdir(cwd):
        begun = time.perf_counter()
        pid = os.posix_spawn(argv[0], [str(arg) for arg in argv], env, file_actions=actions, setpgroup=0)

    def cut(_signal, _frame):
        nonlocal is_cut
        is_cut = True
        os.killpg(pid, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, cut)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        _, status, usage = os.wait4(pid, 0)
    except BaseException:
        os.killpg(pid, signal.SIGKILL)
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    wall = time.perf_counter() - begun
    return None if is_cut else os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, wall


def emptied(side: Side) -> None:
    if side.fresh is not None:
        shutil.rmtree(side.fresh, ignore_errors=True)
        side.fresh.mkdir(parents=True)


def watched(side: Side, env: dict, time_tool, work: pathlib.Path, limit: float) -> Figures:
    """The run whose output is kept and whose peak memory is taken, by a parent that is smaller than this one: what a
    child had before it became the command counts as its own."""
    figures = Figures(output=work / "stdout", said=work / "stderr")
    work.mkdir(parents=True, exist_ok=True)
    emptied(side)
    peak = work / "peak"
    argv = [time_tool, "-q", "-f", "%M", "-o", peak, *side.argv]
    code, cpu, wall = spawn(argv, side.cwd, env, side.stdin, figures.output, figures.said, limit)
    if code is None:
        figures.cut = limit
        return figures
    if code not in side.exits:
        tail = "\n".join(figures.said.read_text(errors="replace").splitlines()[-12:])
        raise Broken(f"{side.name} ended with {code}: {' '.join(map(str, side.argv))}\n{tail}")
    figures.peak = int(peak.read_text().split()[-1]) * 1024
    if wall > SLOW:
        figures.cpu.append(cpu)
        figures.wall.append(wall)
    return figures


def in_turn(sides: list, env: dict, rounds: int, limit: float) -> None:
    """Rounds of one run of each side, of those that were not cut off and are not slow. What is short is run more often, as a
    busy machine moves it most."""
    done = 0
    while done < rounds or (done < 3 * rounds and sum(map(spent, sides)) < BRIEF * done):
        for side, figures in sides:
            if figures.cut or (figures.cpu and figures.wall[0] > SLOW):
                continue
            emptied(side)
            code, cpu, wall = spawn(side.argv, side.cwd, env, side.stdin, None, None, limit)
            if code not in side.exits:
                raise Broken(f"{side.name} ended with {code} in a later round")
            figures.cpu.append(cpu)
            figures.wall.append(wall)
        done += 1


def spent(side: tuple) -> float:
    return 0 if side[1].cut else sum(side[1].wall)


def which(name: str, *folders) -> pathlib.Path | None:
    path = os.pathsep.join([*map(str, folders), "/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"])
    found = shutil.which(name, path=path)
    return pathlib.Path(found) if found else None
