"""Hosts, origins and rates."""

from pathlib import Path

import httpx
import pytest
from client import connected, running, settings

from studio import keys
from studio.api.origins import host_allowed, origin_allowed
from studio.errors import Busy
from studio.rates import Rates

CH4 = {"formula": "CH4", "steps": 2}


@pytest.mark.parametrize(
    ("host", "listens", "allowed", "answer"),
    [
        ("localhost:8000", "127.0.0.1", (), True),
        ("127.0.0.1", "127.0.0.1", (), True),
        ("[::1]:8000", "::1", (), True),
        ("evil.example:8000", "127.0.0.1", (), False),
        ("", "127.0.0.1", (), False),
        ("[", "127.0.0.1", (), False),
        ("anything.example", "0.0.0.0", (), True),
        ("anything.example", "0.0.0.0", ("lab.example",), False),
        ("lab.example:443", "0.0.0.0", ("lab.example",), True),
        ("localhost", "0.0.0.0", ("lab.example",), True),
        ("page.example", "127.0.0.1", (), True),  # it is in the list of origins
    ],
)
def test_the_name_in_host(host: str, listens: str, allowed: tuple[str, ...], answer: bool) -> None:
    options = settings("harmonic", host=listens, allowed_hosts=allowed, allowed_origins=("https://page.example",))
    assert host_allowed(host, options) is answer


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://[", "file://localhost", "evil"])
def test_origins_that_may_not_call(origin: str) -> None:
    assert not origin_allowed(origin, "lab.example", ("https://page.example",))


async def test_a_name_that_was_made_to_resolve_here_is_refused() -> None:
    with running(settings("harmonic")) as live:
        evil = {"Host": f"evil.example:{live.port}"}
        for path in ("/", "/healthz", "/model"):
            refused = live.get(path, headers=evil)
            assert refused.status_code == 403 and "STUDIO_ALLOWED_HOSTS" in refused.json()["detail"]
            assert "content-security-policy" in refused.headers


async def test_pages_of_others_may_not_post() -> None:
    with running(settings("harmonic", allowed_origins=("https://page.example",))) as live:
        refused = live.post("/generate", json=CH4, headers={"Origin": "https://evil.example"})
        assert refused.status_code == 403 and refused.json()["code"] == "forbidden"
        assert "access-control-allow-origin" not in refused.headers
        for origin in (live.url, "http://localhost:5173", "https://page.example"):
            assert live.post("/generate", json=CH4, headers={"Origin": origin}).status_code == 200


async def test_a_rate_says_when_to_come_back() -> None:
    rates = Rates("2/hour", "1/hour")
    await rates.request("ada")
    await rates.request("ada")
    with pytest.raises(Busy, match="requests: expected at most 2 per 1 hour") as refused:
        await rates.request("ada")
    assert 1 <= refused.value.retry_after_s <= 3600
    await rates.request("ben")
    await rates.job("ada")
    with pytest.raises(Busy, match="jobs"):
        await rates.job("ada")


async def test_no_rate_is_no_limit() -> None:
    rates = Rates("", "")
    for _ in range(100):
        await rates.request("ada")
        await rates.job("ada")


async def test_rates_over_http_spare_health_and_the_page() -> None:
    with running(settings("harmonic", rate_requests="3/hour", rate_jobs="1/hour")) as live:
        assert live.post("/generate", json=CH4).status_code == 200
        refused = live.post("/generate", json=CH4)
        assert refused.status_code == 429 and "too many jobs" in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) >= 1
        assert live.get("/model").status_code == 200
        refused = live.get("/model")
        assert refused.status_code == 429 and "too many requests" in refused.json()["detail"]
        assert live.get("/healthz").status_code == 200 and live.get("/docs").status_code == 200
        with pytest.raises(Exception, match="429"):
            async with connected(live):
                pass


async def test_allowed_pages_get_their_preflight_answered_without_a_key(tmp_path: Path) -> None:
    keys.create(tmp_path / "keys.json", "ada")
    page = "https://page.example"
    with running(settings("harmonic", data=tmp_path, allowed_origins=(page,))) as live:
        asked = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        answer = httpx.options(live.url + "/generate", headers={"Origin": page, **asked})
        assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == page
        assert "authorization" in answer.headers["access-control-allow-headers"]
        exposed = httpx.get(live.url + "/readyz", headers={"Origin": page}).headers["access-control-expose-headers"]
        assert {"Idempotent-Replayed", "Retry-After", "Location", "ETag"} <= set(exposed.split(", "))
        other = httpx.options(live.url + "/generate", headers={"Origin": "https://evil.example", **asked})
        assert "access-control-allow-origin" not in other.headers
        assert httpx.options(live.url + "/generate", headers={"Origin": page}).status_code == 401
