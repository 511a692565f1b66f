"""A client of the service, for scripts and notebooks.

::

    from studio.client import Client

    with Client("http://127.0.0.1:8000") as studio:
        result = studio.generate("C7H8O2", n_samples=8, seed=1)
        print([candidate.smiles or candidate.reason for candidate in result.candidates])

        with studio.stream("C2H6O", steps=64) as run:       # every step, as it is made
            for frame in run.frames():
                print(frame.step, frame.positions.shape)
        print(run.result.candidates[0].smiles)

`AsyncClient` has the same methods, awaited. Neither needs PyTorch, nor any part of the server.
"""

from studio.client.aio import AsyncClient, AsyncJob
from studio.client.aio_run import AsyncRun
from studio.client.errors import (
    BadRequest,
    Busy,
    Cancelled,
    ClientError,
    Conflict,
    Expired,
    Forbidden,
    NotFound,
    Outdated,
    ProblemError,
    ServerError,
    TooLarge,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from studio.client.sync import Client, Job
from studio.client.sync_run import Run
from studio.client.trajectory import Trajectory
from studio.codec import Frame
from studio.protocol import Candidate, Final, GenerateResult, GenerateSpec, Topology, VerdictMessage

__all__ = [
    "AsyncClient",
    "AsyncJob",
    "AsyncRun",
    "BadRequest",
    "Busy",
    "Cancelled",
    "Candidate",
    "Client",
    "ClientError",
    "Conflict",
    "Expired",
    "Final",
    "Forbidden",
    "Frame",
    "GenerateResult",
    "GenerateSpec",
    "Job",
    "NotFound",
    "Outdated",
    "ProblemError",
    "Run",
    "ServerError",
    "TooLarge",
    "Topology",
    "Trajectory",
    "Unauthorized",
    "Unavailable",
    "Unreachable",
    "VerdictMessage",
]
