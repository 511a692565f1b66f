"""How much is kept. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from gpff.errors import LimitError
from studio.store.rows import Prepared, to_json


@dataclass(frozen=True)
class Bounds:
    """Beyond these a change is refused with `LimitError`.

    designs: of one owner; nodes and design_bytes: of one design; payload_bytes: of one payload or state, as JSON.
    """

    designs: int = 10_000
    nodes: int = 10_000
    design_bytes: int = 16 * 2**20
    payload_bytes: int = 2**18

    def check_designs(self, n: int) -> None:
        if n > self.designs:
            raise LimitError("designs", f"at most {self.designs} designs of one owner", str(n))

    def check_nodes(self, n: int) -> None:
        if n > self.nodes:
            raise LimitError("nodes", f"at most {self.nodes} nodes", str(n))

    def check_bytes(self, n: int) -> None:
        if n > self.design_bytes:
            raise LimitError("nodes", f"at most {self.design_bytes} bytes in all nodes", str(n))

    def check_payloads(self, items: Sequence[Prepared]) -> None:
        for i, item in enumerate(items):
            if item.n_bytes > self.payload_bytes:  # else its payload cannot be
                self.check_json(item.node.payload, f"nodes.{i}.payload")

    def check_json(self, value: JsonValue, field: str) -> None:
        n = len(to_json(value, field))
        if n > self.payload_bytes:
            raise LimitError(field, f"at most {self.payload_bytes} bytes of JSON", str(n))
