"""Killable processes: what happens to one call never happens to another."""

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest
from worker_targets import act

from gpff.worker import Failure
from gpff.workers import Workers, WorkerStartError


def failed(failure: Failure, detail: str) -> str:
    return f"{failure.value}:{detail}"


@pytest.fixture
def workers() -> Iterator[Workers[str]]:
    with Workers(act, failed, n_workers=2, timeout_s=1.0, memory_mb=256) as pool:
        yield pool


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead but not yet reaped does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_answers_keep_the_order_of_the_calls(workers: Workers[str]) -> None:
    assert workers.map((str(i),) for i in range(200)) == [f"did {i}" for i in range(200)]


def test_a_bad_call_fails_alone(workers: Workers[str]) -> None:
    calls = ["a", "crash", "b", "hang", "c", "eat", "d", "raise", "e", "print", "f"]
    assert workers.map((call,) for call in calls) == [
        "did a", "crash:", "did b", "timeout:", "did c", "memory:", "did d", "error:KeyError: 'lost'",
        "did e", "did print", "did f",
    ]  # fmt: skip


def test_what_is_done_once_has_time_of_its_own(workers: Workers[str]) -> None:
    calls = ["set up", "set up and hang", "break the set-up", "after"]  # each longer than a call may take
    assert workers.map((call,) for call in calls) == [
        "did set up",
        "timeout:",
        "error:KeyError: 'no table'",
        "did after",
    ]
    assert act("set up") == "did set up"  # in no worker


def test_the_time_in_the_queue_does_not_count() -> None:
    with Workers(act, failed, n_workers=1, timeout_s=0.5) as workers:
        assert workers.map([("hang",), ("hang",), ("late",)]) == ["timeout:", "timeout:", "did late"]


def test_a_worker_that_dies_while_idle_is_replaced() -> None:
    with Workers(act, failed) as workers:
        first = int(workers.submit("pid").result())
        os.kill(first, signal.SIGKILL)
        assert gone_within(first, 10.0)
        assert int(workers.submit("pid").result()) != first


def test_a_healthy_worker_is_kept_and_a_hung_one_is_not() -> None:
    with Workers(act, failed, timeout_s=0.3) as workers:
        before, again, _, after = workers.map([("pid",), ("pid",), ("hang",), ("pid",)])
    assert before == again != after


def test_many_threads_may_submit(workers: Workers[str]) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda i: workers.submit(str(i)).result(), range(100)))
    assert answers == [f"did {i}" for i in range(100)]


def test_close_kills_cancels_and_refuses() -> None:
    workers = Workers(act, failed, n_workers=1, timeout_s=60.0)
    pid = int(workers.submit("pid").result())
    running, queued = workers.submit("hang"), workers.submit("a")
    while not running.running():
        time.sleep(0.01)
    workers.close()
    workers.close()
    with pytest.raises(RuntimeError, match="closed during the call"):
        running.result()
    with pytest.raises(CancelledError):
        queued.result()
    with pytest.raises(RuntimeError, match="closed"):
        workers.submit("b")
    assert not alive(pid)


def test_a_cancelled_call_is_not_made() -> None:
    with Workers(act, failed, n_workers=1, timeout_s=0.5) as workers:
        hanging, cancelled, after = (workers.submit(call) for call in ("hang", "crash", "a"))
        assert cancelled.cancel()
        assert (hanging.result(), after.result()) == ("timeout:", "did a")


def test_a_target_that_the_child_cannot_import_is_an_error_and_not_a_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "gone.py"
    module.write_text("def target(what): return what")
    monkeypatch.syspath_prepend(tmp_path)
    target = importlib.import_module("gone").target
    module.unlink()
    with Workers(target, failed) as workers, pytest.raises(WorkerStartError, match="No module named 'gone'"):
        workers.submit("a").result()


def test_a_hung_worker_does_not_outlive_a_killed_parent() -> None:
    program = (
        "from gpff.workers import Workers; from worker_targets import act;"
        "w = Workers(act, print, timeout_s=0.3);"
        "print(w.submit('pid').result(), flush=True); w.timeout_s = 60; w.submit('hang').result()"
    )
    here = os.path.dirname(__file__)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=here) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    assert gone_within(pid, 20.0)
