"""Jobs on an engine that steps when it is told to, and an ear for what they tell."""

import asyncio

from inline import InlineEngine, TellingJudge

from gpff.chemistry import Verdict
from gpff.spec import Limits
from studio.codec import Frame
from studio.errors import StudioError
from studio.job import Job, Listener, Workshop
from studio.jobs import Jobs
from studio.protocol import GenerateResult, GenerateSpec

GOOD = Verdict(True, "C", None, ((0, 1, 1),))


class Ear(Listener):
    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.result: GenerateResult | None = None
        self.error: StudioError | None = None

    def frame(self, frame: Frame) -> None:
        self.frames.append(frame)

    def final(self, result: GenerateResult) -> None:
        self.result = result

    def failed(self, error: StudioError) -> None:
        self.error = error


def shop(engine: InlineEngine, **bounds: float) -> Jobs:
    return Jobs(Workshop(engine, TellingJudge(lambda z, x: GOOD), Limits(), rerun_rounds=2), **bounds)  # type: ignore[arg-type]


def wire(**spec: object) -> GenerateSpec:
    return GenerateSpec.model_validate({"formula": "CH4", "steps": 12, "seed": 5, "n_samples": 2, **spec})


async def ended(engine: InlineEngine, job: Job) -> None:
    async with asyncio.timeout(10):
        while not job.ended:
            engine.step()
            await asyncio.sleep(0)


async def finished(jobs: Jobs, engine: InlineEngine, **spec: object) -> tuple[Job, Ear]:
    ear = Ear()
    job = await jobs.start(wire(**spec), "client", ear)
    await ended(engine, job)
    return job, ear
