"""The elements of the training set and the few facts about them that the library needs."""

from __future__ import annotations

SYMBOLS: dict[int, str] = {1: "H", 6: "C", 7: "N", 8: "O", 9: "F"}
NUMBERS: dict[str, int] = {symbol: number for number, symbol in SYMBOLS.items()}

# Bonds of a neutral, closed-shell atom.
VALENCES: dict[int, int] = {1: 1, 6: 4, 7: 3, 8: 2, 9: 1}

# Conventional atomic weights in u: IUPAC 2021, abridged.
MASSES: dict[int, float] = {1: 1.008, 6: 12.011, 7: 14.007, 8: 15.999, 9: 18.998}

# Single-bond covalent radii in Å: Cordero et al., Dalton Trans. 2008, 2832 (carbon sp3).
COVALENT_RADII: dict[int, float] = {1: 0.31, 6: 0.76, 7: 0.71, 8: 0.66, 9: 0.57}

MIN_DISTANCE = 0.4  # Å; nuclei nearer than this overlap: no two of a molecule come so close (H–H is 0.74 Å)
