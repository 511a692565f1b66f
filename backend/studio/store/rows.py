"""From the wire to rows and back, nothing lost. Pure."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from pydantic import JsonValue
from sqlalchemy import Row

from gpff.composition import formula, parse_formula
from gpff.elements import SYMBOLS
from gpff.errors import InputError
from studio.design_types import NewNode, Node, NodeHead, SavedCandidate
from studio.protocol import MAX_LIST, GenerateSpec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FACTS = ("smiles", "valid", "reason", "bonds", "steps", "sigma_hat", "rms_force")
_NOT_CONTENT = {"id", "name", "created"}

type Values = dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A node on its way in. `n_bytes`: its length as JSON, without name and time; `digest`: of what cannot change."""

    node: NewNode
    id: str
    digest: bytes
    n_bytes: int


def prepared(node: NewNode) -> Prepared:
    """A node with its id, which comes from its content when the client gave none. Raises `InputError`."""
    content = node.model_dump(mode="json", by_alias=True, exclude=_NOT_CONTENT, exclude_defaults=True)
    digest = hashlib.sha256(to_json(content, "payload", sort=True).encode()).digest()
    id = node.id or digest.hex()[:32]
    whole = {**node.model_dump(mode="json", by_alias=True, exclude=_NOT_CONTENT), "id": id}
    return Prepared(node, id, digest, len(to_json(whole, "payload")))


def node_row(item: Prepared, design: str, position: int, now: datetime) -> Values:
    node = item.node
    spec = None if node.spec is None else node.spec.model_dump_json(by_alias=True)
    return {
        "design": design,
        "position": position,
        "id": item.id,
        "parent": node.parent,
        "kind": node.kind,
        "label": node.label,
        "name": node.name,
        "created": microseconds(node.created or now),
        "spec": spec,
        "seed": node.seed,
        "model": node.model,
        "reproducible": node.reproducible,
        "n_candidates": len(node.candidates),
        "chosen": node.chosen,
        "payload": None if node.payload is None else to_json(node.payload, "payload"),
        "digest": item.digest,
    }


def candidate_rows(node: NewNode, design: str, position: int) -> list[Values]:
    return [
        {
            "design": design,
            "position": position,
            "number": number,
            "numbers": bytes(candidate.numbers),
            "positions": packed(candidate.positions),
            "facts": candidate.model_dump_json(include=set(_FACTS)),
        }
        for number, candidate in enumerate(node.candidates)
    ]


def node_of(row: Row[Any], candidates: Iterable[Row[Any]]) -> Node:
    """The node of a row of `nodes` and its rows of `candidates`, in their order."""
    values = _head(row)
    del values["n_candidates"]
    return Node(
        **values,
        spec=None if row.spec is None else GenerateSpec.model_validate_json(row.spec),
        payload=None if row.payload is None else json.loads(row.payload),
        candidates=[_candidate(candidate) for candidate in candidates],
    )


def head_of(row: Row[Any]) -> NodeHead:
    return NodeHead(**_head(row))


def _head(row: Row[Any]) -> Values:
    same = ("id", "parent", "kind", "label", "name", "seed", "model", "reproducible", "n_candidates", "chosen")
    return {name: getattr(row, name) for name in same} | {"created": moment(row.created)}


def _candidate(row: Row[Any]) -> SavedCandidate:
    positions = unpacked(row.positions, len(row.numbers)).tolist()
    facts = json.loads(row.facts)
    return SavedCandidate.model_validate({"numbers": list(row.numbers), "positions": positions, **facts})


def packed(positions: Sequence[Sequence[float]]) -> bytes:
    """positions [n, 3] Å as bytes: float32 when that is what they are, else float64."""
    exact = np.asarray(positions, dtype="<f8")
    with np.errstate(over="ignore"):
        short = exact.astype("<f4")
    return short.tobytes() if np.array_equal(short.astype("<f8"), exact) else exact.tobytes()


def unpacked(data: bytes, n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """What `packed` was given, [n, 3], bit for bit."""
    return np.frombuffer(data, dtype="<f4" if len(data) == 12 * n else "<f8").reshape(n, 3).astype(np.float64)


def formulas(nodes: Sequence[NewNode]) -> set[str]:
    """The formulas that a design with these nodes is found by: of its molecules, and of those that were asked for."""
    kept = {tuple(sorted(candidate.numbers)) for node in nodes for candidate in node.candidates}
    found = {formula(numbers) for numbers in kept if SYMBOLS.keys() >= set(numbers)}
    return found | {text for node in nodes if node.spec is not None and (text := _asked(node.spec))}


def _asked(spec: GenerateSpec) -> str | None:
    """The molecule that a spec without a scaffold stands for, when it says so and makes sense."""
    parts = [spec.formula] if spec.formula is not None else [blob.formula for blob in spec.blobs or ()]
    if spec.scaffold is not None or None in parts:
        return None
    return hill("".join(part.strip() for part in parts if part))


def hill(text: str) -> str | None:
    """A formula in Hill order, or None for what is none."""
    try:
        return formula(parse_formula(text, max_atoms=MAX_LIST))
    except InputError:
        return None


def folded(text: str) -> str:
    """`text` as it is searched for: whatever its case and way of writing."""
    return unicodedata.normalize("NFKC", text).casefold()


def to_json(value: JsonValue | Values, field: str, sort: bool = False) -> str:
    """Compact JSON in ASCII. Raises `InputError` naming `field` for what JSON cannot say."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"), sort_keys=sort)
    except ValueError:
        raise InputError(field, "finite numbers", "one that is not") from None
    except RecursionError:
        raise InputError(field, "JSON of fewer levels", "one in another, too often") from None


def microseconds(time: datetime) -> int:
    """Since 1970, exactly."""
    return (time - _EPOCH) // _MICROSECOND


def moment(count: int) -> datetime:
    return _EPOCH + count * _MICROSECOND
