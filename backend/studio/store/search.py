"""Finding designs: one owner's, page by page."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from gpff.composition import formula, parse_formula
from gpff.errors import InputError
from studio.design_types import MAX_PAGE, DesignPage, DesignSummary
from studio.protocol import MAX_LIST
from studio.store.rows import folded, hill, moment
from studio.store.tables import design_formulas, design_tags, designs

_CURSOR = re.compile(r"([0-9]{1,18})-([0-9a-f]{32})", re.ASCII)
SUMMARY = [designs.c[name] for name in ("id", "name", "thumbnail", "revision", "created", "updated")] + [
    designs.c[name] for name in ("n_nodes", "n_bytes", "share")
]


@dataclass(frozen=True)
class Query:
    """What to find. `text`: in the name or a tag, or a formula; `tags`: all of them; `formula`: of a molecule in it.

    `cursor`: the `next` of the page before.
    """

    text: str = ""
    tags: tuple[str, ...] = ()
    formula: str | None = None
    limit: int = 50
    cursor: str | None = None


def search(connection: Connection, owner: str, query: Query) -> DesignPage:
    """One page. Raises `InputError` for a formula or a cursor that is none."""
    wanted = and_(designs.c.owner == owner, *_conditions(query))
    page = select(*SUMMARY).where(wanted, *_after(query.cursor))
    limit = min(query.limit, MAX_PAGE)
    rows = connection.execute(
        page.order_by(designs.c.updated.desc(), designs.c.id.desc()).limit(limit + 1),
    ).all()
    total = connection.execute(select(func.count()).select_from(designs).where(wanted)).scalar_one()
    shown = rows[:limit]
    tags = tags_of(connection, [row.id for row in shown])
    last = f"{shown[-1].updated}-{shown[-1].id}" if len(rows) > limit else None
    found = [DesignSummary.model_validate(summary(row._asdict(), tags.get(row.id, []))) for row in shown]
    return DesignPage(designs=found, total=total, next=last)


def summary(values: dict[str, Any], tags: list[str]) -> dict[str, Any]:
    """The fields of a `DesignSummary` from the columns `SUMMARY`."""
    return {**values, "created": moment(values["created"]), "updated": moment(values["updated"]), "tags": tags}


def tags_of(connection: Connection, ids: list[str]) -> dict[str, list[str]]:
    """The tags of these designs, in their order."""
    found: dict[str, list[str]] = {}
    query = select(design_tags).where(design_tags.c.design.in_(ids)).order_by(design_tags.c.position)
    for row in connection.execute(query):
        found.setdefault(row.design, []).append(row.tag)
    return found


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    found = [_has_tag(design_tags.c.folded == folded(tag)) for tag in query.tags]
    if query.formula is not None:
        found.append(_has_formula(formula(parse_formula(query.formula, max_atoms=MAX_LIST))))
    text = folded(query.text.strip())
    if text:
        among = [
            designs.c.folded.contains(text, autoescape=True),
            _has_tag(design_tags.c.folded.contains(text, autoescape=True)),
        ]
        written = hill(query.text) or hill(query.text.upper())  # as people type into a field for text
        found.append(or_(*among) if written is None else or_(*among, _has_formula(written)))
    return found


def _has_tag(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return _related(select(design_tags.c.design).where(design_tags.c.design == designs.c.id, condition))


def _has_formula(text: str) -> ColumnElement[bool]:
    same = design_formulas.c.formula == text
    return _related(select(design_formulas.c.design).where(design_formulas.c.design == designs.c.id, same))


def _related(rows: Select[tuple[str]]) -> ColumnElement[bool]:
    return rows.exists()


def _after(cursor: str | None) -> list[ColumnElement[bool]]:
    if cursor is None:
        return []
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InputError("cursor", "the `next` of an earlier page", repr(cursor)[:80])
    updated, id = int(match[1]), match[2]
    earlier = designs.c.updated < updated
    return [or_(earlier, and_(designs.c.updated == updated, designs.c.id < id))]
