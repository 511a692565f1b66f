"""The two clients are written twice, as code that waits has to be: what one can do the other can, in the same words."""

import inspect
import re
from typing import Any

import pytest

from studio.client import aio, aio_run, designs, molecules, sync, sync_run
from studio.client.designs import AsyncDesigns, Designs
from studio.client.molecules import AsyncMolecules, Molecules

TWINS = [
    (sync.Client, aio.AsyncClient),
    (sync.Job, aio.AsyncJob),
    (sync_run.Run, aio_run.AsyncRun),
    (Designs, AsyncDesigns),
    (Molecules, AsyncMolecules),
]


def told(kind: type) -> dict[str, tuple[Any, ...]]:
    """What a caller sees of each public method: names, kinds, defaults and types of its parameters, and its answer."""
    found = {}
    for name, method in vars(kind).items():
        if inspect.isfunction(method) and (name == "__init__" or not name.startswith("_")):
            signature = inspect.signature(method)
            parameters = [(p.name, p.kind, p.default, plain(p.annotation)) for p in signature.parameters.values()]
            found[name] = parameters, plain(signature.return_annotation)
    return found


def plain(annotation: Any) -> str:
    """An annotation without what says no more than that one waits for it."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"[\w.]*\.(?=\w)", "", text).replace("'", "")
    return re.sub(r"\bAsync(?=[A-Z])", "", text)


@pytest.mark.parametrize(("one", "waited"), TWINS, ids=[one.__name__ for one, _ in TWINS])
def test_both_clients_take_and_give_the_same(one: type, waited: type) -> None:
    assert waited.__name__ == f"Async{one.__name__}"
    assert told(one) and told(waited) == told(one)


def test_no_class_of_the_clients_is_without_its_twin() -> None:
    known = {kind for pair in TWINS for kind in pair}
    for module in (sync, aio, sync_run, aio_run, designs, molecules):
        own = {kind for kind in vars(module).values() if inspect.isclass(kind) and kind.__module__ == module.__name__}
        assert {kind for kind in own if not getattr(kind, "_is_protocol", False)} <= known
