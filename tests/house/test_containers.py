"""The Dockerfile and the compose file, read as text: no container engine is asked for."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from studio.settings import Settings
from studio.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
INSTRUCTIONS = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text())).splitlines()
FINAL = INSTRUCTIONS[max(i for i, line in enumerate(INSTRUCTIONS) if line.startswith("FROM ")) :]


@pytest.fixture
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


def instruction(name: str, lines: list[str] = FINAL) -> list[str]:
    """What follows each instruction called `name`."""
    return [line.removeprefix(name).strip() for line in lines if line.startswith(f"{name} ")]


def environment() -> dict[str, str]:
    pairs = [word.partition("=") for line in instruction("ENV") for word in shlex.split(line)]
    return {name: value for name, _, value in pairs}


def test_page_and_kernel_are_built_in_stages_that_do_not_ship() -> None:
    stages = [line.split()[-1] for line in instruction("FROM", INSTRUCTIONS)]
    assert stages[:2] == ["page", "build"]
    copied = {line.split()[0] for line in instruction("COPY")}
    assert copied == {"--from=build", "--from=page"}
    build = [line for line in INSTRUCTIONS if "GPFF_PORTABLE=1" in line]
    assert len(build) == 1 and "kernel.build()" in build[0]
    assert not any(re.search(r"\bgcc\b", line) for line in FINAL)


def test_modules_are_compiled_when_the_image_is_built() -> None:
    """Nothing can be kept where the image runs: every process of every start would compile PyTorch anew."""
    assert environment()["PYTHONDONTWRITEBYTECODE"] == "1"
    build = instruction("ENV", INSTRUCTIONS[: len(INSTRUCTIONS) - len(FINAL)])
    assert any("UV_COMPILE_BYTECODE=1" in line.split() for line in build)
    assert any("compileall -q models backend" in line for line in instruction("RUN", INSTRUCTIONS))


def test_image_has_the_python_that_the_project_requires() -> None:
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    (version,) = [v for v in instruction("ARG", INSTRUCTIONS) if v.startswith("PYTHON_VERSION=")]
    assert required.startswith(f">={version.removeprefix('PYTHON_VERSION=')}")
    assert (ROOT / ".python-version").read_text().strip() == version.removeprefix("PYTHON_VERSION=")


def test_image_runs_unprivileged_and_says_how_it_is() -> None:
    (user,) = instruction("USER")
    assert user not in ("root", "0")
    assert any("useradd" in line and line.split().count(user) >= 1 for line in instruction("RUN"))
    (health,) = instruction("HEALTHCHECK")
    assert "/healthz" in health
    assert instruction("VOLUME") == ['["/data"]']
    assert instruction("CMD") == ['["python", "-m", "studio"]']
    assert instruction("EXPOSE") == [environment()["STUDIO_PORT"]]


def test_image_sets_only_what_the_service_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {name: value for name, value in environment().items() if name.startswith("STUDIO_")}
    for name, value in given.items():
        assert name.removeprefix("STUDIO_").lower() in Settings.model_fields
        monkeypatch.setenv(name, value)
    assert Settings().host == "0.0.0.0"


def test_everything_copied_from_here_reaches_the_builder() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copies = [line.split()[:-1] for line in instruction("COPY", INSTRUCTIONS) if not line.startswith("--from")]
    for source in (source for sources in copies for source in sources):
        assert source.split("/")[0] in kept, f"{source} is kept from the builder by .dockerignore"
        assert source == "README.md" or (ROOT / source).exists(), f"{source} does not exist"


def test_default_service_has_the_gpu_and_the_profile_has_none(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"studio", "cpu", "database"}
    (device,) = services["studio"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert "profiles" not in services["studio"]
    assert services["cpu"]["profiles"] == ["cpu"]
    assert "deploy" not in services["cpu"]


@pytest.mark.parametrize("name", ["studio", "cpu"])
def test_services_keep_designs_and_listen_on_this_machine_alone(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert service["volumes"] == ["designs:/data"]
    assert "designs" in compose["volumes"]
    assert service["ports"] == [f"127.0.0.1:${{PORT:-8000}}:{environment()['STUDIO_PORT']}"]
    for variable in service["environment"]:
        assert variable.removeprefix("STUDIO_").lower() in Settings.model_fields


def test_the_database_is_asked_for_reached_by_the_services_alone_and_keeps_what_it_has(compose: dict[str, Any]) -> None:
    database = compose["services"]["database"]
    assert database["profiles"] == ["database"] and "ports" not in database
    (volume,) = database["volumes"]
    assert volume.split(":")[0] in compose["volumes"]
    user, name = database["environment"]["POSTGRES_USER"], database["environment"]["POSTGRES_DB"]
    said = re.search(r"STUDIO_DATABASE=(\S+)", (ROOT / "docker-compose.yml").read_text())
    assert said is not None
    url = Database(said[1].replace("$POSTGRES_PASSWORD", "secret")).url
    assert (url.username, url.host, url.database) == (user, "database", name)
    assert url.get_backend_name() == "postgresql"
    for service in ("studio", "cpu"):
        assert compose["services"][service]["environment"]["STUDIO_DATABASE"] == "${STUDIO_DATABASE:-}"
    assert Settings(database="").database_url.startswith("sqlite:///")


def test_image_is_tagged_with_the_project_version(compose: dict[str, Any]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    ours = [service for service in compose["services"].values() if "build" in service]
    assert {service["image"] for service in ours} == {f"gpff-studio:{version}"}
