"""What a job is made from and what it needs."""

import time
from dataclasses import dataclass

from gpff.plan import Plan
from gpff.samplers import State
from gpff.spec import Limits, Spec
from studio.engine.home import EngineHome
from studio.engine.messages import Start
from studio.engine.scheduler import Lane
from studio.judge import Judge
from studio.protocol import GenerateSpec


@dataclass(frozen=True)
class Workshop:
    """What jobs need. `rerun_rounds`: how often `valid_only` may run every candidate again."""

    engine: EngineHome
    judge: Judge
    limits: Limits
    rerun_rounds: int


@dataclass(frozen=True)
class Order:
    """What is to be run and for whom.

    `wire` is the request, `spec` and `plan` what became of it; `state`: where to go on from, None: the start.
    `client` shares the engine fairly with others; `owner` alone may see the job. `deadline_s`: from when it is handed
    in, the `since` of the methods, on the monotonic clock.
    """

    wire: GenerateSpec
    spec: Spec
    plan: Plan
    client: str
    owner: str
    lane: Lane = "interactive"
    deadline_s: float | None = None
    state: State | None = None

    def left_s(self, since: float) -> float | None:
        """Seconds to the deadline, where there is one."""
        return None if self.deadline_s is None else self.deadline_s - (time.monotonic() - since)

    def start(self, job: int, since: float) -> Start:
        """What the engine is told."""
        return self._start(job, self.plan, self.wire.stride, since, self.state)

    def unseen(self, job: int, plan: Plan, since: float) -> Start:
        """The same for a run of another plan, of which nothing but the end matters."""
        return self._start(job, plan, plan.steps, since, None)

    def _start(self, job: int, plan: Plan, stride: int, since: float, state: State | None) -> Start:
        return Start(job, self.client, plan, stride, self.lane, self.left_s(since), state)
