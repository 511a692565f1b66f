"""Run a function that may hang, crash or eat memory, in processes that can be killed.

Native code holds the interpreter lock while it hangs, so neither a thread nor a signal handler in the same
process can stop it: only the kernel can. Every worker is therefore a plain `python -c` child that talks
length-prefixed pickles over its own pipes. It is not `multiprocessing`: a fork would copy the locks of the
parent's threads (PyTorch's pool, for one), and a spawn would import the caller's main script again, which a
script without a guard does not survive.

A child belongs to exactly one thread of the parent. That thread sends a call, waits for the answer with a
deadline, and on a hang or a crash kills its child, reports that one call as failed and starts the next call
in a fresh child.
"""

from __future__ import annotations

import os
import pickle
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

from gpff.worker import LENGTH, SET_UP, START_S, Failure, packed

_BOOT = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); import gpff.worker as w; w.serve()"


class WorkerStartError(RuntimeError):
    """A worker process could not be started; every call of the pool would meet the same fate."""


class _Child:
    """One worker process, used by one thread at a time."""

    def __init__(self, target: Callable[..., Any], timeout_s: float, memory_mb: int) -> None:
        # One thread of BLAS is enough, and its buffers would count against the memory limit.
        env = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=env,
            start_new_session=True,  # Ctrl-C in the terminal is the parent's to handle
        )
        try:
            self._write(pickle.dumps(sys.path) + pickle.dumps((target, timeout_s, memory_mb)))
            ready, detail = self.receive(START_S)
        except (OSError, EOFError) as error:
            self.close()
            raise WorkerStartError(f"the worker process for {target!r} did not start") from error
        if not ready:
            self.close()
            raise WorkerStartError(f"the worker process for {target!r} did not start:\n{detail}")

    def send(self, args: tuple[Any, ...]) -> None:
        """Hand the child a call. Raises OSError when the child has died meanwhile."""
        self._write(packed(args))

    def interrupt(self) -> None:
        """Kill the child from another thread; its owner meets the end of the pipe and cleans up."""
        self._process.kill()

    def close(self) -> None:
        """Kill the child and free what it held; for the owning thread."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        view = memoryview(data)
        while view:
            view = view[self._process.stdin.write(view) :]

    def receive(self, timeout_s: float) -> tuple[Any, Any]:
        """The child's answer. Raises TimeoutError or EOFError (the child died)."""
        deadline = time.monotonic() + timeout_s
        (length,) = LENGTH.unpack(self._read(LENGTH.size, deadline))
        answer: tuple[Any, Any] = pickle.loads(self._read(length, deadline))
        return answer

    def _read(self, size: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        data = b""
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        while len(data) < size:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1e3):
                raise TimeoutError
            chunk = self._process.stdout.read(size - len(data))
            if not chunk:
                raise EOFError
            data += chunk
        return data


class Workers[T]:
    """A pool of killable processes that run `target(*args) -> T`.

    target: an importable function; the child imports its module and nothing else of the parent's.
    failed: turns a failure into the answer for that one call (`failed(failure, detail)`), so that a bad call is
        an answer and not an exception. `detail` is the exception's text when the target raised one.
    timeout_s: per call, from the moment a worker takes it up; waiting in the queue and `set_up` do not count.
    memory_mb: address space a call may take beyond what the idle worker holds.

    Processes start on the first call. `submit` may be called from any thread. Close it, or use it as a
    context manager. Needs Linux (process limits, /proc).
    """

    def __init__(
        self,
        target: Callable[..., T],
        failed: Callable[[Failure, str], T],
        n_workers: int = 1,
        timeout_s: float = 5.0,
        memory_mb: int = 1024,
    ) -> None:
        self.n_workers = max(1, n_workers)
        self.timeout_s = timeout_s
        self.memory_mb = memory_mb
        self._target = target
        self._failed = failed
        self._calls: queue.SimpleQueue[tuple[Future[T], tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._children: set[_Child] = set()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def submit(self, *args: Any) -> Future[T]:
        """Queue one call. Raises RuntimeError after `close`."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("the workers are closed")
            self._calls.put((future, args))
            if not self._threads:
                self._threads = [
                    threading.Thread(target=self._run, name=f"worker-{i}", daemon=True) for i in range(self.n_workers)
                ]
                for thread in self._threads:
                    thread.start()
        return future

    def map(self, calls: Iterable[tuple[Any, ...]]) -> list[T]:
        """Run all calls and answer in their order."""
        return [future.result() for future in [self.submit(*args) for args in calls]]

    def close(self) -> None:
        """Kill the processes; queued calls are cancelled, running ones raise RuntimeError. Callable twice."""
        with self._lock:
            self._closed = True
            children = list(self._children)
        for _ in self._threads:
            self._calls.put(None)
        for child in children:
            child.interrupt()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Workers[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        """One thread and its child, for as long as the pool is open."""
        child: _Child | None = None
        while (call := self._calls.get()) is not None:
            future, args = call
            if self._closed:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                child, failure, value = self._answer(child, args)
                future.set_result(value if failure is None else self._failed(failure, value))
            except Exception as error:  # a thread that ended here would leave futures waiting for ever
                future.set_exception(error)
                if child is not None:
                    self._discard(child)
                child = None
        if child is not None:
            self._discard(child)

    def _answer(self, child: _Child | None, args: tuple[Any, ...]) -> tuple[_Child | None, Failure | None, Any]:
        """The child to use next (None when it had to go), why there is no answer, the answer (or detail)."""
        child = self._sent(child, args)
        try:
            failure, value = child.receive(self.timeout_s)
            while failure == SET_UP:
                failure, value = child.receive(START_S if value else self.timeout_s)
        except (EOFError, OSError) as error:
            self._discard(child)
            if self._closed:
                raise RuntimeError("the workers were closed during the call") from error
            return None, Failure.TIMEOUT if isinstance(error, TimeoutError) else Failure.CRASH, ""
        if failure is Failure.MEMORY:  # its heap is as large as it may be: the next call deserves a fresh one
            self._discard(child)
            return None, failure, value
        return child, failure, value

    def _sent(self, child: _Child | None, args: tuple[Any, ...]) -> _Child:
        """A living child that has the call, started when there is none or the last one died while idle."""
        if child is not None:
            try:
                child.send(args)
                return child
            except OSError:
                self._discard(child)
        child = _Child(self._target, self.timeout_s, self.memory_mb)
        with self._lock:
            self._children.add(child)
            if self._closed:  # close() has already gone through the list
                child.interrupt()
        try:
            child.send(args)
        except OSError as error:
            self._discard(child)
            raise WorkerStartError(f"the worker process for {self._target!r} died at once") from error
        return child

    def _discard(self, child: _Child) -> None:
        with self._lock:
            self._children.discard(child)
        child.close()
