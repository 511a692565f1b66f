"""Verdicts when the processes that read bonds die."""

import asyncio
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from dying import dies, dies_once

from gpff.chemistry import BondWorkers, Verdict
from studio.judge import CRASHED, Judge

WATER = np.array([8, 1, 1]), np.array([[0.0, 0.0, 0.12], [0.0, 0.76, -0.47], [0.0, -0.76, -0.47]])


async def judged_by(judge: Judge, workers: BondWorkers) -> Verdict:
    judge._finals.close()
    judge._finals = workers
    async with asyncio.timeout(30):
        return await judge.final(*WATER)


async def test_a_molecule_whose_worker_died_is_judged_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPFF_TEST_MARKER", str(tmp_path / "died"))
    judge = Judge(1, 5.0, 1024)
    assert await judged_by(judge, BondWorkers(1, target=dies_once)) == Verdict(True, "O")
    assert (tmp_path / "died").exists()
    await judge.close()


async def test_a_molecule_that_kills_its_workers_is_told_so() -> None:
    judge = Judge(1, 5.0, 1024)
    assert await judged_by(judge, BondWorkers(1, target=dies)) == Verdict(False, reason=CRASHED)
    await judge.close()


async def test_a_worker_that_is_killed_while_idle_costs_nothing() -> None:
    judge = Judge(1, 5.0, 1024)
    assert (await judge.final(*WATER)).smiles == "O"
    (child,) = judge._finals._workers._children
    os.kill(child._process.pid, signal.SIGKILL)
    assert (await judge.final(*WATER)).smiles == "O"
    await judge.close()


async def test_what_waits_when_the_workers_close_is_answered() -> None:
    judge = Judge(1, 5.0, 1024)
    calls = [asyncio.create_task(judge.final(*WATER)) for _ in range(20)]
    await asyncio.sleep(0)
    await judge.close()
    verdicts = await asyncio.wait_for(asyncio.gather(*calls), 30)
    lost = [verdict for verdict in verdicts if not verdict.valid]
    assert lost and all("bond perception failed" in (verdict.reason or "") for verdict in lost)
    assert "closed" in ((await judge.final(*WATER)).reason or "")


async def test_a_caller_that_is_cancelled_is_cancelled() -> None:
    judge = Judge(1, 5.0, 1024)
    call = asyncio.create_task(judge.final(*WATER))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await judge.close()
