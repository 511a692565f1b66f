"""What can be asked of the saved designs, and changed: every method is one transaction, all or nothing.

A design belongs to its owner; for anyone else it is not there. Changes name the revision that they are a change of
(`expected`, None: whichever there is), so that of two writers the later one learns of it.

Beside what each method names they raise `NotFound`, `Outdated`, `LimitError`, and what `Database` raises.
"""

import json
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from gpff.errors import InputError
from studio.design_types import (
    FORMAT,
    VERSION,
    Appended,
    Design,
    DesignFile,
    DesignPage,
    DesignPatch,
    NewDesign,
    NewNode,
    Node,
)
from studio.errors import NotFound, Outdated
from studio.receipts import HEADER
from studio.store import growth
from studio.store.bounds import Bounds
from studio.store.database import Database
from studio.store.rows import Prepared, folded, head_of, microseconds, moment, node_of, to_json
from studio.store.search import SUMMARY, Query, search, summary, tags_of
from studio.store.tables import candidates, design_tags, designs, nodes

type Revisions = frozenset[int] | None
"""Revisions that a change may be a change of; None: whichever there is."""

_HEAD = [column for column in nodes.c if column.name not in ("spec", "payload", "digest")]


@dataclass(frozen=True)
class Once:
    """A request that counts once, however often it comes: the client's `key`, and the `digest` of what it asks for."""

    key: str
    digest: bytes


class Designs:
    """The designs of a database, within bounds."""

    def __init__(self, database: Database, bounds: Bounds | None = None) -> None:
        self._database = database
        self._bounds = bounds or Bounds()

    # --- reading -------------------------------------------------------------------------------------

    def search(self, owner: str, query: Query) -> DesignPage:
        """Raises `InputError` for a formula or a cursor that is none."""
        with self._database.reading() as connection:
            return search(connection, owner, query)

    def read(self, owner: str, id: str) -> Design:
        """A design with the heads of its nodes."""
        with self._database.reading() as connection:
            return _design(connection, _row(connection, owner, id))

    def node(self, owner: str, id: str, node: str) -> Node:
        """One node, whole."""
        with self._database.reading() as connection:
            _row(connection, owner, id)
            row = connection.execute(select(nodes).where(nodes.c.design == id, nodes.c.id == node)).one_or_none()
            if row is None:
                raise NotFound(f"there is no node {node} in this design")
            query = select(candidates).where(candidates.c.design == id, candidates.c.position == row.position)
            return node_of(row, connection.execute(query.order_by(candidates.c.number)))

    def export(self, owner: str, id: str) -> tuple[DesignFile, int]:
        """A whole design, and its revision."""
        with self._database.reading() as connection:
            row = _row(connection, owner, id)
            return _file(connection, row), row.revision

    def shared(self, share: str) -> DesignFile:
        """A whole design, whoever's, by the name under which it is shared."""
        with self._database.reading() as connection:
            row = connection.execute(select(designs).where(designs.c.share == share)).one_or_none()
            if row is None:
                raise NotFound("there is no shared design of this name, or it is no longer shared")
            return _file(connection, row)

    # --- changing ------------------------------------------------------------------------------------

    def create(
        self, owner: str, new: NewDesign, once: Once | None = None, created: datetime | None = None
    ) -> tuple[Design, bool]:
        """Keep a new design; whether it is new, or the one that `once` has made before.

        Raises `InputError` for nodes that make no tree, and for a key that came with another request.
        """
        try:
            return self._create(owner, new, once, created or _now())
        except IntegrityError:  # the same request, at the same time
            return self._create(owner, new, once, created or _now())

    def append(self, owner: str, id: str, given: list[NewNode], expected: Revisions = None) -> Appended:
        """Add nodes; those that are there already are left as they are, and when all are, that is no change.

        Raises `InputError` for a node that has no place, `Conflict` for one that is there with other content.
        """
        items = growth.ready(given)
        self._bounds.check_payloads(items)
        with self._changing(owner, id, None) as (connection, row):
            new = growth.added(items, growth.known(connection, id, items), rooted=row.n_nodes > 0)
            revision = row.revision
            if new:
                _check(row, expected)
                revision = _touch(connection, row, **self._grow(connection, row.id, row.n_nodes, row.n_bytes, new))
            return Appended(revision=revision, ids=[item.id for item in items], added=[item.id for item in new])

    def patch(self, owner: str, id: str, change: DesignPatch, expected: Revisions) -> Design:
        """Change what may change. Raises `InputError` for the name of a node that is not there."""
        wanted = change.model_fields_set
        values: dict[str, Any] = {}
        if change.name is not None:
            values |= {"name": change.name, "folded": folded(change.name)}
        if "thumbnail" in wanted:
            values["thumbnail"] = change.thumbnail
        if "state" in wanted:
            self._bounds.check_json(change.state, "state")
            values["state"] = _text(change.state)
        with self._changing(owner, id, expected) as (connection, row):
            if change.tags is not None:
                connection.execute(delete(design_tags).where(design_tags.c.design == id))
                _insert_tags(connection, id, change.tags)
            for node, name in change.node_names.items():
                same = update(nodes).where(nodes.c.design == id, nodes.c.id == node)
                if connection.execute(same.values(name=name)).rowcount != 1:
                    raise InputError(f"node_names.{node}", "a node of the design", "none of this name")
            if wanted:
                _touch(connection, row, **values)
            return _design(connection, _row(connection, owner, id))

    def delete(self, owner: str, id: str, expected: Revisions) -> None:
        with self._changing(owner, id, expected) as (connection, _):
            connection.execute(delete(designs).where(designs.c.id == id))

    def share(self, owner: str, id: str, shared: bool) -> Design:
        """Give a design a name that nobody can guess, under which everyone may read it; or take that away."""
        with self._changing(owner, id, None) as (connection, row):
            if (row.share is not None) != shared:
                _touch(connection, row, share=secrets.token_urlsafe(24) if shared else None)
            return _design(connection, _row(connection, owner, id))

    # --- inside --------------------------------------------------------------------------------------

    @contextmanager
    def _changing(self, owner: str, id: str, expected: Revisions) -> Iterator[tuple[Connection, Row[Any]]]:
        """A design that nobody else changes meanwhile."""
        with self._database.writing() as connection:
            row = _row(connection, owner, id, lock=True)
            _check(row, expected)
            yield connection, row

    def _create(self, owner: str, new: NewDesign, once: Once | None, created: datetime) -> tuple[Design, bool]:
        items = growth.ready(new.nodes)
        self._bounds.check_payloads(items)
        self._bounds.check_json(new.state, "state")
        id, now = uuid.uuid4().hex, microseconds(_now())
        with self._database.writing() as connection:
            if once is not None and (row := _made_before(connection, owner, once)) is not None:
                return _design(connection, row), False
            mine = select(func.count()).select_from(designs).where(designs.c.owner == owner)
            self._bounds.check_designs(connection.execute(mine).scalar_one() + 1)
            values = {"id": id, "owner": owner, "name": new.name, "folded": folded(new.name), "revision": 1}
            values |= {"created": microseconds(created), "updated": now, "n_nodes": 0, "n_bytes": 0}
            values |= {"state": _text(new.state), "thumbnail": new.thumbnail}
            if once is not None:
                values |= {"request_key": once.key, "request_hash": once.digest}
            connection.execute(insert(designs).values(**values))
            _insert_tags(connection, id, new.tags)
            size = self._grow(connection, id, 0, 0, growth.added(items, {}, rooted=False))
            connection.execute(update(designs).where(designs.c.id == id).values(**size))
            return _design(connection, _row(connection, owner, id)), True

    def _grow(self, connection: Connection, id: str, n_nodes: int, n_bytes: int, new: list[Prepared]) -> dict[str, int]:
        """Add nodes to a design of this size; its size from then on."""
        size = {"n_nodes": n_nodes + len(new), "n_bytes": n_bytes + sum(item.n_bytes for item in new)}
        self._bounds.check_nodes(size["n_nodes"])
        self._bounds.check_bytes(size["n_bytes"])
        growth.insert_nodes(connection, id, new, n_nodes, _now())
        return size


def _row(connection: Connection, owner: str, id: str, lock: bool = False) -> Row[Any]:
    query = select(designs).where(designs.c.id == id, designs.c.owner == owner)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("there is no such design")
    return row


def _check(row: Row[Any], expected: Revisions) -> None:
    if expected is not None and row.revision not in expected:
        raise Outdated(row.revision)


def _touch(connection: Connection, row: Row[Any], **values: Any) -> int:
    """Change a design; its new revision."""
    revision = int(row.revision) + 1
    changed = update(designs).where(designs.c.id == row.id)
    connection.execute(changed.values(revision=revision, updated=microseconds(_now()), **values))
    return revision


def _made_before(connection: Connection, owner: str, once: Once) -> Row[Any] | None:
    query = select(designs).where(designs.c.owner == owner, designs.c.request_key == once.key)
    row = connection.execute(query).one_or_none()
    if row is not None and row.request_hash != once.digest:
        raise InputError(f"header.{HEADER.lower()}", "a new key for a new request", "the key of another request")
    return row


def _insert_tags(connection: Connection, id: str, tags: list[str]) -> None:
    rows = [{"design": id, "position": i, "tag": tag, "folded": folded(tag)} for i, tag in enumerate(tags)]
    if rows:
        connection.execute(insert(design_tags), rows)


def _design(connection: Connection, row: Row[Any]) -> Design:
    heads = connection.execute(select(*_HEAD).where(nodes.c.design == row.id).order_by(nodes.c.position))
    return Design.model_validate(
        {
            **summary({column.name: getattr(row, column.name) for column in SUMMARY}, _tags(connection, row)),
            "state": _json(row.state),
            "nodes": [head_of(head) for head in heads],
        }
    )


def _file(connection: Connection, row: Row[Any]) -> DesignFile:
    of_nodes = select(nodes).where(nodes.c.design == row.id).order_by(nodes.c.position)
    of_candidates = select(candidates).where(candidates.c.design == row.id)
    found = connection.execute(of_candidates.order_by(candidates.c.position, candidates.c.number))
    by_position = {position: list(some) for position, some in groupby(found, lambda one: one.position)}
    return DesignFile(
        format=FORMAT,
        version=VERSION,
        name=row.name,
        tags=_tags(connection, row),
        created=moment(row.created),
        thumbnail=row.thumbnail,
        state=_json(row.state),
        nodes=[node_of(node, by_position.get(node.position, ())) for node in connection.execute(of_nodes)],
    )


def _tags(connection: Connection, row: Row[Any]) -> list[str]:
    return tags_of(connection, [row.id]).get(row.id, [])


def _text(state: Any) -> str | None:
    return None if state is None else to_json(state, "state")


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _now() -> datetime:
    return datetime.now(UTC)
