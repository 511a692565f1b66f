"""Training and inference: SchNetPack's stock modules beside this project's network, the same molecules, one run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import nn

from gpff.data import QM9
from gpff.data import load as load_data
from gpff.force import ForceField
from gpff.noising import Batch, NoiseConfig, noised
from gpff.painn import NetworkConfig, PaiNN

BATCH = 64
EIGHT = "one evaluation, 8 molecules"


@dataclass(frozen=True)
class Result:
    """One comparison: the same quantity on both sides."""

    what: str
    unit: str
    stock_paper: float
    stock_ours: float
    ours: float
    bigger_is_better: bool

    @property
    def ratios(self) -> tuple[float, float]:
        """How many times better ours is than the stock modules with the paper's basis, and with our basis."""
        if self.bigger_is_better:
            return self.ours / self.stock_paper, self.ours / self.stock_ours
        return self.stock_paper / self.ours, self.stock_ours / self.ours


def best(function: Callable[[], object], repeats: int) -> float:
    """Median seconds of ``repeats`` calls after three that are not counted."""
    for _ in range(3):
        function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return median(times)


def draw(data: QM9, n: int, seed: int) -> Batch:
    """``n`` noised molecules."""
    rng = np.random.default_rng(seed)
    return noised(data, rng.integers(0, len(data), n), NoiseConfig(), rng)


def stock_networks() -> tuple[nn.Module, nn.Module]:
    """SchNetPack's PaiNN at 128 features with the paper's 600 Gaussians, and with our basis and ``same`` weights."""
    with warnings.catch_warnings():  # SchNetPack's imports warn
        warnings.simplefilter("ignore")
        from gpff.network import SchNetPackField, paper_basis
    config = NetworkConfig()
    return SchNetPackField(config, paper_basis()), SchNetPackField(config)


def stock_training(net: nn.Module, batch: Batch) -> float:
    """Molecules per second of forward, backward and AdamW alone, on a batch that is already there (in its favour)."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4, fused=True)
    numbers, positions, forces, ptr = (
        torch.from_numpy(a) for a in (batch.numbers, batch.positions, batch.forces, batch.ptr)
    )

    def step() -> None:
        optimizer.zero_grad()
        (net(numbers, positions, ptr) - forces).square().mean().backward()
        optimizer.step()

    return BATCH / best(step, 9)


def our_training(steps: int = 500, skip: int = 100) -> float:
    """Molecules per second of ``gpff train``, everything included, after the first ``skip`` steps."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-W", "ignore", "-m", "gpff.train", folder, "--steps", str(steps)]
        command += ["--batch", str(BATCH), "--log-every", str(skip), "--check-every", "0"]
        subprocess.run(command, check=True, capture_output=True)
        rows = [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text().splitlines()]
    return float(median(row["molecules_per_s"] for row in rows if row["step"] > skip))


def compare() -> Iterator[Result]:
    """Every comparison, as soon as it is measured."""
    data = load_data().subset("train")
    paper, same = stock_networks()
    ours = PaiNN()
    same.load_field(ours.state_dict())  # type: ignore[operator]
    batch = draw(data, BATCH, 0)
    yield Result(
        "training, whole loop of ours", "molecules/s",
        stock_training(paper, batch), stock_training(same, batch), our_training(), True,
    )  # fmt: skip
    yield from evaluations((1, 3, 8, 64))


def eight() -> Result:
    """One evaluation of 8 molecules alone."""
    return next(evaluations((8,)))


def evaluations(sizes: Sequence[int]) -> Iterator[Result]:
    """One evaluation of each number of molecules, the same weights on our side and one of the stock ones."""
    data = load_data().subset("train")
    paper, same = stock_networks()
    ours = PaiNN()
    same.load_field(ours.state_dict())  # type: ignore[operator]
    field = ForceField(ours, "cpu")
    for n in sizes:
        yield inference(paper, same, field, draw(data, n, n))


def inference(paper: nn.Module, same: nn.Module, field: ForceField, batch: Batch) -> Result:
    """Milliseconds of one network evaluation on each side, each on the number of threads that suits it best."""
    tensors = [torch.from_numpy(a) for a in (batch.numbers, batch.positions, batch.ptr)]
    arrays = (batch.numbers, batch.positions.astype(np.float64), batch.ptr)
    with torch.inference_mode():
        stock_paper = 1000 * fastest(lambda: paper(*tensors), 40)
        stock_ours = 1000 * fastest(lambda: same(*tensors), 40)
    ours = 1000 * fastest(lambda: field(*arrays), 80)
    return Result(f"one evaluation, {len(batch.sigma)} molecules", "ms", stock_paper, stock_ours, ours, False)


def fastest(function: Callable[[], object], repeats: int) -> float:
    """:func:`best` on one thread, or on all: of a few molecules, one may be done sooner."""
    all_threads = torch.get_num_threads()
    seconds = []
    try:
        for threads in {1, all_threads}:
            torch.set_num_threads(threads)
            seconds.append(best(function, repeats))
    finally:
        torch.set_num_threads(all_threads)
    return min(seconds)
