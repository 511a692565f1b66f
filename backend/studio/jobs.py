"""The jobs that have not ended."""

import asyncio
import secrets

from gpff.plan import Plan, compile
from gpff.spec import Limits, Spec
from studio.job import Job, Listener, Workshop
from studio.protocol import GenerateSpec
from studio.specs import to_spec


class Jobs:
    """Starts jobs, and gives each a number that no other has."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._jobs: dict[int, Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    async def start(self, wire: GenerateSpec, client: str, listener: Listener) -> Job:
        """Check a spec and queue it; `listener` hears the rest. Raises `InputError` and `NotReady`."""
        seed = secrets.randbelow(2**31) if wire.seed is None else wire.seed
        spec, plan = await asyncio.to_thread(_compile, wire, seed, self._workshop.limits)
        job = Job(self._new_number(), wire, spec, plan, client, listener, self._workshop, self._new_number)
        self._jobs[job.number] = job
        job.when_ended(lambda: self._jobs.pop(job.number, None))
        job.start()
        return job

    def close(self) -> None:
        """Cancel all."""
        for job in list(self._jobs.values()):
            job.cancel()

    def _new_number(self) -> int:
        """Drawn and not counted: numbers of an earlier life of the service do not come back."""
        while (number := secrets.randbits(32)) in self._jobs or number == 0:
            pass
        return number


def _compile(wire: GenerateSpec, seed: int, limits: Limits) -> tuple[Spec, Plan]:
    spec = to_spec(wire, seed, limits)
    return spec, compile(spec)
