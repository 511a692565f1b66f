"""The child's end of the socket: it never waits for a parent that does not read."""

import fcntl
import pickle
import resource
import socket
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import numpy as np
import pytest

from gpff import samplers
from gpff.plan import compile
from gpff.spec import Spec
from studio.engine.channel import LENGTH, Channel, pack
from studio.engine.messages import Cancel, Cancelled, Done, Event, Report, Snapshot, Steered


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(theirs), ours


def snapshot(step: int, n_atoms: int = 4) -> Snapshot:
    plan = compile(Spec.from_formula("CH4"))
    return Snapshot(1, replace(samplers.init(plan), step=step, positions=np.full((n_atoms, 3), float(step))))


def received(sock: socket.socket, channel: Channel) -> list[Event]:
    """Everything that the channel has to send, while the parent reads."""
    data = b""
    sock.settimeout(0.05)
    while True:
        list(channel.exchange())
        try:
            data += sock.recv(1 << 20)
        except TimeoutError:
            break
    events = []
    while data:
        (length,) = LENGTH.unpack(data[: LENGTH.size])
        events += pickle.loads(data[LENGTH.size : LENGTH.size + length])
        data = data[LENGTH.size + length :]
    return events


def test_messages_in_any_pieces_are_put_together(ends: tuple[Channel, socket.socket]) -> None:
    channel, parent = ends
    data = pack(Cancel(1)) + pack(Cancel(2))
    got = []
    for i in range(len(data)):
        parent.send(data[i : i + 1])
        got += list(channel.exchange())
    assert got == [Cancel(1), Cancel(2)]


def test_several_messages_at_once_need_no_second_wait(ends: tuple[Channel, socket.socket]) -> None:
    channel, parent = ends
    parent.send(pack("options") + pack(Cancel(1)))
    assert channel.first() == "options"
    assert list(channel.exchange(wait_s=None)) == [Cancel(1)]


def test_a_parent_that_does_not_read_costs_frames_and_nothing_else(ends: tuple[Channel, socket.socket]) -> None:
    channel, parent = ends
    for step in range(300):
        channel.post(snapshot(step, n_atoms=1000))
        assert list(channel.exchange()) == []
    last = snapshot(300, n_atoms=1000)
    channel.post(Done(1, last))
    events = received(parent, channel)
    steps = [event.step for event in events if isinstance(event, Snapshot)]
    assert steps[0] == 0 and steps == sorted(steps) and len(steps) < 100
    jumped = [event for event in events if isinstance(event, Snapshot) and event.dropped]
    assert len(jumped) == 1 and jumped[0].step == 299
    end = events[-1]
    assert isinstance(end, Done) and end.last.step == 300


def test_frames_of_a_cancelled_job_are_taken_back(ends: tuple[Channel, socket.socket]) -> None:
    channel, parent = ends
    channel.post(snapshot(1))
    channel.post(snapshot(2))
    channel.post(Cancelled(1))
    assert received(parent, channel) == [Cancelled(1)]


def test_the_end_of_the_parent_is_the_end(ends: tuple[Channel, socket.socket]) -> None:
    channel, parent = ends
    parent.close()
    with pytest.raises(EOFError):
        list(channel.exchange(wait_s=None))


def test_frames_of_another_plan_are_taken_back_and_the_first_of_the_new_one_comes_behind(
    ends: tuple[Channel, socket.socket],
) -> None:
    channel, parent = ends
    plan = compile(Spec.from_formula("CH4"))
    for event in (snapshot(1), Steered(1, plan, snapshot(2).state), snapshot(3)):
        channel.post(event)
    answer, frame = received(parent, channel)
    assert isinstance(answer, Steered) and isinstance(frame, Snapshot) and frame.step == 3


@pytest.mark.parametrize("after", [0, 3, "end"])
def test_a_frame_after_one_that_was_taken_back_says_so(ends: tuple[Channel, socket.socket], after: int | str) -> None:
    channel, parent = ends
    plan = compile(Spec.from_formula("CH4"))
    last = Done(1, snapshot(20))
    channel.post(snapshot(1))
    channel.post(Steered(1, plan, snapshot(2).state))
    channel.post(last if isinstance(after, str) else snapshot(after))
    _, found = received(parent, channel)
    frame = found.last if isinstance(found, Done) else found
    assert isinstance(frame, Snapshot) and frame.dropped
    channel.post(Steered(1, plan, snapshot(2).state))  # nothing waits
    channel.post(snapshot(4))
    _, found = received(parent, channel)
    assert isinstance(found, Snapshot) and not found.dropped


def test_what_is_told_at_once_is_one_message_as_far_as_it_is_small(ends: tuple[Channel, socket.socket]) -> None:
    channel, parent = ends
    for job in range(40):
        channel.post(Snapshot(job, snapshot(3, n_atoms=500).state))  # 12,000 bytes each
    channel.push()
    parent.settimeout(5)
    jobs: list[list[int]] = []
    while sum(map(len, jobs)) < 40:
        (length,) = LENGTH.unpack(parent.recv(LENGTH.size))
        data = b""
        while len(data) < length:
            data += parent.recv(length - len(data))
            channel.push()
        jobs.append([event.job for event in pickle.loads(data)])
    assert jobs == [[*range(11)], [*range(11, 22)], [*range(22, 33)], [*range(33, 40)]]


def test_of_reports_only_the_newest_waits(ends: tuple[Channel, socket.socket]) -> None:
    channel, parent = ends
    reports = [Report(1.0, 0.1, jobs, 9, {"interactive": 0, "batch": 0}, 1) for jobs in (1, 2)]
    for report in reports:
        channel.post(report)
    assert received(parent, channel) == reports[1:]


def test_waiting_ends_when_its_time_is_over(ends: tuple[Channel, socket.socket]) -> None:
    channel, _ = ends
    assert list(channel.exchange(wait_s=0.01)) == []


def test_a_waiting_channel_still_sends(ends: tuple[Channel, socket.socket]) -> None:
    channel, parent = ends
    for job in range(50):
        channel.post(Snapshot(job, replace(snapshot(0, n_atoms=4000).state)))
    got = b""
    parent.settimeout(5)

    def read() -> None:
        nonlocal got
        while len(got) < 50 * 96_000:
            got += parent.recv(1 << 20)
        parent.send(pack("thanks"))

    reader = Thread(target=read)
    reader.start()
    assert list(channel.exchange(wait_s=None)) == ["thanks"]
    reader.join()


def test_descriptors_above_the_reach_of_select_do(ends: tuple[Channel, socket.socket]) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2100:
        pytest.skip("this machine allows no such descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2100), hard))
    ours, theirs = socket.socketpair()
    try:
        with ours, theirs, socket.socket(fileno=fcntl.fcntl(theirs.fileno(), fcntl.F_DUPFD_CLOEXEC, 2000)) as high:
            channel = Channel(high)
            ours.send(pack("up here"))
            assert high.fileno() >= 2000 and list(channel.exchange(wait_s=None)) == ["up here"]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
