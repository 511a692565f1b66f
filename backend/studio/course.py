"""Where a job is steered: what is in force, and what was wished for and is on its way. No I/O.

Wishes take effect one after the other, each between two steps, and frames made in between belong to the one before. So
each wish is kept until the engine says that it has taken effect, and what comes meanwhile is checked against what will
be in force by then.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gpff.plan import Plan
from gpff.spec import Blob, Spec
from gpff.steering import check_steering


@dataclass(frozen=True, eq=False)
class _Wish:
    spec: Spec
    plan: Plan | None = None  # of a rewind: the plan that it goes back to
    freeze: tuple[int, ...] = ()


class Course:
    """`spec` and `plan` are those of the next frame."""

    def __init__(self, spec: Spec, plan: Plan) -> None:
        self.spec = spec
        self.plan = plan
        self._wishes: deque[_Wish] = deque()

    @property
    def wished(self) -> Spec:
        """What `spec` becomes once everything has taken effect."""
        return self._wishes[-1].spec if self._wishes else self.spec

    def steer(self, blobs: Sequence[Blob] | None, freeze: tuple[int, ...]) -> None:
        """Other `blobs` of the same atoms, and atoms to `freeze`. Raises `InputError` for what cannot be by then."""
        plan, frozen = self.plan, list[int]()
        for wish in self._wishes:
            plan, frozen = (plan, frozen) if wish.plan is None else (wish.plan, [])
            frozen += wish.freeze
        check_steering(plan, blobs, (*frozen, *freeze))
        wished = self.wished if blobs is None else replace(self.wished, blobs=tuple(blobs))
        self._wishes.append(_Wish(wished, freeze=freeze))

    def rewind(self, spec: Spec, plan: Plan) -> None:
        """Back to what was in force then."""
        self._wishes.append(_Wish(spec, plan))

    def took_effect(self, plan: Plan) -> None:
        """The oldest wish has, and this is the plan from here on."""
        self.spec, self.plan = self._wishes.popleft().spec, plan
