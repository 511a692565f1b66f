"""What the web process knows of each job that the engine has: enough to give it to another engine. No I/O."""

from asyncio import TimerHandle
from collections.abc import Collection
from dataclasses import replace

from studio.engine.home import Listener, Order
from studio.engine.messages import (
    Cancel,
    JobEvent,
    Pause,
    Queued,
    Resume,
    Rewind,
    Snapshot,
    Start,
    Steer,
    Steered,
)
from studio.engine.process import Options
from studio.engine.scheduler import QueueFull, check_room


class Entry:
    """One job. Orders that go out and events that come in change what it is started with another time."""

    def __init__(self, start: Start, listener: Listener, now: float) -> None:
        self.start = start
        self.state = start.state  # of its last snapshot
        self.listener = listener
        self.expires = None if start.deadline_s is None else now + start.deadline_s
        self.timer: TimerHandle | None = None  # of that moment
        self.cancelled = False
        self.deaths = 0  # of engines that worked on it, since it last got on
        self.announced = False  # the listener has had its `Queued`
        self._repeats = False  # the next snapshot is one that the listener has had
        self._unanswered: list[Steer | Rewind] = []

    def order(self, order: Order) -> None:
        """An order is on its way to the engine."""
        match order:
            case Cancel():
                self.cancelled = True
            case Pause() | Resume():
                self.start = replace(self.start, paused=isinstance(order, Pause))
            case Steer() | Rewind():
                self._unanswered.append(order)

    def hear(self, event: JobEvent) -> bool:
        """Take note of an event; whether it is news to the listener."""
        match event:
            case Queued():
                known, self.announced = self.announced, True
                return not known
            case Snapshot(_, state):
                before, repeated = self.state, self._repeats
                if before is not None and state.step > before.step:
                    self.deaths = 0
                self._repeats = False
                self.state = state
                return not repeated
            case Steered(_, plan, state):
                self._unanswered = self._unanswered[1:]
                self._repeats = False
                self.start, self.state = replace(self.start, plan=plan), state
        return True

    def expects_repeat(self) -> None:
        """The listener has had the snapshot that the engine tells next."""
        self._repeats = True

    def again(self, now: float) -> list[Start | Order]:
        """What a new engine is told: to go on from the last snapshot, and whatever the one before did not answer."""
        self._repeats = self.state is not None
        left = None if self.expires is None else max(0.0, self.expires - now)
        start = replace(self.start, state=self.state, deadline_s=left, alone=self.deaths > 0)
        return [start, *self._unanswered]


def no_room(start: Start, known: Collection[Entry], options: Options) -> QueueFull | None:
    """Why there is no room for another job beside those that are `known`, by the engine's own rule; None: there is."""
    held = sum(entry.start.client == start.client for entry in known)
    try:
        check_room(options.max_running + options.max_queue, len(known), held)
    except QueueFull as full:
        return full
    return None


def runs_at_once(start: Start, known: Collection[Entry], options: Options) -> bool:
    """Whether an engine that is ready is certain to give the job a slot at its next step.

    It knows of no job that is not known here, and the first jobs of all clients go before the second of any.
    """
    if start.lane != "interactive" or start.paused:
        return False
    clients = {entry.start.client for entry in known}
    return start.client not in clients and len(clients) < options.max_running and no_room(start, known, options) is None
