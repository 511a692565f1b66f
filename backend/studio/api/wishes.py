"""What may be done to a job that runs: the same by REST and on the socket."""

from studio.job import Job
from studio.protocol import Pause, ResumeRun, Rewind, Steer
from studio.specs import steered_blobs

type Wish = Pause | ResumeRun | Steer | Rewind


def grant(job: Job, wish: Wish) -> None:
    """Act on a wish, once where it has a name. Raises `InputError` and `JobEnded`."""
    if wish.once is not None and wish.once in job.granted:
        return
    match wish:
        case Pause():
            job.pause()
        case ResumeRun():
            job.resume()
        case Rewind():
            job.rewind(wish.step)
        case Steer():
            blobs = None if wish.blobs is None else steered_blobs(job.wished, wish.blobs)
            job.steer(blobs, tuple(wish.freeze))
    if wish.once is not None:
        job.granted.add(wish.once)
