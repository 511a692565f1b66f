"""What a job is made from and what it needs."""

from dataclasses import dataclass

from gpff.plan import Plan
from gpff.samplers import State
from gpff.spec import Limits, Spec
from studio.engine.home import EngineHome
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
    `client` shares the engine fairly with others; `owner` alone may see the job. `deadline_s`: from now.
    """

    wire: GenerateSpec
    spec: Spec
    plan: Plan
    client: str
    owner: str
    lane: Lane = "interactive"
    deadline_s: float | None = None
    state: State | None = None
