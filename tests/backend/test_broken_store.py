"""What is wrong with the database of designs is said, seen, and leaves generation alone."""

import sqlite3
import time
from pathlib import Path
from typing import Any

from client import Live, running, settings
from sqlalchemy import event
from test_rest import problem

ETHANOL = {"formula": "C2H6O", "steps": 12, "seed": 1}


def pragma(live: Live, text: str) -> None:
    """Set something of every connection to the database from now on."""
    store: Any = live.server.config.app.state.services.store  # type: ignore[union-attr]

    def checkout(connection: Any, record: Any, proxy: Any) -> None:
        connection.execute(f"PRAGMA {text}")

    event.listen(store.database.engine, "checkout", checkout)


def metric(live: Live, name: str) -> float:
    return next(float(line.split()[-1]) for line in live.get("/metrics").text.splitlines() if line.startswith(name))


def test_a_broken_database_is_seen_and_stops_no_generation(tmp_path: Path) -> None:
    file = tmp_path / "designs.db"
    file.write_bytes(b"this is no database" * 1000)
    with running(settings("harmonic", data=tmp_path, database=None)) as live:
        deadline = time.monotonic() + 30
        while "damaged" not in (live.get("/readyz").json()["detail"] or ""):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert live.get("/readyz").json()["status"] == "ok" and metric(live, "studio_store_up") == 0
        assert live.post("/generate", json=ETHANOL).status_code == 200
        for response in (live.get("/designs"), live.post("/designs", json={"name": "x"})):
            assert "damaged" in problem(response, 503, "store")["detail"] and response.headers["retry-after"]
        assert file.read_bytes() == b"this is no database" * 1000
        file.unlink()
        while live.get("/readyz").json()["detail"] is not None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert live.post("/designs", json={"name": "x"}).status_code == 201 and metric(live, "studio_store_up") == 1


def test_a_locked_database_is_503_and_then_works(tmp_path: Path) -> None:
    with running(settings("harmonic", data=tmp_path, database=None)) as live:
        path = live.post("/designs", json={"name": "before"}).headers["location"]
        pragma(live, "busy_timeout = 200")
        other = sqlite3.connect(tmp_path / "designs.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refused = live.post("/designs", json={"name": "meanwhile"}, headers={"Idempotency-Key": "k"})
        assert "busy" in problem(refused, 503, "store")["detail"] and refused.headers["retry-after"]
        assert live.get(path).json()["name"] == "before"
        other.execute("ROLLBACK")
        other.close()
        assert live.post("/designs", json={"name": "meanwhile"}, headers={"Idempotency-Key": "k"}).status_code == 201
        assert live.get("/designs").json()["total"] == 2


def test_a_full_disk_is_507_and_loses_nothing(tmp_path: Path) -> None:
    with running(settings("harmonic", data=tmp_path, database=None)) as live:
        path = live.post("/designs", json={"name": "before", "nodes": [{"id": "root"}]}).headers["location"]
        pragma(live, "max_page_count = 50")  # of 4 kB
        more = {"nodes": [{"parent": "root", "id": f"n{i}", "payload": "x" * 200_000} for i in range(3)]}
        refused = live.post(f"{path}/nodes", json=more)
        assert "full" in problem(refused, 507, "store_full")["detail"]
        assert live.get(path).json()["revision"] == 1
        assert live.get("/readyz").status_code == 200 and live.post("/generate", json=ETHANOL).status_code == 200
        pragma(live, "max_page_count = 10000")
        assert live.post(f"{path}/nodes", json=more).json()["added"] == ["n0", "n1", "n2"]
