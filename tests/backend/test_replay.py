"""A node's spec and seed bring its molecules back."""

from typing import Any

import numpy as np
import pytest
from client import Live, running, settings
from test_rest import problem

import gpff
from gpff.checkpoint import Model
from gpff.plan import compile
from studio.api.replay import compared, spec_of
from studio.design_types import REPLAY_TOLERANCE, Node, SavedCandidate
from studio.engine.engine import Engine
from studio.engine.messages import Start
from studio.engine.scheduler import Scheduler
from studio.errors import Conflict
from studio.protocol import Attempts, Candidate, GenerateResult, GenerateSpec, Timings
from studio.settings import Settings
from studio.specs import to_spec

ETHANOL = {"formula": "C2H6O", "n_samples": 2, "steps": 12}
WATER = [(0.0, 0.0, 0.0), (0.96, 0.0, 0.0), (-0.24, 0.93, 0.0)]
LONG = {"formula": "C7H8O2", "steps": 1024, "seed": 1}


def generated(live: Live, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A node with what the service makes of `spec` now."""
    result = live.post("/generate", json=spec).json()
    found = {"seed": result["seed"], "model": result["model"], "candidates": result["candidates"]}
    return {"id": "node", "kind": "generation", "spec": spec, **found, **more}


def replayed(live: Live, node: dict[str, Any]) -> Any:
    design = live.post("/designs", json={"nodes": [node]})
    assert design.status_code == 201, design.text
    return live.post(f"{design.headers['location']}/nodes/node/replay")


@pytest.mark.parametrize("sampler", ["sdd", "dd", "as_stochastic_heun"])
def test_a_replay_gives_the_same_coordinates(live: Live, sampler: str) -> None:
    """Also with another job in every call, and of a seed that the service drew."""
    busy = live.post("/jobs", json=LONG).json()["job"]
    answer = replayed(live, generated(live, {**ETHANOL, "sampler": sampler})).json()
    assert live.get(f"/jobs/{busy}").json()["state"] in ("queued", "running", "finished")
    assert answer["agrees"] and answer["tolerance"] == REPLAY_TOLERANCE and answer["model"] == "0" * 64
    assert [one["same_atoms"] for one in answer["candidates"]] == [True, True]
    assert max(one["deviation"] for one in answer["candidates"]) < 1e-6


def test_a_replay_with_what_was_kept_of_other_runs_does_not_agree(live: Live) -> None:
    node = generated(live, {**ETHANOL, "seed": 1})
    first, second = node["candidates"]
    moved = {**first, "positions": [[x + 0.1, y, z] for x, y, z in first["positions"]]}
    answer = replayed(live, {**node, "candidates": [moved, second]}).json()
    assert not answer["agrees"] and not answer["exact"]
    assert [one["deviation"] for one in answer["candidates"]] == [pytest.approx(0.1), 0]
    answer = replayed(live, {**node, "candidates": node["candidates"][:1]}).json()
    assert not answer["agrees"] and len(answer["candidates"]) == 1 and answer["candidates"][0]["deviation"] == 0
    answer = replayed(live, {**node, "spec": {**ETHANOL, "formula": "CH4"}}).json()
    assert answer["candidates"] == [{"same_atoms": False, "deviation": None}] * 2 and not answer["agrees"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"spec": None}, "nothing was generated"),
        ({"candidates": []}, "nothing was generated"),
        ({"seed": None}, "the seed"),
        ({"reproducible": False}, "steered"),
        ({"model": "f" * 64}, "made by the model ffffffffffff, here runs 000000000000"),
    ],
)
def test_what_cannot_be_run_again_is_a_conflict(live: Live, change: dict[str, Any], words: str) -> None:
    response = replayed(live, {**generated(live, ETHANOL), **change})
    assert words in problem(response, 409, "conflict")["detail"]


def test_a_spec_over_a_limit_of_now_says_so(live: Live) -> None:
    node = generated(live, ETHANOL)
    response = replayed(live, {**node, "spec": {**ETHANOL, "n_samples": 65}})
    assert problem(response, 413, "over_limit")["field"] == "n_samples"


def test_a_seed_in_the_spec_counts_when_the_node_has_none() -> None:
    node = Node(
        id="a",
        created="2026-01-31T12:00:00Z",  # type: ignore[arg-type]
        spec=GenerateSpec(formula="H2O", seed=5),
        candidates=[SavedCandidate(numbers=[8, 1, 1], positions=WATER)],
    )
    assert spec_of(node, "f" * 64).seed == 5
    assert spec_of(node.model_copy(update={"seed": 6, "model": "f" * 64}), "f" * 64).seed == 6
    with pytest.raises(Conflict):
        spec_of(node.model_copy(update={"model": "e" * 64}), "f" * 64)


@pytest.mark.parametrize(("shift", "agrees", "exact"), [(0.0, True, True), (0.04, True, False), (0.06, False, False)])
def test_the_atom_that_is_off_most_decides(shift: float, agrees: bool, exact: bool) -> None:
    moved = [WATER[0], WATER[1], (-0.24, 0.93, shift)]
    facts: dict[str, Any] = {"smiles": None, "valid": True, "reason": None, "bonds": [], "steps": 1}
    facts |= {"sigma_hat": None, "rms_force": None}
    now = Candidate(numbers=[8, 1, 1], positions=moved, **facts)
    result = GenerateResult(
        job="1",
        model="f" * 64,
        seed=1,
        timings=Timings(queue_s=0, run_s=0),
        candidates=[now],
        attempts=Attempts(rerun=0, budget=0),
    )
    answer = compared([SavedCandidate(numbers=[8, 1, 1], positions=WATER)], result)
    assert (answer.agrees, answer.exact) == (agrees, exact)
    assert answer.candidates[0].deviation == pytest.approx(shift)


def test_the_shipped_network_brings_molecules_back_whoever_shares_its_calls() -> None:
    model: Model = gpff.load(device="cpu")

    def run(mates: int) -> np.ndarray[Any, Any]:
        spec = GenerateSpec(formula="C7H8O2", n_samples=2, steps=24)
        plan = compile(to_spec(spec, 7, Settings().spec_limits()))
        other = compile(to_spec(GenerateSpec(formula="C9H20", n_samples=2, steps=20), 1, Settings().spec_limits()))
        engine = Engine(model.forces, Scheduler(65_536, 16, 16))
        events = [event for i in range(mates) for event in engine.handle(Start(10 + i, "mate", other))]
        events += engine.handle(Start(1, "client", plan))
        while True:
            for event in events:
                if event.job == 1 and hasattr(event, "last"):
                    return np.asarray(event.last.state.positions)
            events = engine.step()

    alone = run(0)
    np.testing.assert_array_equal(run(0), alone)
    assert np.linalg.norm(run(3) - alone, axis=1).max() < REPLAY_TOLERANCE / 10


def test_a_replay_is_a_job_and_counts_as_one() -> None:
    with running(settings("harmonic", rate_jobs="2/hour")) as live:
        node = generated(live, {**ETHANOL, "seed": 1})
        assert replayed(live, node).json()["exact"]
        problem(replayed(live, node), 429, "busy")
        assert live.get("/designs").json()["total"] == 2
