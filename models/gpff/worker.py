"""What runs in a worker process of `gpff.workers`: it takes calls from one pipe and gives answers to another."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import struct
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, BinaryIO

LENGTH = struct.Struct("<I")
"""Stands before every message: how many bytes it has."""
START_S = 120.0
"""How long a worker may take to begin."""
SET_UP = "set up"
"""In place of a failure: the worker begins (True) or has ended (False) a `set_up`."""

_clock: Callable[[bool], None] | None = None  # stops and starts the time of the call; None where this is no worker


class Failure(Enum):
    """Why a call has no answer."""

    TIMEOUT = "timeout"  # it took longer than its time limit
    MEMORY = "memory"  # it needed more than its memory limit
    CRASH = "crash"  # its process died
    ERROR = "error"  # it raised an exception


def packed(message: object) -> bytes:
    """A message as it goes through the pipes."""
    data = pickle.dumps(message)
    return LENGTH.pack(len(data)) + data


@contextmanager
def set_up() -> Iterator[None]:
    """For what a target does once, such as reading a table: in a worker, its time is not the call's but a start's.

    The call that happens to come first would else be too late where the machine is busy, and its worker be killed
    before the next one could find the table. Elsewhere this does nothing.
    """
    if _clock is None:
        yield
        return
    _clock(True)
    try:
        yield
    finally:
        _clock(False)


def serve() -> None:
    """Read the target, then answer calls until the parent closes the pipe."""
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up between the answers

    def put(message: bytes) -> None:
        answers.write(message)
        answers.flush()

    try:
        target, timeout_s, memory_mb = pickle.load(calls)
        _limit_memory(memory_mb)
    except BaseException:
        put(packed((False, traceback.format_exc())))
        return
    put(packed((True, None)))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a crash becomes an answer, not noise in the terminal
    os.dup2(2, 1)

    def clock(stopped: bool) -> None:
        # The kernel ends a hung child even when the parent is no longer there to do it.
        signal.setitimer(signal.ITIMER_REAL, (START_S if stopped else timeout_s) + 1.0)
        put(packed((SET_UP, stopped)))

    global _clock
    _clock = clock
    while (args := _next_call(calls)) is not None:
        signal.setitimer(signal.ITIMER_REAL, timeout_s + 1.0)
        answer = packed(_outcome(target, args))
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        put(answer)


def _next_call(calls: BinaryIO) -> tuple[Any, ...] | None:
    head = calls.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    args: tuple[Any, ...] = pickle.loads(calls.read(LENGTH.unpack(head)[0]))
    return args


def _outcome(target: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Failure | None, Any]:
    try:
        return None, target(*args)
    except MemoryError:
        return Failure.MEMORY, ""
    except Exception as error:
        return Failure.ERROR, f"{type(error).__name__}: {error}"


def _limit_memory(memory_mb: int) -> None:
    """Limit the address space to what the process holds now plus `memory_mb`."""
    with open("/proc/self/statm") as statm:
        held = int(statm.read().split()[0]) * resource.getpagesize()
    limit = held + memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
