"""Programs of this project, built."""

import json
import pathlib
import subprocess


def built(root: pathlib.Path, *arguments: str) -> pathlib.Path:
    """The program that cargo says it made."""
    command = ["cargo", *arguments, "--locked", "--message-format", "json-render-diagnostics"]
    done = subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE, text=True)
    made = [json.loads(line).get("executable") for line in done.stdout.splitlines()]
    return pathlib.Path([file for file in made if file][-1])
