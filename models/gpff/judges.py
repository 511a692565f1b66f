"""Harder tests of a molecule than its bonds: PoseBusters' checks (tier 1) and relaxation by GFN2-xTB (tier 2).

Both are for evaluation and want its optional packages, `posebusters` and `tblite`. Called in this process; run them by
`gpff.workers`, since native code can hang.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from rdkit import Chem, rdBase
from scipy.optimize import minimize

from gpff.chemistry import perceive, to_sdf
from gpff.molecules import Floats, Ints

if TYPE_CHECKING:
    from gpff.chemistry import Verdict

BOHR = 0.529177210544
"""Å."""
HARTREE = 27.211386245981
"""eV."""
MAX_RELAXATION_STEPS = 250
FORCE_TOLERANCE = 5e-4
"""Largest force component at the minimum, hartree / bohr."""


@dataclass(frozen=True)
class Relaxed:
    """What relaxing did: energy given off in eV (not negative), all-atom RMSD in Å, the same molecule afterwards."""

    energy: float
    rmsd: float
    same: bool


def failed_checks(numbers: Ints, positions: Floats, verdict: Verdict) -> tuple[str, ...]:
    """Names of PoseBusters' `mol` checks that a molecule with bonds fails; empty for one that passes all.

    `numbers [n_atoms]`, `positions [n_atoms, 3]` Å.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromMolBlock(to_sdf(numbers, positions, verdict), removeHs=False)
        row = _buster().bust([mol]).iloc[0]
    return tuple(str(name) for name, passed in row.items() if not bool(passed))


@cache
def _buster() -> Any:
    from posebusters import PoseBusters

    return PoseBusters(config="mol")


def relax(numbers: Ints, positions: Floats) -> Relaxed:
    """Relax one molecule with GFN2-xTB (quasi-Newton, to `FORCE_TOLERANCE`).

    `numbers [n_atoms]`, `positions [n_atoms, 3]` Å. Raises RuntimeError where the electronic structure does not
    converge.
    """
    from tblite.interface import Calculator
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)  # a small molecule is done in the time that its threads wait for each other
    calculator = Calculator("GFN2-xTB", np.asarray(numbers, dtype=np.int64), positions / BOHR)
    calculator.set("verbosity", 0)

    def energy(flat: Floats) -> tuple[float, Floats]:
        calculator.update(positions=flat.reshape(-1, 3))
        result = calculator.singlepoint()
        return float(result.get("energy")), np.asarray(result.get("gradient")).ravel()

    start = np.asarray(positions, dtype=np.float64).ravel() / BOHR
    found = minimize(
        energy, start, jac=True, method="L-BFGS-B", options={"gtol": FORCE_TOLERANCE, "maxiter": MAX_RELAXATION_STEPS}
    )
    after = found.x.reshape(-1, 3) * BOHR
    before = perceive(numbers, positions).smiles
    return Relaxed(
        energy=max(0.0, (energy(start)[0] - float(found.fun)) * HARTREE),
        rmsd=rmsd(positions, after),
        same=before is not None and before == perceive(numbers, after).smiles,
    )


def rmsd(a: Floats, b: Floats) -> float:
    """Root mean square distance in Å of `a [n_atoms, 3]` and `b [n_atoms, 3]`, laid upon each other."""
    p, q = a - a.mean(axis=0), b - b.mean(axis=0)
    u, s, vt = np.linalg.svd(p.T @ q)
    s[-1] *= np.sign(np.linalg.det(u @ vt))
    return float(np.sqrt(max(0.0, (np.square(p).sum() + np.square(q).sum() - 2.0 * s.sum()) / len(p))))
