"""The environment, and the table that documents it."""

import re

import pytest
from pydantic import ValidationError

import studio.settings
from gpff.errors import LimitError
from gpff.plan import compile
from studio.protocol import GenerateSpec, Limits
from studio.settings import Settings, complaints, unknown
from studio.specs import to_spec


def test_defaults_bind_to_loopback() -> None:
    settings = Settings()
    assert (settings.host, settings.model, settings.engine_factory) == ("127.0.0.1", "default", "gpff:load")
    assert settings.limits() == Limits(
        max_samples=64,
        max_steps=1024,
        max_atoms_per_molecule=256,
        max_total_atoms=4096,
        max_queue=256,
        max_jobs_per_client=16,
        max_message_bytes=65536,
        max_body_bytes=1048576,
    )


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_SAMPLES", "8")
    monkeypatch.setenv("STUDIO_ALLOWED_ORIGINS", "https://a.example/, https://b.example")
    settings = Settings()
    assert settings.max_samples == 8 and settings.spec_limits().max_samples == 8
    assert settings.allowed_origins == ("https://a.example", "https://b.example")


def test_port_is_honoured_and_the_prefixed_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDIO_PORT", raising=False)
    monkeypatch.setenv("PORT", "8123")
    assert Settings().port == 8123
    monkeypatch.setenv("STUDIO_PORT", "8124")
    assert Settings().port == 8124


@pytest.mark.parametrize(
    ("name", "value"),
    [("STUDIO_MAX_SAMPLES", "0"), ("STUDIO_MAX_STEPS", "5000"), ("STUDIO_ENGINE_FACTORY", "gpff.load"), ("PORT", "x")],
)
def test_senseless_values_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


def rows() -> dict[str, str]:
    """Setting: what the table says of its default."""
    found = re.findall(r"^\| `STUDIO_(\w+)`[^|]*\| ([^|]+) \|", studio.settings.__doc__ or "", re.MULTILINE)
    return {name.lower(): default for name, default in found}


def test_every_setting_is_in_the_table() -> None:
    assert set(rows()) == set(Settings.model_fields)


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - {"data", "frontend", "device"}))
def test_the_table_tells_the_default(name: str) -> None:
    default = Settings.model_fields[name].default
    said = rows()[name]
    assert said == ("none" if default in ((), None) else f"{default:g}" if isinstance(default, float) else str(default))


def test_more_atoms_a_molecule_are_a_setting() -> None:
    wire = GenerateSpec(formula="C100H202")
    with pytest.raises(LimitError, match="at most 256 atoms"):
        to_spec(wire, 1, Settings().spec_limits())
    plan = compile(to_spec(wire, 1, Settings(max_atoms_per_molecule=302).spec_limits()))
    assert plan.ptr.tolist() == [0, 302]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("STUDIO_MAX_ATOMS_PER_MOLECULE", "5000", "at most 4096"),
        ("STUDIO_MAX_SAMPLES", "70000", "at most 65535"),
        ("STUDIO_RATE_JOBS", "often", "a rate such as 600/minute"),
        ("STUDIO_LOG_FORMAT", "xml", "'auto', 'json' or 'text'"),
        ("PORT", "http", "an integer"),
        ("STUDIO_ALLOWED_ORIGINS", "page.example", "origins such as https://page.example"),
        ("STUDIO_ALLOWED_ORIGINS", "https://page.example,*", "origins such as https://page.example"),
        ("STUDIO_ALLOWED_ORIGINS", "https://page.example/studio", "origins such as https://page.example"),
        ("STUDIO_ALLOWED_HOSTS", "studio.example:8000", "names such as studio.example"),
        ("STUDIO_ALLOWED_HOSTS", "https://studio.example", "names such as studio.example"),
        ("PORT", "70000", "at most 65535"),
        ("STUDIO_DRAIN_S", "-1", "at least 0"),
    ],
)
def test_a_complaint_names_the_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str) -> None:
    monkeypatch.delenv("STUDIO_PORT", raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    (line,) = complaints(caught.value)
    assert line.startswith(f"{name}: expected ") and expected in line and line.endswith(f"got {value!r}")


def test_misspelt_variables_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_SAMPLE", "3")
    monkeypatch.setenv("STUDIO_MAX_SAMPLES", "3")
    assert "STUDIO_MAX_SAMPLE" in unknown() and "STUDIO_MAX_SAMPLES" not in unknown()
