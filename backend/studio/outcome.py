"""From the end of a run to its result: verdicts, and with `valid_only` other molecules for those that failed."""

import asyncio
from collections.abc import Callable

from gpff.chemistry import Verdict
from gpff.errors import InputError
from gpff.plan import Plan, compile
from gpff.spec import Spec
from studio.engine.home import EngineHome
from studio.engine.messages import (
    Cancel,
    Cancelled,
    Crashed,
    Done,
    Expired,
    JobEvent,
    Queued,
    Refused,
    Snapshot,
    Start,
    Steered,
)
from studio.errors import Busy, EngineError, JobCancelled, JobExpired, StudioError
from studio.orders import Workshop
from studio.protocol import Attempts, Candidate
from studio.results import judged

type Settle = Callable[[int, Candidate], None]
"""Hears of each candidate as it will be in the result."""


async def outcome(
    shop: Workshop,
    spec: Spec,
    plan: Plan,
    done: Done,
    budget: int,
    start: Callable[[Plan], Start],
    tell: Callable[[int, Verdict], None],
    settle: Settle,
    left_s: Callable[[], float | None],
) -> tuple[list[Candidate], Attempts]:
    """The candidates of a finished run of `plan`, up to `budget` of them run again from `spec`.

    `start` is how the engine is to run a plan again; `tell(sample, verdict)` as soon as each verdict is known.
    `left_s`: seconds to the deadline, None where there is none. Raises `JobExpired` when not even the molecules of
    the run itself are judged by then.
    """

    def heard(sample: int, verdict: Verdict, candidate: Candidate) -> None:
        tell(sample, verdict)
        if candidate.valid or not budget:
            settle(sample, candidate)

    try:
        async with asyncio.timeout(left_s()):
            candidates = await judged(shop.judge, plan, done, heard)
    except TimeoutError:
        raise JobExpired() from None
    attempts = await _rerun(shop, spec, candidates, budget, start, settle, left_s)
    for sample, candidate in enumerate(candidates):
        if budget and not candidate.valid:
            settle(sample, candidate)
    return candidates, attempts


async def _rerun(
    shop: Workshop,
    spec: Spec,
    candidates: list[Candidate],
    budget: int,
    start: Callable[[Plan], Start],
    settle: Settle,
    left_s: Callable[[], float | None],
) -> Attempts:
    """Put valid molecules, of names that the spec has not used before, in the places of failed `candidates`.

    When the engine takes or finishes no more, the deadline passes, or of randomised atoms no draw fits, what is there
    already stays, and the answer says why there is not more.
    """
    spent = 0
    while failed := [i for i, candidate in enumerate(candidates) if not candidate.valid][: budget - spent]:
        first = len(candidates) + spent
        try:
            async with asyncio.timeout(left_s()):
                plan = await asyncio.to_thread(compile, spec, range(first, first + len(failed)))
                done = await unseen(shop.engine, start(plan))
                found = await judged(shop.judge, plan, done)
        except TimeoutError:
            return Attempts(rerun=spent, budget=budget, stopped=str(JobExpired()))
        except (InputError, StudioError) as error:
            return Attempts(rerun=spent, budget=budget, stopped=str(error))
        spent += len(failed)
        for i, candidate in zip(failed, found, strict=True):
            if candidate.valid:
                candidates[i] = candidate
                settle(i, candidate)
    return Attempts(rerun=spent, budget=budget)


async def unseen(engine: EngineHome, start: Start) -> Done:
    """Run to the end and tell no one. Raises `StudioError`; when the caller is cancelled the run is too."""
    ended: asyncio.Future[Done] = asyncio.get_running_loop().create_future()

    def on_event(event: JobEvent) -> None:
        if ended.done() or isinstance(event, Queued | Snapshot | Steered):
            return
        if isinstance(event, Done):
            ended.set_result(event)
        else:
            ended.set_exception(error_of(event))

    engine.submit(start, on_event)
    try:
        return await ended
    except asyncio.CancelledError:
        engine.send(Cancel(start.job))
        raise


def error_of(end: Refused | Cancelled | Crashed | Expired) -> StudioError:
    """Why a run ended without a result."""
    match end:
        case Refused():
            return Busy(end.detail, end.retry_after_s)
        case Cancelled():
            return JobCancelled()
        case Expired():
            return JobExpired()
        case Crashed():
            return EngineError(end.detail)
