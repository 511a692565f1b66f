"""Who goes next, and who waits."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from studio.engine.scheduler import Lane, QueueFull, Scheduler, Ticket


def scheduler(*tickets: Ticket, budget: int = 100, running: int = 10, waiting: int = 10) -> Scheduler:
    made = Scheduler(budget, running, waiting)
    for ticket in tickets:
        made.submit(ticket)
    made.admit()
    return made


def test_jobs_that_fit_go_together() -> None:
    plan = scheduler(Ticket(1, "a", 30), Ticket(2, "a", 30), Ticket(3, "b", 40))
    assert sorted(plan.pick()) == [1, 2, 3]


def test_a_batch_stays_within_the_budget_and_the_rest_comes_next() -> None:
    plan = scheduler(*(Ticket(job, "a", 40) for job in range(5)))
    assert [plan.pick() for _ in range(5)] == [[0, 1], [2, 3], [4, 0], [1, 2], [3, 4]]


def test_a_job_over_the_budget_runs_alone() -> None:
    plan = scheduler(Ticket(1, "a", 500), Ticket(2, "b", 10), budget=100)
    batches = [plan.pick() for _ in range(60)]
    assert [1] in batches and [2] in batches
    assert all(batch in ([1], [2]) for batch in batches)


def test_clients_share_by_cost_not_by_number_of_jobs() -> None:
    many = [Ticket(job, "many", 50) for job in range(9)]
    plan = scheduler(*many, Ticket(99, "one", 50), budget=100)
    served = Counter(job for _ in range(40) for job in plan.pick())
    assert served[99] == 40  # half of every batch, although nine other jobs compete
    assert max(served[job] for job in range(9)) - min(served[job] for job in range(9)) <= 1


def test_what_ran_while_there_was_room_for_all_is_counted_too() -> None:
    plan = scheduler(*(Ticket(job, "many", 30) for job in (0, 1)), Ticket(9, "one", 30))
    assert all(sorted(plan.pick()) == [0, 1, 9] for _ in range(10))
    plan.submit(Ticket(10, "one", 30))
    plan.admit()
    # "one" has had half of what "many" has: its jobs are in every batch until it has caught up
    assert all({9, 10} <= set(plan.pick()) for _ in range(5))


def test_a_newcomer_is_served_at_once_and_gains_nothing_by_coming_late() -> None:
    plan = scheduler(Ticket(1, "old", 60), budget=100)
    for _ in range(50):
        plan.pick()
    plan.submit(Ticket(2, "new", 60))
    plan.admit()
    later = [plan.pick() for _ in range(20)]
    assert [2] in later[:2]
    assert abs(sum(batch == [1] for batch in later) - 10) <= 1


def test_waiting_jobs_start_as_others_leave_and_the_least_served_client_first() -> None:
    plan = scheduler(*(Ticket(job, "many", 1) for job in range(4)), Ticket(9, "one", 1), running=2)
    assert sorted(plan.pick()) == [0, 9]
    plan.remove(0)
    assert plan.admit() == [1]


def test_a_newcomer_takes_a_slot_of_who_has_several() -> None:
    plan = scheduler(*(Ticket(job, "many", 1) for job in range(9)), running=4)
    assert plan.pick() == [0, 1, 2, 3] and plan.n_waiting["interactive"] == 5
    assert plan.submit(Ticket(9, "one", 1)) == 0
    assert plan.admit() == [9] and sorted(plan.pick()) == [0, 1, 2, 9]
    plan.remove(9)
    assert plan.admit() == [3]  # the one that gave way is the next


def test_the_queue_is_bounded() -> None:
    plan = Scheduler(100, max_running=2, max_waiting=3)
    assert [plan.submit(Ticket(job, "a", 1)) for job in range(5)] == [0, 0, 1, 2, 3]
    with pytest.raises(QueueFull, match="all 5 places"):
        plan.submit(Ticket(5, "a", 1))
    plan.remove(4)
    assert plan.submit(Ticket(5, "a", 1)) == 3


def test_one_client_cannot_take_all_places_not_even_with_paused_jobs() -> None:
    plan = Scheduler(100, max_running=8, max_waiting=24)
    for job in range(28):
        plan.submit(Ticket(job, "many", 1), paused=job % 2 == 0)
    with pytest.raises(QueueFull, match="28 jobs of one client"):
        plan.submit(Ticket(28, "many", 1))
    assert [plan.submit(Ticket(job, f"client {job}", 1)) for job in range(30, 34)] == [0] * 4
    with pytest.raises(QueueFull, match="all 32 places"):
        plan.submit(Ticket(40, "another", 1))


def test_paused_jobs_are_left_out_until_they_resume() -> None:
    plan = scheduler(Ticket(1, "a", 1), Ticket(2, "a", 1))
    plan.pause(1)
    assert plan.pick() == [2]
    plan.pause(2)
    assert plan.pick() == [] and not plan.has_work
    plan.resume(1)
    assert plan.has_work and plan.admit() == [1] and plan.pick() == [1]


def test_a_paused_job_gives_up_its_slot_and_keeps_its_age() -> None:
    plan = scheduler(*(Ticket(job, "a", 1) for job in range(4)), running=2)
    plan.pause(0)
    assert plan.admit() == [2] and sorted(plan.pick()) == [1, 2]
    plan.resume(0)
    assert plan.admit() == [0] and sorted(plan.pick()) == [0, 1]
    assert plan.submit(Ticket(7, "a", 1), paused=True) == 0 and plan.admit() == []


def test_interactive_jobs_go_ahead_of_batch_jobs() -> None:
    patient = [Ticket(job, "a", 40, "batch") for job in range(20)]
    plan = scheduler(*patient, running=8, waiting=40)
    assert plan.n_running == 8
    for job in range(20, 30):
        plan.submit(Ticket(job, "b", 40))
    assert plan.admit() == list(range(20, 28)) and plan.n_running == 9  # and one slot for the others
    served = Counter(job for _ in range(160) for job in plan.pick())
    assert sum(served[job] for job in range(20, 28)) > 200 > served[0] > 20
    for job in range(20, 30):
        plan.remove(job)
    plan.admit()
    assert plan.n_running == 8 and plan.n_waiting == {"interactive": 0, "batch": 12}


def test_deadlines_pass_wherever_a_job_is() -> None:
    tickets = [Ticket(job, "a", 1, deadline=deadline) for job, deadline in enumerate([5.0, 3.0, None, 4.0, 9.0])]
    plan = scheduler(*tickets, running=2)
    plan.pause(3)
    assert plan.next_deadline == 3.0 and plan.expire(2.9) == []
    plan.remove(1)
    assert plan.next_deadline == 4.0
    assert plan.expire(5.0) == [3, 0] and plan.next_deadline == 9.0 and len(plan) == 2
    assert plan.expire(100.0) == [4] and plan.next_deadline is None
    plan.admit()
    assert plan.pick() == [2]


def test_deadlines_of_jobs_that_have_ended_are_not_kept() -> None:
    """Such as those of a client that gives each of its short jobs a day."""
    plan = scheduler(Ticket(0, "a", 1, deadline=50.0), running=4)
    for job in range(1, 1000):
        plan.submit(Ticket(job, "a", 1, deadline=100.0 + job))
        plan.remove(job)
    assert len(plan._deadlines) <= 2 * plan.places
    assert plan.next_deadline == 50.0 and plan.expire(60.0) == [0] and plan.next_deadline is None


def test_a_suspect_shares_no_batch_until_it_is_trusted() -> None:
    plan = scheduler(Ticket(1, "a", 5, alone=True), Ticket(2, "a", 5), Ticket(3, "b", 5))
    batches = [plan.pick() for _ in range(12)]
    assert [1] in batches and all(batch == [1] or 1 not in batch for batch in batches)
    plan.trust(1)
    assert sorted(plan.pick()) == [1, 2, 3]


def test_finished_molecules_make_room() -> None:
    plan = scheduler(Ticket(1, "a", 80), Ticket(2, "a", 30), budget=100)
    assert plan.pick() == [1]
    plan.reprice(1, 40)
    assert sorted(plan.pick()) == [1, 2]


def test_removing_what_is_not_there_says_so() -> None:
    plan = scheduler(Ticket(1, "a", 1))
    assert plan.remove(1) and not plan.remove(1) and not plan.has_work and len(plan) == 0


JOBS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 60), st.sampled_from(["interactive", "batch"]), st.booleans()),
    min_size=1,
    max_size=10,
)


@settings(deadline=None)
@given(JOBS, st.integers(5, 100), st.integers(1, 12))
def test_nothing_that_runs_starves_and_no_batch_bursts(
    jobs: list[tuple[str, int, Lane, bool]], budget: int, running: int
) -> None:
    tickets = {
        job: Ticket(job, client, cost, lane, alone=alone) for job, (client, cost, lane, alone) in enumerate(jobs)
    }
    plan = scheduler(*tickets.values(), budget=budget, running=running)
    served: Counter[int] = Counter()
    for _ in range(1000 * len(jobs)):
        batch = plan.pick()
        assert len(set(batch)) == len(batch) > 0
        assert len(batch) == 1 or sum(tickets[job].cost for job in batch) <= budget
        assert len(batch) == 1 or not any(tickets[job].alone for job in batch)
        served.update(batch)
        if len(served) == plan.n_running:
            break
    assert len(served) == plan.n_running


class Machine(RuleBasedStateMachine):
    """Whatever comes, in whatever order: slots, places and ages are as promised."""

    def __init__(self) -> None:
        super().__init__()
        self.plan = Scheduler(budget=50, max_running=4, max_waiting=12)
        self.tickets: dict[int, Ticket] = {}
        self.paused: set[int] = set()
        self.count = 0
        self.now = 0.0

    @rule(
        client=st.sampled_from("abc"),
        cost=st.integers(1, 80),
        lane=st.sampled_from(["interactive", "batch"]),
        paused=st.booleans(),
        delay=st.none() | st.floats(0, 9),
    )
    def submit(self, client: str, cost: int, lane: Lane, paused: bool, delay: float | None) -> None:
        self.count += 1
        ticket = Ticket(self.count, client, cost, lane, None if delay is None else self.now + delay)
        held = sum(other.client == client for other in self.tickets.values())
        full = len(self.tickets) == 16 or (len(self.tickets) >= 14 and held >= 2)
        try:
            position = self.plan.submit(ticket, paused)
        except QueueFull:
            assert full
            return
        assert not full and position >= 0
        self.tickets[self.count] = ticket
        if paused:
            self.paused.add(self.count)
        elif position == 0:
            self.plan.admit()
            assert self.count in self.plan._running

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        job = data.draw(st.integers(0, self.count + 1))
        assert self.plan.remove(job) == (self.tickets.pop(job, None) is not None)
        self.paused.discard(job)

    @rule(data=st.data(), resume=st.booleans())
    def pause(self, data: st.DataObject, resume: bool) -> None:
        job = data.draw(st.integers(0, self.count + 1))
        if resume:
            self.plan.resume(job)
            self.paused.discard(job)
        else:
            self.plan.pause(job)
            self.paused |= {job} & set(self.tickets)

    @rule(seconds=st.floats(0, 5))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        due = {
            job for job, ticket in self.tickets.items() if ticket.deadline is not None and ticket.deadline <= self.now
        }
        assert set(self.plan.expire(self.now)) == due
        for job in due:
            del self.tickets[job]
        self.paused -= due

    @rule()
    def step(self) -> None:
        self.plan.admit()
        running = set(self.plan._running)
        assert set(self.plan.pick()) <= running and self.plan.has_work == bool(running)

    @invariant()
    def slots_are_shared_fairly(self) -> None:
        self.plan.admit()
        running, awake = set(self.plan._running), set(self.tickets) - self.paused
        assert running <= awake and len(self.plan) == len(self.tickets)
        assert sum(self.plan.n_waiting.values()) == len(awake - running)
        for lane, least in (("interactive", 4), ("batch", 1)):
            own = [job for job in awake if self.tickets[job].lane == lane]
            slots = Counter(self.tickets[job].client for job in own if job in running)
            assert slots.total() >= min(least, len(own))
            for job in set(own) - running:
                client = self.tickets[job].client
                assert max(slots.values()) <= slots[client] + 1
                assert all(other < job for other in own if other in running and self.tickets[other].client == client)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
