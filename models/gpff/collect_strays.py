"""``gpff collect-strays``: find where a model comes to rest although no molecule is there, and the way home from there.

Two kinds are collected. What the model makes of compositions of the training split and tier 0 turns down; and the
equilibria of the training split that tier 0 turned down, which is why the data have nothing of their kind. The home of
each is found by the model itself: a little noise, so that bonds are decided anew (docs/results/sampling.md), and of
several tries the molecule that is nearest and passes tier 0. A state from which no try leads anywhere is left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from gpff.checkpoint import load as load_model
from gpff.chemistry import BondWorkers, geometric_flaw, perceive_strictly
from gpff.composition import formula
from gpff.cores import cores
from gpff.data import QM9, turned_down
from gpff.data import load as load_data
from gpff.generation import HasForces, generate
from gpff.molecules import Floats, Ints, pointers
from gpff.noising import nearest
from gpff.samplers import ForceFn
from gpff.spec import SHAPES, Blob, Spec
from gpff.strays import ROUNDS, Strays, write

NOISE = 0.4
"""Noise in Å with which the way home is looked for: bonds are decided below it, and above it all is forgotten."""
CALLS = 48
AT_ONCE = 500
"""Molecules that are made, or sent home, at a time."""
AT_REST = 1.0
"""Root mean square of a force in Å below which a sampler has come to rest."""
HELD = ("none", "none", "none", "any", "rod", "disc")
"""What shape holds the molecules that are made, in turn: half of them none."""


@dataclass(frozen=True, eq=False)
class State:
    """`numbers [n]`, `positions [n, 3]` Å, centred."""

    numbers: Ints
    positions: Floats

    @staticmethod
    def of(numbers: NDArray[np.integer[Any]], positions: NDArray[np.floating[Any]]) -> State:
        """Of a molecule that lies anywhere."""
        x = positions.astype(np.float64)
        return State(numbers.astype(np.int64), x - x.mean(axis=0))


def made(
    model: HasForces, data: QM9, n: int, seed: int, calls: int, bonds: BondWorkers, held: Sequence[str] = HELD
) -> Iterator[State]:
    """Of `n` molecules that the model makes of training compositions, those that tier 0 turns down."""
    data = data.subset("train")
    order = np.random.default_rng(seed).permutation(len(data))
    for start in range(0, n, AT_ONCE):
        ids = order[np.arange(start, min(n, start + AT_ONCE)) % len(data)]
        by = held[start // AT_ONCE % len(held)]
        shape = None if by == "none" else by
        specs = [Spec.from_formula(formula(data[int(i)][0].astype(np.int64)), shape=shape) for i in ids]
        candidates = generate(model, specs, 1, "sdd", calls, seed + start, check=False)
        verdicts = bonds.map((c.numbers, c.positions) for c in candidates)
        for candidate, verdict in zip(candidates, verdicts, strict=True):
            if not verdict.valid and candidate.rms_force < AT_REST and geometric_flaw(candidate.positions) is None:
                yield State.of(candidate.numbers, candidate.positions)


def sent_home(model: HasForces | ForceFn, states: Sequence[State], tries: int, seed: int, bonds: BondWorkers) -> Strays:
    """The states for which one of `tries` ended in a molecule that passes tier 0, each with the nearest of those."""
    found = []
    for start in tqdm(range(0, len(states), AT_ONCE), desc="ways home", unit="batch"):
        part = states[start : start + AT_ONCE]
        specs = [
            Spec((Blob(numbers=tuple(s.numbers.tolist()), positions=s.positions, placed=False),), n_samples=tries)
            for s in part
        ]
        candidates = generate(
            model, specs, sampler="sdd", steps=CALLS, seed=seed + start, noise=NOISE, noise_power=0.7, check=False
        )
        verdicts = bonds.map((c.numbers, c.positions) for c in candidates)
        for i, state in enumerate(part):
            homes = [
                _near(state, candidates[j].positions) for j in range(i * tries, (i + 1) * tries) if verdicts[j].valid
            ]
            if homes:
                home = min(homes, key=lambda h: float(np.square(h - state.positions).sum()))
                found.append((state.numbers, state.positions, home))
    return Strays.of(found)


def _near(state: State, home: Floats) -> Floats:
    """The home as it lies nearest to the state, which is centred."""
    centred = (home - home.mean(axis=0)).astype(np.float32)
    found = nearest(state.numbers, centred, state.positions.astype(np.float32), pointers([len(centred)]), ROUNDS)
    return found.astype(np.float64)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gpff collect-strays``."""
    parser.add_argument("file", type=Path, help="file to write, .npz")
    parser.add_argument("--model", default="default", help="name or .safetensors file")
    parser.add_argument("--n", type=int, default=20_000, help="molecules to make (default 20,000)")
    parser.add_argument("--steps", type=int, default=64, help="calls of the network for each (default 64)")
    parser.add_argument("--tries", type=int, default=6, help="ways home that are tried (default 6)")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    parser.add_argument(
        "--held", nargs="+", choices=("none", *SHAPES), default=HELD, metavar="SHAPE",
        help=f"shapes of the molecules that are made, in turn (default {' '.join(HELD)})",
    )  # fmt: skip
    parser.add_argument("--no-qm9", action="store_true", help="without the equilibria of QM9 that tier 0 turned down")


def run(args: argparse.Namespace) -> None:
    """Entry of ``gpff collect-strays``."""
    model, data = load_model(args.model, "cpu"), load_data()
    with BondWorkers(cores(), target=perceive_strictly) as bonds:
        found = made(model, data, args.n, args.seed, args.steps, bonds, args.held)
        states = list(tqdm(found, desc=f"strays of {args.n:,}", unit="stray"))
        if not args.no_qm9:
            states += [State.of(z, x) for z, x in turned_down(data, "train")]
        strays = sent_home(model, states, args.tries, args.seed, bonds)
    write(args.file, strays)
    print(f"{args.file}: {len(strays):,} strays with a home, of {len(states):,}")
