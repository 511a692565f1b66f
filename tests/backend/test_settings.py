"""The environment, and the table that documents it."""

import re

import pytest
from pydantic import ValidationError

import studio.settings
from studio.protocol import Limits
from studio.settings import Settings


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


def test_every_setting_is_in_the_table() -> None:
    documented = set(re.findall(r"`STUDIO_(\w+)`", studio.settings.__doc__ or ""))
    assert documented == {name.upper() for name in Settings.model_fields}
