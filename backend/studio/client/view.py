"""What both kinds of run show of their job."""

import numpy as np
from numpy.typing import NDArray

from studio.client.story import Story
from studio.codec import Frame
from studio.protocol import GenerateResult, Topology, VerdictMessage


class View:
    """A job as far as it has been heard."""

    def __init__(self, story: Story) -> None:
        self._story = story

    @property
    def job(self) -> str | None:
        """Its number, once it was accepted."""
        return self._story.job

    @property
    def seed(self) -> int | None:
        return self._story.seed

    @property
    def topology(self) -> Topology | None:
        """Which atoms each sample has; there before the first frame."""
        return self._story.topology

    @property
    def verdicts(self) -> dict[int, VerdictMessage]:
        """The newest of each sample."""
        return self._story.verdicts

    @property
    def frame(self) -> Frame | None:
        """The newest."""
        return self._story.frame

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self._story.over

    @property
    def result(self) -> GenerateResult:
        """The end. Raises what the job ended with instead, and ValueError when it has not ended."""
        if self._story.error is not None:
            raise self._story.error
        if self._story.result is None:
            raise ValueError("the run is not over")
        return self._story.result

    def sample(self, frame: Frame, i: int) -> NDArray[np.floating]:
        """Positions `[n, 3]` Å of sample `i` in a frame."""
        return self._story.sample(frame, i)
