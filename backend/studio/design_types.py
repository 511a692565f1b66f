"""What crosses the wire about saved designs: requests and answers of `/designs`, and the file that a design is.

A design is a tree of nodes. A node never changes, but for its name: what was asked for (`spec`, `seed`, `model`) and
what came of it (`candidates`, of which one may be `chosen`), or an edit, described by the client's own `payload`.
Lengths are Å. Coordinates come back bit for bit. Times are ISO 8601, to the microsecond.
"""

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    JsonValue,
    Strict,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from studio.protocol import MAX_LIST, MAX_SEED, Bond, Bool, Float, GenerateSpec, Index, Positions, Wire

FORMAT: Final = "gpff-saved-design"
VERSION: Final = 1
MAX_PAGE = 100
MAX_TAGS = 100
MAX_LINE = 200
MAX_THUMBNAIL = 32_768
REPLAY_TOLERANCE = 0.05  # Å, of the atom that is off most

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d")
_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
_PICTURE = r"^data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/]*={0,2}$"


def _written_out(value: object) -> object:
    """Seconds since 1970, which pydantic would take as well, are no time of this protocol."""
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO.match(value)):
        return value
    raise PydanticCustomError("form", "expected {expected}, got {got}", {"expected": _A_TIME, "got": repr(value)[:40]})


def _sayable(value: JsonValue) -> JsonValue:
    """Half a character (a lone surrogate), which JSON can escape and UTF-8 cannot carry, would not come back."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _form("text of whole characters", "a lone surrogate") from None
    return value


_A_TIME = "a time such as 2026-01-31T12:00:00Z"

Time = Annotated[AwareDatetime, BeforeValidator(_written_out), Field(ge=_FIRST, le=_LAST)]
NodeId = Annotated[str, Strict(), Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Line = Annotated[str, Strict(), Field(max_length=MAX_LINE, pattern=_ONE_LINE)]
Tag = Annotated[str, Strict(), Field(min_length=1, max_length=MAX_LINE, pattern=_ONE_LINE)]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS)]
Kind = Annotated[str, Strict(), Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Hash = Annotated[str, Strict(), Field(min_length=1, max_length=200, pattern=_ONE_LINE)]
Text = Annotated[str, Strict(), Field(max_length=10_000)]
Thumbnail = Annotated[str, Strict(), Field(max_length=MAX_THUMBNAIL, pattern=_PICTURE)]
Json = Annotated[JsonValue, AfterValidator(_sayable)]
Element = Annotated[int, Strict(), Field(ge=1, le=118)]


class SavedCandidate(Wire):
    """A `Candidate` of a result, kept. The sum of its atoms is what a design is found by."""

    numbers: Annotated[list[Element], Field(min_length=1, max_length=MAX_LIST)]
    positions: Annotated[Positions, Field(min_length=1)]
    smiles: Text | None = None
    valid: Bool = False
    reason: Text | None = None
    bonds: Annotated[list[Bond], Field(max_length=2 * MAX_LIST)] = Field(default_factory=list)
    steps: Index = 0
    sigma_hat: Float | None = None
    rms_force: Float | None = None

    @model_validator(mode="after")
    def _same_atoms(self) -> "SavedCandidate":
        n = len(self.numbers)
        if len(self.positions) != n:
            raise _form(f"as many positions as numbers, {n}", str(len(self.positions)))
        for i, j, _ in self.bonds:
            if not (0 <= i < n and 0 <= j < n):
                raise _form(f"bonds between atoms 0 to {n - 1}", f"({i}, {j})")
        return self


class NewNode(Wire):
    """A node to be kept. `parent` null: the root, of which a design has one; else a node that comes earlier.

    `id` null: made from the content, so that sending a node twice adds it once; `created` null: now. `kind` is what
    the client makes of it, such as edit, generation or pick. `chosen` is a candidate of the node, or of its parent
    when it has none of its own. `reproducible` false: a run that was steered or branched, which its spec and seed do
    not bring back. `payload` is any JSON of the client's.
    """

    id: NodeId | None = None
    parent: NodeId | None = None
    kind: Kind = "edit"
    label: Line = ""
    name: Line | None = None
    created: Time | None = None
    spec: GenerateSpec | None = None
    seed: Annotated[int, Strict(), Field(ge=0, le=MAX_SEED)] | None = None
    model: Hash | None = None
    reproducible: Bool = True
    candidates: Annotated[list[SavedCandidate], Field(max_length=65_535)] = Field(default_factory=list)
    chosen: Index | None = None
    payload: Json = None


class Node(NewNode):
    """A node as it is kept."""

    id: NodeId
    created: Time


class NodeHead(Wire):
    """A node without what makes it long: enough to draw the tree."""

    id: str
    parent: str | None
    kind: str
    label: str
    name: str | None
    created: datetime
    seed: int | None
    model: str | None
    reproducible: bool
    n_candidates: int
    chosen: int | None


class NewDesign(Wire):
    """A design to be kept. `state` is any JSON of the client's that may change, such as which node is shown."""

    name: Line = ""
    tags: Tags = Field(default_factory=list)
    thumbnail: Thumbnail | None = None
    state: Json = None
    nodes: list[NewNode] = Field(default_factory=list)


class DesignPatch(Wire):
    """What is to change; what is left out stays. `node_names`: null takes a name away."""

    name: Line | None = None
    tags: Tags | None = None
    thumbnail: Thumbnail | None = None
    state: Json = None
    node_names: dict[str, Line | None] = Field(default_factory=dict)

    @field_validator("name", "tags")
    @classmethod
    def _no_null[T](cls, value: T | None) -> T:
        if value is None:
            raise _form("a value", "null")
        return value


class AppendNodes(Wire):
    nodes: Annotated[list[NewNode], Field(min_length=1)]


class DesignSummary(Wire):
    """A design as it is listed. `revision` counts its changes and is its ETag; `n_bytes` are those of its nodes.

    `share` is the name under which anyone who may use the service can read it, null while it is not shared.
    """

    id: str
    name: str
    tags: list[str]
    thumbnail: str | None
    revision: int
    created: datetime
    updated: datetime
    n_nodes: int
    n_bytes: int
    share: str | None


class Design(DesignSummary):
    """A design with the heads of its nodes, parents first."""

    state: JsonValue
    nodes: list[NodeHead]


class DesignPage(Wire):
    """Designs, those changed last first. `next` is the `cursor` of the page after this one; null: there is none."""

    designs: list[DesignSummary]
    total: int
    next: str | None


class Appended(Wire):
    """The ids of the nodes that were sent, in their order; `added` are those that were not there before."""

    revision: int
    ids: list[str]
    added: list[str]


class DesignHead(Wire):
    """The first part of a design's file."""

    format: Literal["gpff-saved-design"]
    version: Literal[1]
    name: Line
    tags: Tags
    created: Time
    thumbnail: Thumbnail | None = None
    state: Json = None


class DesignFile(DesignHead):
    """A whole design as one file. Read and written again it is the same, byte for byte; it names no owner."""

    nodes: list[Node]


class ReplayedCandidate(Wire):
    """How far a candidate is from the one that was kept. `deviation`: of the atom that is off most, Å; null where the
    atoms are others."""

    same_atoms: bool
    deviation: float | None


class Replay(Wire):
    """What running a node's spec and seed once more came to. `exact`: to the last bit; `agrees`: within `tolerance` Å.

    On the same machine the bits are the same, or all but the last, whoever shares the calls of the network. Other
    hardware rounds in another way, and noise that comes later can make more of that: with SDD 0.02 Å were seen.
    """

    agrees: bool
    exact: bool
    tolerance: float
    model: str
    job: str
    candidates: list[ReplayedCandidate]


def _form(expected: str, got: str) -> PydanticCustomError:
    context: dict[str, Any] = {"expected": expected, "got": got}
    return PydanticCustomError("form", "expected {expected}, got {got}", context)
