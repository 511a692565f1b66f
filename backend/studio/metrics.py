"""What the service counts and times, for Prometheus. Names begin with `studio_`; times are seconds.

Labels take few values each: reasons of verdicts are told by kind, requests by the route that they met, and no label
names a job, an owner or an address.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from studio.engine.messages import Report

_SHORT_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_PART_S = (0.0001, 0.0002, 0.0005, *_SHORT_S)
_LONG_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
_JOBS = (1, 2, 4, 8, 16, 32, 64)
_EDGES = tuple(float(4**k) for k in range(3, 11))

# The first that occurs in a reason names its kind.
_KINDS = {
    "separate fragments": "fragments",
    "radical on": "radical",
    "neighbours at bonding distance": "crowded",
    "bonds do not fit": "valences",
    "overlap": "overlap",
    "took longer": "timeout",
    "of memory": "memory",
    "crashed": "crash",
    "not a finite number": "ran_away",
    "from the origin": "ran_away",
    "flew apart": "ran_away",
}


class Metrics:
    """Instruments of one application, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.steps = Counter("studio_steps", "Steps that the engine made", registry=registry)
        self.step = Histogram(
            "studio_step_seconds", "One step of a batch, as the engine reports it", buckets=_SHORT_S, registry=registry
        )
        self.overhead = Histogram(
            "studio_step_overhead_seconds",
            "Of it, scheduling and encoding: all but the network and the samplers",
            buckets=_PART_S,
            registry=registry,
        )
        self.samplers = Histogram(
            "studio_step_samplers_seconds", "Of it, the samplers' arithmetic", buckets=_PART_S, registry=registry
        )
        self.batch_jobs = Histogram("studio_batch_jobs", "Jobs that share a step", buckets=_JOBS, registry=registry)
        self.batch_edges = Histogram(
            "studio_batch_edges", "Ordered pairs of atoms in a step", buckets=_EDGES, registry=registry
        )
        self.waiting = Gauge("studio_jobs_waiting", "Jobs in the queue", ["lane"], registry=registry)
        self.running = Gauge("studio_jobs_running", "Jobs that advance together", registry=registry)
        self.unfinished = Gauge("studio_jobs_unfinished", "Jobs that have not ended", registry=registry)
        self.restarts = Gauge("studio_engine_restarts", "Times the engine's process was replaced", registry=registry)
        self.ready = Gauge("studio_ready", "1 while new jobs are taken and run", registry=registry)
        self.store_up = Gauge("studio_store_up", "1 while designs can be read and saved", registry=registry)
        self.first_frame = Histogram(
            "studio_first_frame_seconds",
            "From submission to the first frame",
            buckets=_SHORT_S,
            registry=registry,
        )
        self.frames = Counter("studio_frames", "Frames that jobs published", registry=registry)
        self.dropped = Counter(
            "studio_frames_dropped", "Times that frames were skipped for a slow reader", ["where"], registry=registry
        )
        self.jobs = Counter("studio_jobs", "Jobs that ended, by how", ["end"], registry=registry)
        self.run = Histogram("studio_job_seconds", "From submission to the end", buckets=_LONG_S, registry=registry)
        self.verdicts = Counter(
            "studio_verdicts",
            "Candidates by what their bonds say: valid, or the kind of reason",
            ["reason"],
            registry=registry,
        )
        self.requests = Counter(
            "studio_http_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self.request = Histogram(
            "studio_http_request_seconds", "Until the answer was sent", ["route"], buckets=_LONG_S, registry=registry
        )
        self.sockets = Gauge("studio_sockets", "Sockets that are open", registry=registry)

    def judged(self, valid: bool, reason: str | None) -> None:
        """Count the verdict on a finished candidate."""
        self.verdicts.labels(kind(valid, reason)).inc()

    def report(self, report: Report) -> None:
        """Take over what the engine reports of itself."""
        self.steps.inc(report.steps)
        if report.batch_jobs:
            self.step.observe(report.step_s)
            self.overhead.observe(report.overhead_s)
            self.samplers.observe(report.samplers_s)
            self.batch_jobs.observe(report.batch_jobs)
            self.batch_edges.observe(report.batch_edges)
        self.running.set(report.running)
        for lane, waiting in report.waiting.items():
            self.waiting.labels(lane).set(waiting)

    def text(self) -> bytes:
        """Everything in the text format of Prometheus."""
        return generate_latest(self.registry)


def kind(valid: bool, reason: str | None) -> str:
    """A verdict in one word: valid, or the kind of its reason."""
    if valid:
        return "valid"
    return next((name for words, name in _KINDS.items() if words in (reason or "")), "other")
