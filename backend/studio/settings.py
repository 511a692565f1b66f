"""Everything about the service that an operator may set, by environment variable.

| variable | default | what it does |
|---|---|---|
| `STUDIO_HOST` | 127.0.0.1 | address to listen on |
| `STUDIO_PORT`, `PORT` | 8000 | port to listen on |
| `STUDIO_LOG_LEVEL` | info | the least that is logged: `debug`, `info`, `warning`, `error` or `critical` |
| `STUDIO_LOG_FORMAT` | auto | `json`, `text`, or `auto`: text on a terminal, JSON elsewhere |
| `STUDIO_ALLOWED_ORIGINS` | none | origins, separated by commas, whose pages may call the service beside its own |
| `STUDIO_ALLOWED_HOSTS` | none | names it may be called by; none: local ones where it listens on loopback, else any |
| `STUDIO_RATE_REQUESTS` | 3000/minute | REST requests and connections of one key or address; empty: any number |
| `STUDIO_RATE_JOBS` | 1200/minute | jobs that one key or address may start; empty: any number |
| `STUDIO_DATA` | ~/.local/share/gpff-studio | folder of what must outlive the service: designs, API keys |
| `STUDIO_DATABASE` | none | `postgresql://user@host/name` or `sqlite:///file`; none: `designs.db` in `STUDIO_DATA` |
| `STUDIO_MAX_DESIGN_BYTES` | 16777216 | the nodes of one design, as JSON |
| `STUDIO_FRONTEND` | frontend/dist | folder of the built page |
| `STUDIO_MODEL` | default | which weights to load |
| `STUDIO_PROPERTY_MODEL` | properties | which weights predict gap and energy for `/molecules/predict` |
| `STUDIO_DEVICE` | the best there is | where the network runs: `cpu`, `cuda`, `cuda:1` |
| `STUDIO_ENGINE_FACTORY` | gpff:load | `module:function`, called as `f(model, device=device)` |
| `STUDIO_BATCH_EDGES` | 65536 | most pairs of atoms in one call of the network |
| `STUDIO_MAX_RUNNING` | 64 | jobs that advance together; the others wait |
| `STUDIO_MAX_QUEUE` | 256 | jobs that may wait; beyond it `busy` or 429 |
| `STUDIO_MAX_JOBS_PER_CLIENT` | 16 | unfinished jobs of one socket |
| `STUDIO_MAX_SAMPLES` | 64 | candidates of one job, at most 65535 |
| `STUDIO_MAX_STEPS` | 1024 | steps of one job, at most 1024 |
| `STUDIO_MAX_ATOMS_PER_MOLECULE` | 256 | atoms of one candidate, at most 4096; a step costs their square |
| `STUDIO_MAX_TOTAL_ATOMS` | 4096 | atoms of one job, all candidates together |
| `STUDIO_MAX_MESSAGE_BYTES` | 65536 | one message of a client; four times as much closes the connection |
| `STUDIO_MAX_BODY_BYTES` | 1048576 | one body of a REST request |
| `STUDIO_RETAIN_MB` | 256 | frames and results that are kept, also of jobs that have ended; the oldest go first |
| `STUDIO_RETAIN_S` | 900 | how long those of an ended job are kept |
| `STUDIO_GRACE_S` | 30 | how long a job goes on when its connection broke and no other follows it |
| `STUDIO_PAUSED_S` | 3600 | how long a job that needs no follower may stay paused while it has none |
| `STUDIO_DRAIN_S` | 30 | after SIGTERM, how long running jobs may take to finish |
| `STUDIO_RERUN_ROUNDS` | 4 | how often `valid_only` may run every candidate again |
| `STUDIO_BOND_WORKERS` | 1 | processes that read bonds from coordinates; as many again read files, draw and predict |
| `STUDIO_BOND_TIMEOUT_S` | 5 | for one molecule |
| `STUDIO_BOND_MEMORY_MB` | 1024 | for one molecule |
| `STUDIO_MAX_RECORDS` | 1000 | molecules in one file that is read or written |
| `STUDIO_FILE_TIMEOUT_S` | 30 | for one file; records that it was too short for come back as not read |
"""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from limits import parse
from pydantic import AliasChoices, Field, NonNegativeFloat, PositiveFloat, PositiveInt, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from gpff.spec import Limits as SpecLimits
from studio.problems import expectation
from studio.protocol import MAX_LIST, MAX_STEPS, Limits

MAX_SAMPLES = 65_535  # what a frame can count


def _built_page() -> Path:
    """In the package where it was installed, in frontend/ in the sources."""
    here = Path(__file__).resolve()
    installed = here.parent / "page"
    return installed if installed.is_dir() else here.parents[2] / "frontend" / "dist"


def _data_folder() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "gpff-studio"


# As browsers send them. What is written in another way would never be met, and no one be told.
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@*\s]+")
_HOST = re.compile(r"[^/:?#@*\s]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+")  # an IPv6 address has colons


class Settings(BaseSettings):
    """See the table at the head of this module. Raises `pydantic.ValidationError` for a senseless value."""

    model_config = SettingsConfigDict(env_prefix="STUDIO_", frozen=True, populate_by_name=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, validation_alias=AliasChoices("STUDIO_PORT", "PORT"))] = 8000
    log_format: Literal["auto", "json", "text"] = "auto"
    log_level: Literal["critical", "error", "warning", "info", "debug"] = "info"
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    rate_requests: str = "3000/minute"
    rate_jobs: str = "1200/minute"
    data: Path = Field(default_factory=_data_folder)
    database: str | None = None
    max_design_bytes: PositiveInt = 16_777_216
    frontend: Path = Field(default_factory=_built_page)
    model: str = "default"
    property_model: str = "properties"
    device: str | None = None
    engine_factory: Annotated[str, Field(pattern=r"^[\w.]+:[\w.]+$")] = "gpff:load"
    batch_edges: PositiveInt = 65_536
    max_running: PositiveInt = 64
    max_queue: Annotated[int, Field(ge=0)] = 256
    max_jobs_per_client: PositiveInt = 16
    max_samples: Annotated[int, Field(ge=1, le=MAX_SAMPLES)] = 64
    max_steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] = MAX_STEPS
    max_atoms_per_molecule: Annotated[int, Field(ge=1, le=MAX_LIST)] = 256
    max_total_atoms: PositiveInt = 4096
    max_message_bytes: PositiveInt = 65_536
    max_body_bytes: PositiveInt = 1_048_576
    retain_mb: PositiveInt = 256
    retain_s: NonNegativeFloat = 900.0
    grace_s: NonNegativeFloat = 30.0
    paused_s: NonNegativeFloat = 3600.0
    drain_s: NonNegativeFloat = 30.0
    rerun_rounds: Annotated[int, Field(ge=0)] = 4
    bond_workers: PositiveInt = 1
    bond_timeout_s: PositiveFloat = 5.0
    bond_memory_mb: PositiveInt = 1024
    max_records: PositiveInt = 1000
    file_timeout_s: PositiveFloat = 30.0

    @field_validator("allowed_origins", "allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ORIGIN.fullmatch(origin) for origin in value):
            raise ValueError("expected origins such as https://page.example or http://page.example:8080")
        return tuple(origin.lower() for origin in value)

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_HOST.fullmatch(host) for host in value):
            raise ValueError("expected names such as studio.example, without scheme or port")
        return tuple(host.lower() for host in value)

    @field_validator("rate_requests", "rate_jobs")
    @classmethod
    def _is_a_rate(cls, value: str) -> str:
        try:
            if value:
                parse(value)
            return value
        except ValueError:
            raise ValueError("expected a rate such as 600/minute, or nothing for none") from None

    @property
    def keys_file(self) -> Path:
        """Where the hashes of API keys are."""
        return self.data / "keys.json"

    @property
    def database_url(self) -> str:
        """Where the designs are."""
        return self.database or f"sqlite:///{self.data / 'designs.db'}"

    def limits(self) -> Limits:
        """The limits as a client is told of them."""
        return Limits(**{name: getattr(self, name) for name in Limits.model_fields})

    def spec_limits(self) -> SpecLimits:
        """The limits that a spec is checked against."""
        return SpecLimits(self.max_atoms_per_molecule, self.max_samples, self.max_steps, self.max_total_atoms)


def complaints(error: ValidationError) -> list[str]:
    """What is wrong with which variable, a line each."""
    return [
        f"{_variable(problem)}: expected {expectation(problem)}, got {problem['input']!r}" for problem in error.errors()
    ]


def unknown() -> list[str]:
    """Variables of the environment that look like settings and are none: most likely misspelt."""
    known = {f"STUDIO_{name.upper()}" for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith("STUDIO_") and name.upper() not in known)


def _variable(problem: ErrorDetails) -> str:
    name = f"STUDIO_{problem['loc'][0]}".upper().replace("STUDIO_STUDIO_", "STUDIO_")
    return "PORT" if name == "STUDIO_PORT" and name not in os.environ else name
