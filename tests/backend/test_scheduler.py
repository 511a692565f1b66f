"""Who goes next, and who waits."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.engine.scheduler import QueueFull, Scheduler, Ticket


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


def test_the_queue_is_bounded() -> None:
    plan = Scheduler(100, max_running=2, max_waiting=3)
    assert [plan.submit(Ticket(job, "a", 1)) for job in range(5)] == [0, 0, 1, 2, 3]
    with pytest.raises(QueueFull):
        plan.submit(Ticket(5, "a", 1))
    plan.remove(4)
    assert plan.submit(Ticket(5, "a", 1)) == 3


def test_paused_jobs_are_left_out_until_they_resume() -> None:
    plan = scheduler(Ticket(1, "a", 1), Ticket(2, "a", 1))
    plan.pause(1)
    assert plan.pick() == [2]
    plan.pause(2)
    assert plan.pick() == [] and not plan.has_work
    plan.resume(1)
    assert plan.has_work and plan.pick() == [1]


def test_finished_molecules_make_room() -> None:
    plan = scheduler(Ticket(1, "a", 80), Ticket(2, "a", 30), budget=100)
    assert plan.pick() == [1]
    plan.reprice(1, 40)
    assert sorted(plan.pick()) == [1, 2]


def test_removing_what_is_not_there_says_so() -> None:
    plan = scheduler(Ticket(1, "a", 1))
    assert plan.remove(1) and not plan.remove(1) and not plan.has_work and len(plan) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 250)), min_size=1, max_size=10), st.integers(1, 200))
def test_nothing_starves_and_no_batch_bursts(jobs: list[tuple[str, int]], budget: int) -> None:
    tickets = {job: Ticket(job, client, cost) for job, (client, cost) in enumerate(jobs)}
    plan = scheduler(*tickets.values(), budget=budget)
    served: Counter[int] = Counter()
    for _ in range(40 * len(jobs) * 250):
        batch = plan.pick()
        assert len(set(batch)) == len(batch) > 0
        assert len(batch) == 1 or sum(tickets[job].cost for job in batch) <= budget
        served.update(batch)
        if len(served) == len(jobs):
            break
    assert set(served) == set(tickets)
