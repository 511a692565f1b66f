"""The elements of the training set and the few facts about them that the library needs; every element's symbol."""

from __future__ import annotations

SYMBOLS: dict[int, str] = {1: "H", 6: "C", 7: "N", 8: "O", 9: "F"}
NUMBERS: dict[str, int] = {symbol: number for number, symbol in SYMBOLS.items()}

# Bonds of a neutral, closed-shell atom.
VALENCES: dict[int, int] = {1: 1, 6: 4, 7: 3, 8: 2, 9: 1}

MIN_DISTANCE = 0.4  # Å; nuclei nearer than this overlap: no two of a molecule come so close (H–H is 0.74 Å)

_TABLE = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru
Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At
Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
"""
PERIODIC: tuple[str, ...] = tuple(_TABLE.split())
"""Element z is PERIODIC[z - 1]: files may name any, the model knows those of SYMBOLS."""
