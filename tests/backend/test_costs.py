"""What a step costs: the model through measurements, and the batch that is large enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.engine.costs import LEAST, CostModel, fit

EDGES = [324, 1296, 5184]


@given(st.floats(1e-5, 1e-1), st.floats(1e-9, 1e-4))
def test_exact_measurements_give_the_model_back(step_s: float, edge_s: float) -> None:
    truth = CostModel(step_s, edge_s)
    found = fit(EDGES, [truth.seconds(edges) for edges in EDGES])
    assert found.step_s == pytest.approx(step_s, rel=1e-3, abs=1e-9 * edge_s * EDGES[-1] / step_s)
    assert found.edge_s == pytest.approx(edge_s, rel=1e-3, abs=1e-6 * step_s / EDGES[0])


@pytest.mark.parametrize("seconds", [[2e-3, 2e-3, 1e-3], [1e-4, 1e-3, 8e-3]])
def test_no_part_of_the_cost_is_negative(seconds: list[float]) -> None:
    found = fit(EDGES, seconds)
    assert found.step_s >= 0.0 and found.edge_s >= 0.0 and found.seconds(1000) > 0.0


def test_a_batch_is_large_enough_when_a_tenth_of_its_step_is_fixed() -> None:
    costs = CostModel(step_s=4e-3, edge_s=3e-6)
    budget = costs.budget(65_536)
    assert budget == 12_000 and costs.step_s / costs.seconds(budget) == pytest.approx(0.1)
    assert costs.budget(1000) == 1000
    assert CostModel(1e-3, 0.0).budget(65_536) == 65_536
    assert CostModel(0.0, 1e-6).budget(65_536) == LEAST
