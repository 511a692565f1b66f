"""The child's end of the socket: it never waits for a parent that does not read."""

import pickle
import socket
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from gpff import samplers
from gpff.plan import compile
from gpff.spec import Spec
from studio.engine.messages import Cancel, Cancelled, Done, Event, Snapshot
from studio.engine.process import LENGTH, Channel, Options, load, pack, resolve


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
        list(channel.exchange(wait=False))
        try:
            data += sock.recv(1 << 20)
        except TimeoutError:
            break
    events = []
    while data:
        (length,) = LENGTH.unpack(data[: LENGTH.size])
        events.append(pickle.loads(data[LENGTH.size : LENGTH.size + length]))
        data = data[LENGTH.size + length :]
    return events


def test_messages_in_any_pieces_are_put_together(ends: tuple[Channel, socket.socket]) -> None:
    channel, parent = ends
    data = pack(Cancel(1)) + pack(Cancel(2))
    got = []
    for i in range(len(data)):
        parent.send(data[i : i + 1])
        got += list(channel.exchange(wait=False))
    assert got == [Cancel(1), Cancel(2)]


def test_several_messages_at_once_need_no_second_wait(ends: tuple[Channel, socket.socket]) -> None:
    channel, parent = ends
    options = Options("fields:harmonic", "default", None, 1, 1, 1)
    parent.send(pack(options) + pack(Cancel(1)))
    assert channel.first() == options
    assert list(channel.exchange(wait=True)) == [Cancel(1)]


def test_a_parent_that_does_not_read_costs_frames_and_nothing_else(ends: tuple[Channel, socket.socket]) -> None:
    channel, parent = ends
    for step in range(300):
        channel.post(snapshot(step, n_atoms=1000))
        assert list(channel.exchange(wait=False)) == []
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
        list(channel.exchange(wait=True))


def test_a_factory_is_found_by_its_path() -> None:
    import fields

    assert resolve("fields:harmonic") is fields.harmonic
    with pytest.raises(ModuleNotFoundError):
        resolve("no_such_module:f")
    with pytest.raises(AttributeError):
        resolve("fields:no_such_function")


def test_loading_evaluates_the_model_once() -> None:
    model = load(Options("fields:harmonic", "default", None, 1, 1, 1))
    assert model.forces.calls == [1, 3]  # type: ignore[attr-defined]


def test_a_model_whose_forces_are_not_finite_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    import fields

    monkeypatch.setattr(fields.Harmonic, "force", lambda self, numbers, forces: forces * np.nan)
    with pytest.raises(ValueError, match="not finite"):
        load(Options("fields:harmonic", "default", None, 1, 1, 1))
