"""How often one owner or address may ask, so that no one's script crowds out everyone else."""

import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from studio.errors import Busy


class Rates:
    """Two rates, each in the words of `limits` ("600/minute"), or empty for none.

    Counts are of this process. The window slides, so that a minute's worth cannot be spent twice around its turn.
    """

    def __init__(self, requests: str, jobs: str) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = parse(requests) if requests else None
        self._jobs = parse(jobs) if jobs else None

    async def request(self, who: str) -> None:
        """Count a request or a connection. Raises `Busy` when `who` has had too many."""
        await self._hit(self._requests, "requests", who)

    async def job(self, who: str) -> None:
        """Count a job that is to be started. Raises `Busy` when `who` has had too many."""
        await self._hit(self._jobs, "jobs", who)

    async def _hit(self, rate: RateLimitItem | None, what: str, who: str) -> None:
        if rate is None or await self._limiter.hit(rate, what, who):
            return
        window = await self._limiter.get_window_stats(rate, what, who)
        wait_s = max(1.0, window.reset_time - time.time())
        raise Busy(f"too many {what}: expected at most {rate}, got more", wait_s)
