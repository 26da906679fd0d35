"""Runs a command in a pseudo-terminal: ROWS COLUMNS COMMAND…

Standard input holds a JSON list of pairs: what to wait for in the output, and what to type then. What the command writes
is copied to standard output as it is; the exit code is the command's, or 124 when it did not end in time.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

TIMEOUT = 60

rows, columns, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
steps = json.load(sys.stdin)
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execvp(command[0], command)

seen, searched, end = b"", 0, time.monotonic() + TIMEOUT
while True:
    left = end - time.monotonic()
    if left <= 0:
        os.kill(child, 9)
        sys.stdout.buffer.write(seen)
        sys.stdout.flush()
        os._exit(124)
    if steps:
        at = seen.find(steps[0][0].encode(), searched)
        if at >= 0:
            searched = at + len(steps[0][0].encode())
            os.write(terminal, steps.pop(0)[1].encode())
            continue
    ready, _, _ = select.select([terminal], [], [], min(left, 1))
    if ready:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk

_, status = os.waitpid(child, 0)
sys.stdout.buffer.write(seen)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(status) & 255)
