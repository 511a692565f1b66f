"""`/designs`: what is kept, as trees of nodes that never change."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from studio.client.calls import Call, at, fresh_key, model_of
from studio.client.molecules import FILE_S, Ask, AsyncAsk
from studio.client.wishes import checked, given_only
from studio.design_types import (
    Appended,
    AppendNodes,
    Design,
    DesignPage,
    DesignPatch,
    DesignSummary,
    NewDesign,
    NewNode,
    Node,
    Replay,
)

type NodeLike = NewNode | Mapping[str, Any]
"""A node, or its JSON; its `candidates` may be those of a result."""


class Designs:
    """What `studio.designs` can do. `revision` None: whichever it is."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def search(self, q: str = "", tags: Sequence[str] = (), formula: str | None = None) -> Iterator[DesignSummary]:
        """Your designs, those changed last first."""
        cursor: str | None = None
        while True:
            page = self._ask(_search(q, tags, formula, cursor))
            yield from page.designs
            if (cursor := page.next) is None:
                return

    def create(self, name: str = "", nodes: Sequence[NodeLike] = (), **fields: Any) -> Design:
        """Keep a design; `tags`, `state` and `thumbnail` as in `NewDesign`."""
        return self._ask(_create(name, nodes, fields))

    def read(self, id: str) -> Design:
        """With the heads of its nodes."""
        return self._ask(_read(id))

    def change(self, id: str, revision: int | None = None, **fields: Any) -> Design:
        """Name, tags and the like, see `DesignPatch`. Raises `Outdated` when it is no longer of this `revision`."""
        return self._ask(_change(id, revision, fields))

    def delete(self, id: str, revision: int | None = None) -> None:
        """For good."""
        self._ask(_delete(id, revision))

    def append(self, id: str, nodes: Sequence[NodeLike]) -> Appended:
        """Add nodes, parents first: all of them or none."""
        return self._ask(_append(id, nodes))

    def node(self, id: str, node: str) -> Node:
        """One node, whole."""
        return self._ask(_node(id, node))

    def replay(self, id: str, node: str) -> Replay:
        """Run a node once more, and see how far the molecules are from those that were kept."""
        return self._ask(_replay(id, node))

    def export(self, id: str) -> str:
        """The design as one file."""
        return self._ask(_export(at("designs", id, "file")))

    def import_file(self, text: str) -> Design:
        """A new design from such a file."""
        return self._ask(_import(text))

    def share(self, id: str) -> Design:
        """Its `share` is a name by which `shared` finds it."""
        return self._ask(_share("PUT", id))

    def unshare(self, id: str) -> Design:
        return self._ask(_share("DELETE", id))

    def shared(self, share: str) -> str:
        """The file of a design that somebody shares."""
        return self._ask(_export(at("shared", share)))


class AsyncDesigns:
    """The same, awaited."""

    def __init__(self, ask: AsyncAsk) -> None:
        self._ask = ask

    async def search(
        self, q: str = "", tags: Sequence[str] = (), formula: str | None = None
    ) -> AsyncIterator[DesignSummary]:
        cursor: str | None = None
        while True:
            page = await self._ask(_search(q, tags, formula, cursor))
            for design in page.designs:
                yield design
            if (cursor := page.next) is None:
                return

    async def create(self, name: str = "", nodes: Sequence[NodeLike] = (), **fields: Any) -> Design:
        return await self._ask(_create(name, nodes, fields))

    async def read(self, id: str) -> Design:
        return await self._ask(_read(id))

    async def change(self, id: str, revision: int | None = None, **fields: Any) -> Design:
        return await self._ask(_change(id, revision, fields))

    async def delete(self, id: str, revision: int | None = None) -> None:
        await self._ask(_delete(id, revision))

    async def append(self, id: str, nodes: Sequence[NodeLike]) -> Appended:
        return await self._ask(_append(id, nodes))

    async def node(self, id: str, node: str) -> Node:
        return await self._ask(_node(id, node))

    async def replay(self, id: str, node: str) -> Replay:
        return await self._ask(_replay(id, node))

    async def export(self, id: str) -> str:
        return await self._ask(_export(at("designs", id, "file")))

    async def import_file(self, text: str) -> Design:
        return await self._ask(_import(text))

    async def share(self, id: str) -> Design:
        return await self._ask(_share("PUT", id))

    async def unshare(self, id: str) -> Design:
        return await self._ask(_share("DELETE", id))

    async def shared(self, share: str) -> str:
        return await self._ask(_export(at("shared", share)))


def _search(q: str, tags: Sequence[str], formula: str | None, cursor: str | None) -> Call[DesignPage]:
    params = given_only(q=q or None, tag=list(tags) or None, formula=formula, cursor=cursor)
    return Call("GET", "/designs", model_of(DesignPage), params)


def _create(name: str, nodes: Sequence[NodeLike], fields: Mapping[str, Any]) -> Call[Design]:
    body = checked(NewDesign, {"name": name, "nodes": nodes, **fields})
    return Call("POST", "/designs", model_of(Design), body=body, headers=fresh_key())


def _read(id: str) -> Call[Design]:
    return Call("GET", at("designs", id), model_of(Design))


def _change(id: str, revision: int | None, fields: Mapping[str, Any]) -> Call[Design]:
    body = checked(DesignPatch, fields)
    return Call("PATCH", at("designs", id), model_of(Design), body=body, headers=_match(revision))


def _delete(id: str, revision: int | None) -> Call[None]:
    return Call("DELETE", at("designs", id), lambda response: None, headers=_match(revision))


def _append(id: str, nodes: Sequence[NodeLike]) -> Call[Appended]:
    """A node that is there already is left as it is, so this may be sent again."""
    body = checked(AppendNodes, {"nodes": nodes})
    return Call("POST", at("designs", id, "nodes"), model_of(Appended), body=body, again=True)


def _node(id: str, node: str) -> Call[Node]:
    return Call("GET", at("designs", id, "nodes", node), model_of(Node))


def _replay(id: str, node: str) -> Call[Replay]:
    return Call("POST", at("designs", id, "nodes", node, "replay"), model_of(Replay), timeout_s=FILE_S)


def _export(path: str) -> Call[str]:
    return Call("GET", path, lambda response: response.text, timeout_s=FILE_S)


def _import(text: str) -> Call[Design]:
    return Call("POST", "/designs/import", model_of(Design), text=text, headers=fresh_key(), timeout_s=FILE_S)


def _share(method: str, id: str) -> Call[Design]:
    return Call(method, at("designs", id, "share"), model_of(Design))


def _match(revision: int | None) -> dict[str, str]:
    return {"If-Match": "*" if revision is None else f'"{revision}"'}
