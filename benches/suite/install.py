"""The peers, pinned, in a folder of their own; nothing outside of it is touched."""

import os
import pathlib
import platform
import re
import subprocess
import venv

from .measure import which

PYTHON = {"aerleon": "aerleon==1.18.0", "capirca": "capirca==2.0.9", "aggregate6": "aggregate6==1.0.14"}
RUST = {"rs-aggregate": "rs-aggregate@0.3.2"}
# Packages of the Debian release that this runs on, and the programs in them.
DEBIAN = {"ferm": ("ferm", "import-ferm"), "iprange": ("iprange",), "time": ("time",)}


def python(folder: pathlib.Path, name: str) -> pathlib.Path:
    """The folder with the programs of a Python package."""
    home = folder / name
    done = home / "installed"
    if not done.exists():
        venv.create(home, with_pip=True)
        pip = [home / "bin/pip", "--quiet", "--disable-pip-version-check", "install", PYTHON[name]]
        subprocess.run(pip, check=True)
        done.write_text(PYTHON[name] + "\n")
    return home / "bin"


def rust(folder: pathlib.Path, name: str) -> pathlib.Path:
    home = folder / name
    if not (home / "bin" / name).exists():
        command = ["cargo", "install", "--quiet", "--locked", "--root", home, RUST[name]]
        # A build folder of its own: that of the project is for the project.
        subprocess.run(command, check=True, env={**os.environ, "CARGO_TARGET_DIR": str(home / "target")})
    return home / "bin"


def debian(folder: pathlib.Path, name: str) -> dict:
    """The programs of a package: those of the system, else unpacked into the folder. None where neither is to be had."""
    home = folder / "debian"
    programs = DEBIAN[name]
    places = [home / "usr/bin", home / "usr/sbin"]
    if not all(which(program, *places) for program in programs):
        home.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run(["apt-get", "-qq", "download", name], cwd=home, capture_output=True, text=True)
        for package in home.glob(f"{name}_*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, home], check=True)
        if not all(which(program, *places) for program in programs):
            print(f"skipped: {name}: {fetched.stderr.strip() or 'no package of that name'}", flush=True)
    return {program: which(program, *places) for program in programs}


def versions(folder: pathlib.Path) -> list:
    """The peers that are there, each with its version."""
    pinned = {**PYTHON, **RUST}
    said = [pin.replace("==", " ").replace("@", " ") for name, pin in pinned.items() if (folder / name).exists()]
    for name, argument in (("ferm", "--version"), ("iprange", "--version")):
        program = debian(folder, name)[name]
        if program:
            done = subprocess.run([program, argument], capture_output=True, text=True)
            found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
            said.append(f"{name} {found[0]}" if found else name)
    return [*said, f"Python {platform.python_version()}"]
