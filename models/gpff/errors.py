"""Every error that this library raises on purpose.

::

    Exception
    └── GpffError             anything that gpff itself refuses
        ├── InputError        a request that cannot be met (also a ValueError); names the field
        │   └── LimitError    a well-formed request that is larger than a stated limit
        └── WeightsError      weights that are missing, or are not what their manifest says
"""

from __future__ import annotations


class GpffError(Exception):
    """Root of the tree above: `except GpffError` catches whatever gpff refuses, and nothing else."""


class InputError(GpffError, ValueError):
    """A request that cannot be met: which field, what was expected there, and what came.

    `field` is a dotted path in the names of the wire protocol, such as ``blobs.0.covariance``.
    """

    def __init__(self, field: str, expected: str, got: str) -> None:
        super().__init__(field, expected, got)
        self.field = field
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, got {self.got}"

    def under(self, parent: str) -> InputError:
        """The same complaint with `parent` in front of its field, for a value nested in another."""
        return type(self)(f"{parent}.{self.field}", self.expected, self.got)


class LimitError(InputError):
    """A well-formed request that is larger than a stated limit (HTTP 413 in the service)."""


class WeightsError(GpffError):
    """Weights that are missing, or whose hash or shapes are not those of their manifest."""
