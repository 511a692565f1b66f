"""What RDKit computes of a molecule, and nothing that it does not: no affinities, no solubility, no promises."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from rdkit import Chem, RDConfig, rdBase
from rdkit.Chem import inchi, rdMolDescriptors

from gpff.worker import set_up


@dataclass(frozen=True)
class Properties:
    """Of the molecule as it is drawn, of all its parts together.

    formula in Hill order with the charge; mass average and exact_mass of the lightest isotopes, in u; charge in e
    logp: Crippen's; tpsa: topological polar surface in Å² (Ertl), of N and O
    rotatable_bonds, h_donors, h_acceptors: RDKit's definitions; rings: smallest set
    fraction_csp3: of the carbon atoms; stereocentres: of atoms, specified or not
    sa_score: synthetic accessibility, 1 (easy) to 10 (hard) (Ertl and Schuffenhauer 2009), made for drug-like
    molecules; None when RDKit came without it
    inchi_key: None when InChI does not know the molecule
    """

    smiles: str
    formula: str
    mass: float
    exact_mass: float
    charge: int
    heavy_atoms: int
    logp: float
    tpsa: float
    rotatable_bonds: int
    h_donors: int
    h_acceptors: int
    rings: int
    aromatic_rings: int
    fraction_csp3: float
    stereocentres: int
    sa_score: float | None
    inchi_key: str | None


def properties(mol: Chem.Mol) -> Properties:
    """The properties of a sanitized molecule, with or without explicit hydrogens."""
    with rdBase.BlockLogs():
        # Several definitions count neighbours, and hydrogens would be among them.
        core = Chem.RemoveHs(mol)
        logp, _ = rdMolDescriptors.CalcCrippenDescriptors(core)
        return Properties(
            smiles=Chem.MolToSmiles(core),
            formula=rdMolDescriptors.CalcMolFormula(core),
            mass=rdMolDescriptors._CalcMolWt(core),
            exact_mass=rdMolDescriptors.CalcExactMolWt(core),
            charge=Chem.GetFormalCharge(core),
            heavy_atoms=rdMolDescriptors.CalcNumHeavyAtoms(core),
            logp=logp,
            tpsa=rdMolDescriptors.CalcTPSA(core),
            rotatable_bonds=rdMolDescriptors.CalcNumRotatableBonds(core),
            h_donors=rdMolDescriptors.CalcNumHBD(core),
            h_acceptors=rdMolDescriptors.CalcNumHBA(core),
            rings=rdMolDescriptors.CalcNumRings(core),
            aromatic_rings=rdMolDescriptors.CalcNumAromaticRings(core),
            fraction_csp3=rdMolDescriptors.CalcFractionCSP3(core),
            stereocentres=rdMolDescriptors.CalcNumAtomStereoCenters(core),
            sa_score=_sa_score(core),
            inchi_key=_inchi_key(core),
        )


def _inchi_key(mol: Chem.Mol) -> str | None:
    key: str = inchi.MolToInchiKey(mol)  # type: ignore[no-untyped-call]
    return key or None


def _sa_score(mol: Chem.Mol) -> float | None:
    scorer = _sa_scorer()
    if scorer is None or mol.GetNumHeavyAtoms() == 0:
        return None
    return float(scorer.calculateScore(mol))


@cache
def _sa_scorer() -> Any:
    """RDKit's contributed module, which lies beside the package; None where a distribution left it out.

    Its table of fragments (some 90 MB) is read here, once.
    """
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = spec_from_file_location("sascorer", path)
    if spec is None or spec.loader is None or not path.is_file():
        return None
    module = module_from_spec(spec)
    with set_up():
        spec.loader.exec_module(module)
        module.readFragmentScores()
    return module
