"""The AWS command line, several commands in one process: starting it costs more than asking.

Reads a JSON list of argument lists, and prints a JSON list of what each command printed.
"""
import contextlib
import io
import json
import sys

from awscli.clidriver import create_clidriver

driver = create_clidriver()
printed = []
for arguments in json.load(sys.stdin):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = driver.main(arguments)
    if code:
        sys.exit(f"{arguments}: exit code {code}")
    printed.append(out.getvalue())
json.dump(printed, sys.stdout)
