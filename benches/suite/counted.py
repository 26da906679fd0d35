"""Instructions that a run of the program takes, as callgrind counts them: the same on a busy machine as on an idle one."""

import pathlib
import re
import subprocess

from .measure import Broken

# The profile is that of releases, but for what takes most of the time to build.
BUILD = ("build", "--profile", "guard", "--bin", "egressor")
COLLECTED = re.compile(rb"Collected : (\d+)")
# Nothing of the caller's environment: what stands on the stack moves what is counted.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}


def instructions(argv: list, cwd: pathlib.Path, exits: tuple = (0,)) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *argv]
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=ENVIRONMENT, capture_output=True)
    found = COLLECTED.search(done.stderr)
    if done.returncode not in exits or not found:
        tail = done.stderr.decode(errors="replace")[-1500:]
        raise Broken(f"{' '.join(map(str, argv))} ended with {done.returncode}\n{tail}")
    return int(found[1])


def versions() -> str:
    """What the counts depend on, beside the program's own source."""
    said = []
    for command in (["rustc", "--version"], ["valgrind", "--version"], ["ldd", "--version"]):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        said.append(done.stdout.splitlines()[0].strip())
    return ", ".join(said)
