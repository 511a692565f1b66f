"""One job from its spec to its result, and who hears of it."""

from studio.job.audience import Listener
from studio.job.job import Job
from studio.orders import Order, Workshop

__all__ = ["Job", "Listener", "Order", "Workshop"]
