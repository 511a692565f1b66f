"""How a tree of nodes grows: what may be added where, and the rows that it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from sqlalchemy import Connection, insert, select

from gpff.errors import InputError
from studio.design_types import NewNode
from studio.errors import Conflict
from studio.store.rows import Prepared, candidate_rows, formulas, node_row, prepared
from studio.store.tables import candidates, design_formulas, nodes

_IN_ONE_QUESTION = 500  # databases bound the parameters of a statement
_IN_ONE_GO = 200  # rows of nodes that are in memory at a time


@dataclass(frozen=True)
class Known:
    """What must be known of a node that is there, to add others."""

    digest: bytes
    n_candidates: int


def ready(given: Sequence[NewNode]) -> list[Prepared]:
    """Nodes with their ids. Raises `InputError` naming the field."""
    found = []
    for i, node in enumerate(given):
        try:
            found.append(prepared(node))
        except InputError as error:
            raise error.under(f"nodes.{i}") from None
    return found


def known(connection: Connection, design: str, items: Sequence[Prepared]) -> dict[str, Known]:
    """Those of these nodes, and of their parents, that are there."""
    names = {item.id for item in items} | {item.node.parent for item in items if item.node.parent is not None}
    found = {}
    for some in batched(sorted(names), _IN_ONE_QUESTION):
        query = select(nodes.c.id, nodes.c.digest, nodes.c.n_candidates)
        for row in connection.execute(query.where(nodes.c.design == design, nodes.c.id.in_(some))):
            found[row.id] = Known(row.digest, row.n_candidates)
    return found


def added(items: Sequence[Prepared], there: dict[str, Known], rooted: bool) -> list[Prepared]:
    """Those of `items` that are new, in order. Pure; `rooted`: the tree has its root.

    Raises `Conflict` for a node that is there with other content, `InputError` for one that has no place.
    """
    tree = dict(there)
    new = []
    for i, item in enumerate(items):
        before = tree.get(item.id)
        if before is not None:
            if before.digest != item.digest:
                raise Conflict(f"nodes.{i}: there is another node {item.id} in this design; nodes do not change")
            continue
        _check_place(item, tree, rooted, f"nodes.{i}")
        tree[item.id] = Known(item.digest, len(item.node.candidates))
        rooted = True
        new.append(item)
    return new


def _check_place(item: Prepared, tree: dict[str, Known], rooted: bool, field: str) -> None:
    parent, chosen = item.node.parent, item.node.chosen
    if parent is None and rooted:
        raise InputError(f"{field}.parent", "a node of the design, as only the first has none", "null")
    if parent is not None and parent not in tree:
        raise InputError(f"{field}.parent", "a node that is there or comes earlier", repr(parent))
    n = len(item.node.candidates) or (tree[parent].n_candidates if parent is not None else 0)
    if chosen is not None and chosen >= n:
        raise InputError(f"{field}.chosen", f"one of {n} candidates, counted from 0", str(chosen))


def insert_nodes(connection: Connection, design: str, items: Sequence[Prepared], first: int, now: datetime) -> None:
    """Write new nodes, the first of them at position `first`."""
    for some in batched(enumerate(items, first), _IN_ONE_GO):
        connection.execute(insert(nodes), [node_row(item, design, position, now) for position, item in some])
        rows = [row for position, item in some for row in candidate_rows(item.node, design, position)]
        if rows:
            connection.execute(insert(candidates), rows)
    _insert_formulas(connection, design, formulas([item.node for item in items]))


def _insert_formulas(connection: Connection, design: str, found: set[str]) -> None:
    there: set[str] = set()
    for some in batched(sorted(found), _IN_ONE_QUESTION):
        column = design_formulas.c.formula
        query = select(column).where(design_formulas.c.design == design, column.in_(some))
        there |= set(connection.execute(query).scalars())
    rows = [{"design": design, "formula": text} for text in sorted(found - there)]
    if rows:
        connection.execute(insert(design_formulas), rows)
