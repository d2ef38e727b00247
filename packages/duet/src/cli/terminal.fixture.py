"""Runs a command in a terminal of its own and passes on all that it prints there: columns, rows, replies, command.

The replies are JSON: `[["Your name: ", "Ann\\n"], …]` types each text once the one before it has been printed.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import sys
import termios


def main() -> int:
    """Gives the command's exit status, as a shell counts it."""
    columns, rows = int(sys.argv[1]), int(sys.argv[2])
    replies = json.loads(sys.argv[3])
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.environ["TERM"] = "xterm-256color"
        os.execvp(sys.argv[4], sys.argv[4:])
    printed = b""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            data = b""
        if not data:
            break
        os.write(1, data)
        printed += data
        if replies and replies[0][0].encode() in printed:
            printed = b""
            os.write(terminal, replies.pop(0)[1].encode())
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return 128 - code if code < 0 else code


sys.exit(main())
