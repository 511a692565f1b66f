"""Which jobs take a step together: pure bookkeeping, no arrays, no clock, no I/O.

A job waits, runs (takes part in steps, `max_running` at a time) or is paused. What a step of a job costs is its
number of ordered pairs of atoms, since every atom sees every other of its molecule. The rules, in order:

- *between lanes*: interactive jobs take the running slots and the room of a batch first. Batch jobs take what is
  left, and never less than an eighth of the slots and, over time, of the room: they starve for no one;
- *between clients, slots*: the first job of every client goes before the second of any, the second before the third.
  A newcomer thus takes the slot of a client that has several; the job that gives way keeps its state and its age;
- *between clients, room*: each client's account in a lane grows by the cost of what ran for it, and the client with
  the smallest goes next. A newcomer starts level with the smallest: an idle past earns no privilege;
- *within a client*: older jobs take slots first. Of those that run, the one that has not for longest goes next; when
  it does not fit into what is left of a batch, its client waits for the next, in which it comes first;
- *places*: the last eighth of all places is kept for clients that hold less than an eighth themselves.

A paused job holds its place, and nothing else.
"""

import heapq
from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

type Lane = Literal["interactive", "batch"]
"""Someone watches, or someone fetches the answer later: the first goes ahead of the second."""

SHARE = 8
"""Batch jobs have one slot in so many, and one part of the room; newcomers as many of the places."""


class QueueFull(Exception):
    """No room for another job."""


@dataclass(frozen=True)
class Ticket:
    """What the scheduler knows of a job: who asked, and what a step costs (ordered pairs of atoms).

    `deadline`: when it expires, on the clock that `expire` is asked with. `alone`: it shares no batch.
    """

    job: int
    client: str
    cost: int
    lane: Lane = "interactive"
    deadline: float | None = None
    alone: bool = False


type _Key = tuple[Lane, str]


def _key(ticket: Ticket) -> _Key:
    return ticket.lane, ticket.client


def check_room(places: int, taken: int, held: int) -> None:
    """Raise `QueueFull` if a client that holds `held` of `taken` places may have none of the others."""
    if taken >= places:
        raise QueueFull(f"all {places} places are taken")
    if places - taken <= places // SHARE and held * SHARE >= places:
        raise QueueFull(f"{held} jobs of one client take most of {places} places")


class Scheduler:
    """Waiting, running and paused jobs.

    budget: cost of one batch; a job that alone costs more runs alone.
    max_running: interactive jobs that take part in steps. max_waiting: jobs beyond that, in any lane.
    """

    def __init__(self, budget: int, max_running: int, max_waiting: int) -> None:
        self.budget = budget
        self.max_running = max_running
        self.places = max_running + max_waiting
        self._jobs: dict[int, Ticket] = {}  # all, in order of arrival
        self._held: Counter[str] = Counter()  # jobs of each client
        self._paused: set[int] = set()
        self._running: dict[int, None] = {}  # the one that has not run for longest comes first
        self._accounts: dict[_Key, int] = {}  # of clients with running jobs, in each lane
        self._owed = 0.0  # room that the batch lane may take ahead of the other
        self._deadlines: list[tuple[float, int]] = []  # a heap; jobs in it may have ended
        self._changed = False  # since slots were given out

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def has_work(self) -> bool:
        """Whether `admit` or `pick` would return anything."""
        return len(self._jobs) > len(self._paused)

    @property
    def n_running(self) -> int:
        """Jobs that have a slot."""
        return len(self._running)

    @property
    def n_waiting(self) -> dict[Lane, int]:
        """Jobs that wait for a slot, by lane."""
        counts: dict[Lane, int] = {"interactive": 0, "batch": 0}
        for job, ticket in self._jobs.items():
            if job not in self._running and job not in self._paused:
                counts[ticket.lane] += 1
        return counts

    @property
    def next_deadline(self) -> float | None:
        """When `expire` should be asked again."""
        while self._deadlines and self._deadlines[0][1] not in self._jobs:
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    # --- coming and going --------------------------------------------------------------------------------------------

    def submit(self, ticket: Ticket, paused: bool = False) -> int:
        """Queue a job; its place in the queue of its lane (0: it runs at once). Raises `QueueFull`."""
        check_room(self.places, len(self), self._held[ticket.client])
        self._jobs[ticket.job] = ticket
        self._held[ticket.client] += 1
        if paused:
            self._paused.add(ticket.job)
        if ticket.deadline is not None:
            if len(self._deadlines) >= 2 * self.places:  # most of them are of jobs that ended long before
                self._deadlines = [pair for pair in self._deadlines if pair[1] in self._jobs]
                heapq.heapify(self._deadlines)
            heapq.heappush(self._deadlines, (ticket.deadline, ticket.job))
        self._changed = True
        lanes = self._ranked()
        rank = 0 if paused else lanes[ticket.lane].index(ticket.job)
        return max(0, rank - self._slots(ticket.lane, len(lanes["interactive"])) + 1)

    def remove(self, job: int) -> bool:
        """Forget a job, finished or not; whether it was known."""
        ticket = self._jobs.pop(job, None)
        if ticket is None:
            return False
        self._held[ticket.client] -= 1
        if not self._held[ticket.client]:
            del self._held[ticket.client]
        self._paused.discard(job)
        self._running.pop(job, None)
        self._changed = True
        return True

    def pause(self, job: int) -> None:
        """Leave the job out until `resume`. It gives up its slot and keeps its age."""
        if job in self._jobs:
            self._paused.add(job)
            self._running.pop(job, None)
            self._changed = True

    def resume(self, job: int) -> None:
        self._paused.discard(job)
        self._changed = True

    def expire(self, now: float) -> list[int]:
        """Forget the jobs whose deadline has passed, running, waiting or paused."""
        expired = []
        while (deadline := self.next_deadline) is not None and deadline <= now:
            _, job = heapq.heappop(self._deadlines)
            self.remove(job)
            expired.append(job)
        return expired

    def reprice(self, job: int, cost: int) -> None:
        """A step of the job costs something else from now on: some of its molecules have finished."""
        self._jobs[job] = replace(self._jobs[job], cost=cost)

    def trust(self, job: int) -> None:
        """The job may share batches from now on."""
        self._jobs[job] = replace(self._jobs[job], alone=False)

    # --- slots -------------------------------------------------------------------------------------------------------

    def admit(self) -> list[int]:
        """Give out the running slots; the jobs that had none before."""
        if not self._changed:
            return []
        self._changed = False
        lanes = self._ranked()
        chosen = {
            job: None for lane, jobs in lanes.items() for job in jobs[: self._slots(lane, len(lanes["interactive"]))]
        }
        entered = [job for job in chosen if job not in self._running]
        self._running = {job: None for job in [*self._running, *entered] if job in chosen}
        keys = {_key(self._jobs[job]) for job in self._running}
        self._accounts = {key: account for key, account in self._accounts.items() if key in keys}
        for key in keys - set(self._accounts):
            self._accounts[key] = self._level(key[0])
        return entered

    def _level(self, lane: Lane) -> int:
        return min((account for key, account in self._accounts.items() if key[0] == lane), default=0)

    def _ranked(self) -> dict[Lane, list[int]]:
        """The jobs of each lane that are not paused, in the order in which they are to have slots."""
        turns: Counter[_Key] = Counter()
        ranked: dict[Lane, list[tuple[int, int]]] = {"interactive": [], "batch": []}
        for job, ticket in self._jobs.items():
            if job not in self._paused:
                ranked[ticket.lane].append((turns[_key(ticket)], job))
                turns[_key(ticket)] += 1
        # Sorting is stable: of equal turns the older job comes first.
        return {lane: [job for _, job in sorted(jobs, key=lambda pair: pair[0])] for lane, jobs in ranked.items()}

    def _slots(self, lane: Lane, n_interactive: int) -> int:
        if lane == "interactive":
            return self.max_running
        return max(1, self.max_running // SHARE, self.max_running - n_interactive)

    # --- batches -----------------------------------------------------------------------------------------------------

    def pick(self) -> list[int]:
        """The jobs of the next batch, within the budget."""
        if self._all_fit():
            return self._take_all()
        interactive, patient = self._queues("interactive"), self._queues("batch")
        batch: list[int] = []
        room = self.budget
        paid = 0
        if not interactive or not patient:
            self._owed = 0.0
        else:
            self._owed += self.budget / SHARE
            while patient and self._owed - paid >= self._jobs[patient[self._poorest(patient)][0]].cost:
                before = len(batch)
                room = self._fill(batch, room, patient, most=1)
                if len(batch) == before:
                    break
                paid += self._jobs[batch[-1]].cost
        first = interactive[self._poorest(interactive)][0] if interactive and paid else None
        room = self._fill(batch, room, interactive)
        if first is not None and first not in batch:
            paid = max(paid, self.budget)  # what they left was of no use to whose turn it was
        self._owed -= paid
        self._fill(batch, room, patient)
        return batch

    def _all_fit(self) -> bool:
        """Whether nobody has to stand back for anyone."""
        tickets = [self._jobs[job] for job in self._running]
        return sum([ticket.cost for ticket in tickets]) <= self.budget and not any([ticket.alone for ticket in tickets])

    def _take_all(self) -> list[int]:
        """As `pick` does, where there is room for all: whose turn it is makes no difference."""
        for job in self._running:
            ticket = self._jobs[job]
            self._accounts[_key(ticket)] += ticket.cost
        self._owed = 0.0
        return list(self._running)

    def _queues(self, lane: Lane) -> dict[_Key, list[int]]:
        """The running jobs of a lane by client, in the order in which they are to take steps."""
        queues: dict[_Key, list[int]] = {}
        for job in self._running:
            ticket = self._jobs[job]
            if ticket.lane == lane:
                queues.setdefault(_key(ticket), []).append(job)
        return queues

    def _poorest(self, queues: dict[_Key, list[int]]) -> _Key:
        return min(queues, key=self._accounts.__getitem__)

    def _fill(self, batch: list[int], room: int, queues: dict[_Key, list[int]], most: int | None = None) -> int:
        """Move jobs from `queues` to `batch` (`most` of them) while there is room; the room that is left."""
        added = 0
        while queues and room > 0 and added != most:
            key = self._poorest(queues)
            ticket = self._jobs[queues[key][0]]
            needs = max(ticket.cost, self.budget) if ticket.alone else ticket.cost
            if batch and needs > room:
                del queues[key]
                continue
            batch.append(ticket.job)
            added += 1
            room -= needs
            self._accounts[key] += ticket.cost
            del self._running[ticket.job]
            self._running[ticket.job] = None
            queues[key].pop(0)
            if not queues[key]:
                del queues[key]
        return room
