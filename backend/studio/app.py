"""The application: settings and an engine in, an ASGI application out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from studio.api import answers, designs, docs, generate, health, model, molecules, ws
from studio.api import jobs as jobs_api
from studio.api.access import Access
from studio.api.gate import Gate
from studio.api.middleware import BodyLimit, HeadAsGet, SecurityHeaders
from studio.api.openapi import complete
from studio.api.page import Page
from studio.api.queries import known_queries
from studio.api.state import Services
from studio.chemist import Chemist
from studio.door import Door
from studio.engine.home import EngineHome
from studio.engine.local import LocalEngine
from studio.engine.process import Options
from studio.job import Workshop
from studio.jobs import Jobs
from studio.judge import Judge
from studio.keys import Keys
from studio.meter import meters
from studio.metrics import Metrics
from studio.protocol import MAX_LIST
from studio.rates import Rates
from studio.settings import Settings
from studio.store.bounds import Bounds
from studio.store.store import Store

# What a page of another origin may read of an answer's headers.
EXPOSED = ("Content-Disposition", "ETag", "Idempotent-Replayed", "Location", "Retry-After", "X-Request-ID")
# Lines that must leave as they are made, and floats that do not get smaller.
INCOMPRESSIBLE = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/x-ndjson", "application/vnd.gpff.frames")


def create_app(
    settings: Settings | None = None, engine: EngineHome | None = None, store: Store | None = None
) -> FastAPI:
    """The service. `engine` defaults to one in a process of its own, `store` to the database that `settings` name."""
    settings = settings or Settings()
    home = engine or local_engine(settings)
    keys = Keys(settings.keys_file)
    rates = Rates(settings.rate_requests, settings.rate_jobs)
    metrics = Metrics()
    kept = store or Store(settings.database_url, Bounds(design_bytes=settings.max_design_bytes))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        judge = Judge(settings.bond_workers, settings.bond_timeout_s, settings.bond_memory_mb)
        judge.warm_up()
        workshop = Workshop(home, judge, settings.spec_limits(), settings.rerun_rounds)
        jobs = Jobs(workshop, settings.retain_mb * 2**20, settings.retain_s, settings.grace_s, settings.paused_s)
        door = Door(settings.grace_s)
        jobs.observers.append(meters(metrics, door))
        home.on_report = metrics.report
        chemist = local_chemist(settings)
        app.state.services = Services(settings, home, jobs, keys, rates, metrics, door, chemist, kept)
        kept.open()
        await home.start()
        try:
            yield
        finally:
            jobs.close()
            await home.close()
            await judge.close()
            await chemist.close()
            await kept.close()

    app = FastAPI(
        title="GPFF Studio",
        version=version("gpff-studio"),
        description="Molecules in 3D from a generative pseudo-force field. The socket `/ws` streams every step.",
        lifespan=lifespan,
        docs_url=None,  # what FastAPI brings loads scripts from elsewhere
        redoc_url=None,
    )
    answers.install(app)
    for router in (generate.router, jobs_api.router, model.router, molecules.router, designs.router, designs.shares):
        app.include_router(router, dependencies=[Depends(known_queries)])
    for router in (health.router, docs.router, ws.router):
        app.include_router(router)
    complete(app.openapi())
    interface = {path: [method.upper() for method in item] for path, item in app.openapi()["paths"].items()}
    app.mount("/", Page(settings.frontend, interface), name="page")
    _surround(app, settings, metrics, frozenset(interface))
    return app


def _surround(app: FastAPI, settings: Settings, metrics: Metrics, paths: frozenset[str]) -> None:
    """The layers around the endpoints, from the inside out."""
    # Names and times of nodes, and what else a design's file holds, come on top.
    files = {"/designs/import": settings.max_design_bytes + 4 * settings.max_body_bytes}
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes, others=files)
    app.add_middleware(HeadAsGet)
    app.add_middleware(GZipMiddleware, minimum_size=1024, exclude_content_types=INCOMPRESSIBLE)
    app.add_middleware(Gate, settings=settings, paths=paths)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Access, metrics=metrics)


def local_engine(settings: Settings) -> LocalEngine:
    """An engine in a process of its own."""
    return LocalEngine(
        Options(
            factory=settings.engine_factory,
            model=settings.model,
            device=settings.device,
            batch_edges=settings.batch_edges,
            max_running=settings.max_running,
            max_queue=settings.max_queue,
            log_format=settings.log_format,
            log_level=settings.log_level,
        )
    )


def local_chemist(settings: Settings) -> Chemist:
    """Files, drawings, properties and predictions in processes of their own."""
    return Chemist(
        n_workers=settings.bond_workers,
        timeout_s=settings.bond_timeout_s,
        memory_mb=settings.bond_memory_mb,
        file_timeout_s=settings.file_timeout_s,
        max_records=settings.max_records,
        max_atoms=min(settings.max_total_atoms, MAX_LIST),
        property_model=settings.property_model,
    )
