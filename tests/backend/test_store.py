"""Designs in SQLite and in a real PostgreSQL: what is kept comes back, what may not change does not."""

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from postgres import database_of

from gpff.errors import InputError, LimitError
from studio.design_types import DesignPatch, NewDesign, NewNode, SavedCandidate
from studio.errors import Conflict, NotFound, Outdated, StudioError
from studio.protocol import GenerateSpec
from studio.store.bounds import Bounds
from studio.store.database import Database
from studio.store.designs import Designs, Once
from studio.store.search import Query

ADA, BEN = "ada", "ben"
BOUNDS = Bounds(designs=30, nodes=200, design_bytes=200_000, payload_bytes=2000)
LONG_AGO = datetime(2020, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)
EXACT = [[0.1, 1 / 3, -2.7182818284590455], [1e-17, 5e-324, 999.9999999999999], [-0.0, 1e300, 2**-24]]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database(database_of(request, tmp_path_factory.mktemp("store")), timeout_s=20)
    yield opened
    opened.close()


@pytest.fixture
def designs(database: Database) -> Designs:
    """A database without designs."""
    with database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM designs")
    return Designs(database, BOUNDS)


def water(**more: Any) -> SavedCandidate:
    positions = [(0.0, 0.0, 0.0), (0.96, 0.0, 0.0), (-0.24, 0.93, 0.0)]
    return SavedCandidate(numbers=[8, 1, 1], positions=positions, smiles="O", valid=True, **more)


def generated(id: str | None = None, parent: str | None = None, **more: Any) -> NewNode:
    spec = GenerateSpec(formula="H2O", n_samples=1)
    made = {"kind": "generation", "spec": spec, "seed": 2**53 - 1, "model": "f" * 64, "candidates": [water()]}
    return NewNode(id=id, parent=parent, **{**made, **more})


def edit(id: str, parent: str | None = None, **more: Any) -> NewNode:
    return NewNode(id=id, parent=parent, **more)


def make(designs: Designs, *nodes: NewNode, owner: str = ADA, **more: Any) -> str:
    return designs.create(owner, NewDesign(nodes=list(nodes), **more))[0].id


# --- what is kept comes back -----------------------------------------------------------------------


def test_everything_comes_back_bit_for_bit(designs: Designs) -> None:
    candidate = SavedCandidate(
        numbers=[8, 1, 118],
        positions=[tuple(row) for row in EXACT],
        smiles="C[C@H](N)O",
        reason="réason 💧 \x00",
        bonds=[(0, 1, 2)],
        steps=64,
        sigma_hat=0.1 + 0.2,
        rms_force=None,
    )
    spec = GenerateSpec.model_validate({"blobs": [{"formula": "CH4", "center": EXACT[0]}], "lambda": 0.3, "stride": 7})
    payload = {"any": [1, 2.5, None, True, "\x00 é 💧"], "deep": {"x": {"y": [[]]}}, "big": 10**30}
    node = NewNode(
        id="root",
        kind="generation",
        label="Ünïcode 💧",
        name="called",
        created=LONG_AGO,
        spec=spec,
        seed=7,
        model="f" * 64,
        reproducible=False,
        candidates=[candidate, water()],
        chosen=1,
        payload=payload,
    )
    made, new = designs.create(ADA, NewDesign(name="N", nodes=[node]), created=LONG_AGO)
    kept = designs.node(ADA, made.id, "root")
    assert new and kept.model_dump() == node.model_dump() and kept.created == LONG_AGO == made.created
    assert math.copysign(1, kept.candidates[0].positions[2][0]) == -1  # of the two zeros, the one that was sent
    (head,) = designs.read(ADA, made.id).nodes
    assert (head.n_candidates, head.chosen, head.reproducible, head.name) == (2, 1, False, "called")


def test_a_file_that_was_read_is_written_again_byte_for_byte(designs: Designs) -> None:
    nodes = [generated("a"), edit("b", "a", chosen=0, payload=[1, {"k": None}]), generated("c", "a", name="x")]
    id = make(
        designs, *nodes, name="N", tags=["b", "A"], state={"current": "b"}, thumbnail="data:image/png;base64,AA=="
    )
    file, revision = designs.export(ADA, id)
    new = NewDesign(name=file.name, tags=file.tags, thumbnail=file.thumbnail, state=file.state, nodes=list(file.nodes))
    again, _ = designs.create(BEN, new, created=file.created)
    assert revision == 1 and again.id != id
    assert designs.export(BEN, again.id)[0].model_dump_json() == file.model_dump_json()


def test_a_node_without_an_id_is_named_by_its_content_and_added_once(designs: Designs) -> None:
    id = make(designs, edit("root"))
    first = designs.append(ADA, id, [generated(None, "root"), generated(None, "root", seed=1)])
    again = designs.append(ADA, id, [generated(None, "root", name="its name is not its content"), edit("root")])
    assert len(set(first.ids)) == 2 and first.added == first.ids and first.revision == 2
    assert again.ids == [first.ids[0], "root"] and again.added == [] and again.revision == 2
    assert designs.read(ADA, id).n_nodes == 3


def test_what_is_sent_again_is_no_change_even_of_an_old_revision(designs: Designs) -> None:
    id = make(designs, edit("root"))
    designs.append(ADA, id, [edit("a", "root")], frozenset({1}))
    assert designs.append(ADA, id, [edit("a", "root")], frozenset({1})).added == []
    with pytest.raises(Outdated, match='now "2"'):
        designs.append(ADA, id, [edit("b", "root")], frozenset({1}))


def test_a_node_does_not_change(designs: Designs) -> None:
    id = make(designs, generated("a"))
    for other in (generated("a", seed=1), generated("a", candidates=[water(steps=3)]), edit("a")):
        with pytest.raises(Conflict, match=r"nodes\.0: there is another node a"):
            designs.append(ADA, id, [other])
    assert designs.node(ADA, id, "a").candidates == [water()] and designs.read(ADA, id).revision == 1


@pytest.mark.parametrize(
    ("nodes", "field", "expected"),
    [
        ([edit("b")], "nodes.0.parent", "only the first has none"),
        ([edit("b", "root"), edit("c", "gone")], "nodes.1.parent", "comes earlier"),
        ([edit("b", "c"), edit("c", "root")], "nodes.0.parent", "comes earlier"),
        ([edit("b", "root", chosen=0)], "nodes.0.chosen", "one of 0 candidates"),
        ([generated("b", "root", chosen=1)], "nodes.0.chosen", "one of 1 candidates"),
    ],
)
def test_nodes_make_a_tree_or_none_of_them_is_kept(
    designs: Designs, nodes: list[NewNode], field: str, expected: str
) -> None:
    id = make(designs, edit("root"))
    with pytest.raises(InputError) as caught:
        designs.append(ADA, id, nodes)
    assert caught.value.field == field and expected in caught.value.expected
    assert designs.read(ADA, id).n_nodes == 1 and designs.read(ADA, id).revision == 1


def test_a_pick_may_be_of_its_parents_candidates(designs: Designs) -> None:
    id = make(designs, generated("a"), edit("b", "a", chosen=0))
    assert designs.node(ADA, id, "b").chosen == 0


# --- changes -----------------------------------------------------------------------------------------


def test_a_patch_changes_what_it_names(designs: Designs) -> None:
    id = make(designs, edit("root"), name="old", tags=["a", "b"], state=[1], thumbnail="data:image/png;base64,AA==")
    once = designs.patch(ADA, id, DesignPatch(name="new", node_names={"root": "first"}), None)
    assert (once.name, once.tags, once.state, once.revision) == ("new", ["a", "b"], [1], 2)
    assert once.nodes[0].name == "first" and once.thumbnail is not None and once.updated > once.created
    twice = designs.patch(
        ADA, id, DesignPatch(tags=["c"], state=None, thumbnail=None, node_names={"root": None}), frozenset({2})
    )
    assert (twice.name, twice.tags, twice.state, twice.thumbnail) == ("new", ["c"], None, None)
    assert twice.nodes[0].name is None
    assert designs.patch(ADA, id, DesignPatch(), None).revision == 3  # nothing was to change


def test_a_patch_that_cannot_be_done_does_nothing(designs: Designs) -> None:
    id = make(designs, edit("root"), name="old", tags=["a"])
    before = designs.read(ADA, id)
    with pytest.raises(InputError, match="a node of the design"):
        designs.patch(ADA, id, DesignPatch(name="new", tags=[], node_names={"root": "x", "gone": "y"}), None)
    with pytest.raises(Outdated):
        designs.patch(ADA, id, DesignPatch(name="new"), frozenset({0, 2}))
    with pytest.raises(Outdated):
        designs.delete(ADA, id, frozenset())
    assert designs.read(ADA, id) == before


def test_a_deleted_design_is_gone_with_all_that_was_its(designs: Designs, database: Database) -> None:
    id, other = make(designs, generated("a"), tags=["x"]), make(designs, generated("a"), tags=["x"])
    designs.delete(ADA, id, frozenset({1}))
    for ask in (designs.read, designs.export):
        with pytest.raises(NotFound):
            ask(ADA, id)
    with database.reading() as connection:
        for table in ("nodes", "candidates", "design_tags", "design_formulas"):
            left = connection.exec_driver_sql(f"SELECT design FROM {table}").scalars().all()
            assert left == [other]


def test_designs_of_others_are_not_there(designs: Designs) -> None:
    id = make(designs, edit("root"))
    asked: list[Callable[[], object]] = [
        lambda: designs.read(BEN, id),
        lambda: designs.node(BEN, id, "root"),
        lambda: designs.export(BEN, id),
        lambda: designs.append(BEN, id, [edit("a", "root")]),
        lambda: designs.patch(BEN, id, DesignPatch(name="mine"), None),
        lambda: designs.delete(BEN, id, None),
        lambda: designs.share(BEN, id, True),
    ]
    for ask in asked:
        with pytest.raises(NotFound, match="no such design"):
            ask()
    assert designs.search(BEN, Query()).total == 0 and designs.read(ADA, id).revision == 1


def test_a_shared_design_is_read_by_its_name_until_it_is_not(designs: Designs) -> None:
    id = make(designs, generated("a"))
    name = designs.share(ADA, id, True).share
    assert name is not None and len(name) == 32
    assert designs.share(ADA, id, True).share == name and designs.read(ADA, id).revision == 2
    assert designs.shared(name) == designs.export(ADA, id)[0]
    assert designs.share(ADA, id, False).share is None
    with pytest.raises(NotFound, match="no longer shared"):
        designs.shared(name)
    assert designs.share(ADA, id, True).share not in (None, name)


# --- a request that is sent twice ----------------------------------------------------------------------


def test_a_request_that_comes_again_makes_nothing_new(designs: Designs) -> None:
    once = Once("key", b"digest")
    first, new = designs.create(ADA, NewDesign(name="one"), once)
    designs.patch(ADA, first.id, DesignPatch(name="two"), None)
    again, anew = designs.create(ADA, NewDesign(name="one"), once)
    assert (new, anew) == (True, False) and (again.id, again.name) == (first.id, "two")
    with pytest.raises(InputError) as caught:
        designs.create(ADA, NewDesign(name="other"), Once("key", b"another"))
    assert caught.value.field == "header.idempotency-key"
    assert designs.create(BEN, NewDesign(), Once("key", b"another"))[1]
    assert designs.search(ADA, Query()).total == 1


# --- finding ---------------------------------------------------------------------------------------------


@pytest.fixture
def library(designs: Designs) -> Designs:
    ethanol = SavedCandidate(numbers=[6, 6, 1, 1, 1, 1, 1, 1, 8], positions=[(0.0, 0.0, float(i)) for i in range(9)])
    make(designs, generated("a"), name="Wasser", tags=["Solvent", "to do"])
    make(designs, generated("a", spec=None, candidates=[ethanol]), name="100% ETHANOL", tags=["solvent"])
    make(designs, NewNode(spec=GenerateSpec(formula="CH3CH2OH")), name="asked_for")
    make(designs, name="STRASSE ÉTÉ", tags=["été"])
    return designs


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (Query(), ["STRASSE ÉTÉ", "asked_for", "100% ETHANOL", "Wasser"]),
        (Query("wass"), ["Wasser"]),
        (Query("0% e"), ["100% ETHANOL"]),
        (Query("%"), ["100% ETHANOL"]),
        (Query("_"), ["asked_for"]),
        (Query("straße"), ["STRASSE ÉTÉ"]),
        (Query("e\u0301te\u0301"), ["STRASSE ÉTÉ"]),  # É as two characters
        (Query("SOLV"), ["100% ETHANOL", "Wasser"]),
        (Query("C2H6O"), ["asked_for", "100% ETHANOL"]),
        (Query("c2h6o"), ["asked_for", "100% ETHANOL"]),
        (Query(formula="OC2H6"), ["asked_for", "100% ETHANOL"]),
        (Query(formula="H2O"), ["Wasser"]),
        (Query(formula="CH4"), []),
        (Query(tags=("SOLVENT",)), ["100% ETHANOL", "Wasser"]),
        (Query(tags=("solvent", "to do")), ["Wasser"]),
        (Query(tags=("solv",)), []),
        (Query("eth", tags=("solvent",), formula="C2H6O"), ["100% ETHANOL"]),
        (Query("' OR 1=1 --"), []),
    ],
)
def test_designs_are_found(library: Designs, query: Query, names: list[str]) -> None:
    page = library.search(ADA, query)
    assert [design.name for design in page.designs] == names and page.total == len(names) and page.next is None


def test_a_change_brings_a_design_to_the_top(library: Designs) -> None:
    last = library.search(ADA, Query()).designs[-1]
    library.append(ADA, last.id, [edit("new", "a")])
    first = library.search(ADA, Query()).designs[0]
    assert (first.id, first.revision, first.n_nodes, first.tags) == (last.id, 2, 2, ["Solvent", "to do"])


def test_pages_hold_every_design_once(designs: Designs) -> None:
    made = [make(designs, name=str(i), tags=[f"t{i}"]) for i in range(7)]
    found, cursor = [], None
    for size in (3, 3, 1):
        page = designs.search(ADA, Query(limit=3, cursor=cursor))
        assert len(page.designs) == size and page.total == 7
        found += [design.id for design in page.designs]
        cursor = page.next
    assert found == made[::-1] and cursor is None


@pytest.mark.parametrize("query", [Query(cursor="x"), Query(cursor="1-" + "g" * 32), Query(formula="Zz")])
def test_what_cannot_be_looked_for_is_refused(designs: Designs, query: Query) -> None:
    with pytest.raises(InputError):
        designs.search(ADA, query)


# --- bounds ------------------------------------------------------------------------------------------------


def test_there_is_a_bound_to_everything(designs: Designs) -> None:
    id = make(designs, edit("root"))
    big = generated("big", "root", candidates=[water()] * 2000)
    for field, ask in (
        (
            "nodes.1.payload",
            lambda: designs.append(ADA, id, [edit("a", "root"), edit("b", "a", payload="x" * 2000)]),
        ),
        ("state", lambda: designs.patch(ADA, id, DesignPatch(state="x" * 2000), None)),
        ("state", lambda: make(designs, state="x" * 2000)),
        ("nodes", lambda: designs.append(ADA, id, [edit(f"n{i}", "root") for i in range(200)])),
        ("nodes", lambda: designs.append(ADA, id, [big])),
    ):
        with pytest.raises(LimitError) as caught:
            ask()
        assert caught.value.field == field
    assert designs.read(ADA, id).n_nodes == 1
    for _ in range(29):
        make(designs)
    with pytest.raises(LimitError, match="at most 30 designs of one owner"):
        make(designs)
    make(designs, owner=BEN)


# --- several at once ----------------------------------------------------------------------------------------


def at_once[T](n: int, work: Callable[[int], T]) -> list[T | StudioError]:
    """`work(i)` in n threads that begin together: what each returns or raises."""
    together = threading.Barrier(n)

    def one(i: int) -> T | StudioError:
        together.wait()
        try:
            return work(i)
        except StudioError as error:
            return error

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(one, range(n)))


def test_of_writers_of_one_revision_one_wins_and_the_others_learn_of_it(designs: Designs) -> None:
    id = make(designs, name="0")
    for revision in range(1, 6):
        ends = at_once(4, lambda i, r=revision: designs.patch(ADA, id, DesignPatch(name=f"{r} {i}"), frozenset({r})))  # type: ignore[misc]
        won = [end for end in ends if not isinstance(end, StudioError)]
        assert len(won) == 1 and all(isinstance(end, Outdated) for end in ends if end not in won)
        assert designs.read(ADA, id).name == won[0].name and won[0].revision == revision + 1


def test_two_who_add_nodes_lose_none(database: Database, designs: Designs) -> None:
    id = make(designs, edit("root"))
    other = Database(database.url, timeout_s=20)  # as another process would
    writers = (designs, Designs(other, BOUNDS))

    def add(writer: int) -> None:
        for i in range(15):
            name = f"{writer}.{i}"
            writers[writer].append(ADA, id, [generated(name, "root"), edit(f"e{name}", name)])

    try:
        assert at_once(2, add) == [None, None]
    finally:
        other.close()
    design = designs.read(ADA, id)
    assert design.n_nodes == len(design.nodes) == 61 and design.revision == 31
    assert design.n_bytes == designs.read(ADA, make(designs, *designs.export(ADA, id)[0].nodes)).n_bytes


def test_the_same_request_at_the_same_time_makes_one_design(designs: Designs) -> None:
    ends = at_once(4, lambda i: designs.create(ADA, NewDesign(name="one"), Once("key", b"digest")))
    made = [end for end in ends if not isinstance(end, StudioError)]
    assert len(made) == 4 and len({design.id for design, _ in made}) == 1 and sum(new for _, new in made) == 1
