"""Which jobs take a step together: pure bookkeeping, no arrays, no clock, no I/O.

A job waits until fewer than `max_running` run, then takes part in steps until it is removed. What a step of
a job costs is its number of ordered pairs of atoms, since every atom sees every other of its molecule. Two
rules make it fair:

- *between clients*: each client's account grows by the cost of what ran for it, and the client with the
  smallest account goes next. A newcomer starts level with the smallest: an idle past earns no privilege;
- *within a client*: the job that has not run for longest goes next. When it does not fit into what is left
  of a batch, its client waits for the next batch, in which it comes first: so nothing starves.
"""

from dataclasses import dataclass, replace


class QueueFull(Exception):
    """No room for another waiting job."""


@dataclass(frozen=True)
class Ticket:
    """What the scheduler knows of a job: who asked, and what a step costs (ordered pairs of atoms)."""

    job: int
    client: str
    cost: int


class Scheduler:
    """Waiting and running jobs.

    budget: cost of one batch; a job that alone costs more runs alone.
    max_running: jobs that take part in steps. max_waiting: jobs beyond that.
    """

    def __init__(self, budget: int, max_running: int, max_waiting: int) -> None:
        self.budget = budget
        self.max_running = max_running
        self.max_waiting = max_waiting
        self._waiting: dict[int, Ticket] = {}  # in order of arrival
        self._running: dict[int, Ticket] = {}  # the one that has not run for longest comes first
        self._paused: set[int] = set()
        self._accounts: dict[str, int] = {}  # of clients with running jobs

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    @property
    def has_work(self) -> bool:
        """Whether `admit` or `pick` would return anything."""
        room = bool(self._waiting) and len(self._running) < self.max_running
        return room or any(job not in self._paused for job in self._running)

    def submit(self, ticket: Ticket) -> int:
        """Queue a job; its place in the queue (0: it runs at once). Raises `QueueFull`."""
        if len(self) >= self.max_running + self.max_waiting:
            raise QueueFull(f"{len(self._waiting)} jobs are waiting already")
        self._waiting[ticket.job] = ticket
        return max(0, len(self) - self.max_running)

    def admit(self) -> list[int]:
        """Move jobs from waiting to running while there is room, fairest client first."""
        admitted: list[int] = []
        while self._waiting and len(self._running) < self.max_running:
            counts: dict[str, int] = {}
            for ticket in self._running.values():
                counts[ticket.client] = counts.get(ticket.client, 0) + 1
            ticket = min(self._waiting.values(), key=lambda ticket: counts.get(ticket.client, 0))
            self._running[ticket.job] = self._waiting.pop(ticket.job)
            self._accounts.setdefault(ticket.client, min(self._accounts.values(), default=0))
            admitted.append(ticket.job)
        return admitted

    def pick(self) -> list[int]:
        """The jobs of the next batch, within the budget."""
        queues: dict[str, list[Ticket]] = {}
        for ticket in self._running.values():
            if ticket.job not in self._paused:
                queues.setdefault(ticket.client, []).append(ticket)
        batch: list[int] = []
        room = self.budget
        while queues and room > 0:
            client = min(queues, key=lambda client: self._accounts[client])
            ticket = queues[client].pop(0)
            if batch and ticket.cost > room:
                del queues[client]
                continue
            batch.append(ticket.job)
            room -= ticket.cost
            self._accounts[client] += ticket.cost
            self._running[ticket.job] = self._running.pop(ticket.job)
            if not queues[client]:
                del queues[client]
        return batch

    def reprice(self, job: int, cost: int) -> None:
        """A step of a running job costs something else from now on: some of its molecules have finished."""
        self._running[job] = replace(self._running[job], cost=cost)

    def pause(self, job: int) -> None:
        """Leave the job out of batches until `resume`. It keeps its place."""
        if job in self._waiting or job in self._running:
            self._paused.add(job)

    def resume(self, job: int) -> None:
        self._paused.discard(job)

    def remove(self, job: int) -> bool:
        """Forget a job, finished or not; whether it was known."""
        ticket = self._waiting.pop(job, None) or self._running.pop(job, None)
        self._paused.discard(job)
        if ticket is not None and all(other.client != ticket.client for other in self._running.values()):
            self._accounts.pop(ticket.client, None)
        return ticket is not None
