"""Starts MiniStack as its own command does, with two waits of each warm invocation taken away, and with permissions
that are evaluated by partition key and written down.

Its servers for the functions answer in two small writes: with Nagle's algorithm on, each waits 40 ms. And after a
function that logs nothing it waits 50 ms for a line that does not come.
"""

import socketserver

import permissions

socketserver.StreamRequestHandler.disable_nagle_algorithm = True

from ministack.app import main  # noqa: E402  (the setting has to come first)
from ministack.core.lambda_runtime import Worker  # noqa: E402

# first_line_wait, idle_confirm and hard_cap, in seconds
Worker._drain_stderr_bounded.__defaults__ = (0.010, 0.003, 0.250)

permissions.install()

main()
