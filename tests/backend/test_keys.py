"""API keys: the file, the command, and what it takes to pass the door."""

from pathlib import Path

import pytest
from client import connected, running, settings

from gpff.errors import InputError
from studio import commands, keys
from studio.errors import Unauthorized
from studio.keys import LOCAL, Keys


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "keys.json"


def test_without_keys_everyone_is_local(file: Path) -> None:
    ring = Keys(file)
    assert not ring.required and ring.owner(None) == ring.owner("anything") == LOCAL


def test_a_key_names_its_owner_and_only_its_hash_is_kept(file: Path) -> None:
    ada, ben = keys.create(file, "ada"), keys.create(file, "ben")
    ring = Keys(file)
    assert ring.required and (ring.owner(ada), ring.owner(ben)) == ("ada", "ben")
    for wrong in (None, "", "gpff_", ada[:-1], ada + "x", "\ud800"):
        with pytest.raises(Unauthorized):
            ring.owner(wrong)
    assert ada not in file.read_text() and len(ada) > 40
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_revoked_key_ends_at_once_and_the_last_one_opens_nothing(file: Path) -> None:
    token = keys.create(file, "ada")
    ring = Keys(file)
    keys.revoke(file, "ada")
    with pytest.raises(Unauthorized):
        ring.owner(token)
    assert ring.required and Keys(file).required
    assert ring.owner(keys.create(file, "ada")) == "ada"


def test_keys_made_while_the_service_runs_are_asked_for(file: Path) -> None:
    ring = Keys(file)
    token = keys.create(file, "ada")
    assert ring.required and ring.owner(token) == "ada"


@pytest.mark.parametrize("text", [None, "{", "{}", '{"keys": [{"name": "x"}]}', '{"keys": [1]}'])
def test_a_file_that_breaks_while_the_service_runs_opens_nothing(file: Path, text: str | None) -> None:
    token = keys.create(file, "ada")
    ring = Keys(file)
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
        with pytest.raises(InputError, match=r"keys\.json: expected a file of API keys"):
            Keys(file)
    assert ring.required and ring.owner(token) == "ada"


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65, "-x"])
def test_names_are_plain(file: Path, name: str) -> None:
    with pytest.raises(InputError, match="name: expected"):
        keys.create(file, name)


def test_a_name_has_one_key_in_force(file: Path) -> None:
    keys.create(file, "ada")
    with pytest.raises(InputError, match="no key in force has"):
        keys.create(file, "ada")
    with pytest.raises(InputError, match="name of a key in force"):
        keys.revoke(file, "ben")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("STUDIO_DATA", str(tmp_path))

    def studio(*arguments: str) -> tuple[int, str, str]:
        status = commands.run(arguments, lambda: 99)
        return status, *capsys.readouterr()

    status, token, _ = studio("key", "new", "ada")
    assert status == 0 and Keys(tmp_path / "keys.json").owner(token.strip()) == "ada"
    assert studio("key", "new", "ada")[0] == 1
    assert studio("key", "revoke", "ada")[0] == 0 and studio("key", "revoke", "ada")[0] == 1
    _, listed, _ = studio("key", "list")
    assert listed.startswith("ada\t") and "revoked" in listed and token.strip() not in listed
    assert studio() == (99, "", "")


def test_rest_asks_for_a_key_before_it_reads_a_body(tmp_path: Path) -> None:
    token = keys.create(tmp_path / "keys.json", "ada")
    with running(settings("harmonic", data=tmp_path)) as live:
        body = {"formula": "CH4", "steps": 2}
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"X-API-Key": token + "x"}, {"Authorization": token}):
            refused = live.post("/generate", json=body, headers=headers)
            assert refused.status_code == 401 and refused.json()["code"] == "unauthorized", headers
            assert refused.headers["www-authenticate"] == "Bearer"
        assert live.post("/generate", content=b"{", headers={"Content-Type": "application/json"}).status_code == 401
        for headers in ({"Authorization": f"Bearer {token}"}, {"X-API-Key": token}):
            assert live.post("/generate", json=body, headers=headers).status_code == 200
        for path in ("/healthz", "/readyz", "/docs", "/openapi.json"):
            assert live.get(path).status_code == 200
        assert live.get("/model").status_code == 401
        assert "make setup" in live.get("/").text


async def test_a_handshake_with_a_wrong_key_is_refused(tmp_path: Path) -> None:
    token = keys.create(tmp_path / "keys.json", "ada")
    with running(settings("harmonic", data=tmp_path)) as live:
        with pytest.raises(Exception, match="401"):
            async with connected(live, additional_headers={"X-API-Key": "wrong"}):
                pass
        async with connected(live, additional_headers={"Authorization": f"Bearer {token}"}) as client:
            assert (await client.run(formula="CH4", steps=2)).one("final")
