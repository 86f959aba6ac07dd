"""Starts MiniStack as its own command does, with two changes to how it runs the functions, and with permissions that
are evaluated by partition key and written down.

Its servers for the functions answer in two small writes: with Nagle's algorithm on, each waits 40 ms. And it gives a
function's last lines some milliseconds to arrive: a machine that is busy loses them, and a function that logs nothing
waits for nothing. What a function wrote before it answered is in the pipe by then, and is read from there.
"""

import contextlib
import os
import queue
import select
import socketserver
import threading

import permissions

socketserver.StreamRequestHandler.disable_nagle_algorithm = True

from ministack.app import main  # noqa: E402  (the setting has to come first)
from ministack.core.lambda_runtime import ProvidedWorker  # noqa: E402

READING = threading.Lock()


def has_output(stream, milliseconds=None):
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    return bool(poll.poll(milliseconds))


def read_written(worker, stream, lines):
    """Reads what is in a function's pipe, without waiting for more. Returns whether there may ever be more."""
    with READING:
        while has_output(stream, 0):
            chunk = os.read(stream.fileno(), 65536)
            *whole, worker.unfinished_line = (worker.unfinished_line + chunk).split(b"\n")
            for line in whole:
                with contextlib.suppress(queue.Full):
                    lines.put_nowait(line.decode("utf-8", errors="replace"))
            if not chunk:
                return False
    return True


def pump_output(worker, stream, lines):
    with stream:
        while has_output(stream) and read_written(worker, stream, lines):
            pass


def drain_output(worker, **_waits):
    stream = worker._proc and worker._proc.stdout
    with contextlib.suppress(ValueError):  # closed, since the function has ended
        if stream:
            read_written(worker, stream, worker._stderr_queue)
    return worker._drain_stderr()


ProvidedWorker.unfinished_line = b""
ProvidedWorker._pump_output = pump_output
ProvidedWorker._drain_stderr_bounded = drain_output

permissions.install()

main()
