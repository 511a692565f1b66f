"""Molecules in and out over real HTTP."""

import json
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import httpx
import numpy as np
import pytest
from client import Live, running, settings
from test_rest import problem

import gpff
from gpff.folders import WEIGHTS

FILES = {
    "sdf": "chemical/x-mdl-sdfile",
    "mol": "chemical/x-mdl-molfile",
    "xyz": "chemical/x-xyz",
    "extxyz": "chemical/x-extxyz",
    "pdb": "chemical/x-pdb",
    "smiles": "chemical/x-daylight-smiles",
}
ALANINE = "C[C@H](N)C(=O)O"


def post(live: Live, what: str, **body: Any) -> httpx.Response:
    return live.post(f"/molecules/{what}", content=json.dumps(body), headers={"content-type": "application/json"})


def answer(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


@pytest.fixture(scope="module")
def alanine(live: Live) -> dict[str, Any]:
    """As parsed, and so as it may be sent."""
    (record,) = answer(post(live, "parse", text=f"{ALANINE} L-alanine"))["records"]
    molecule = record["molecule"]
    assert molecule["smiles"] == ALANINE and molecule["embedded"] and molecule["added_hydrogens"] == 7
    return {key: molecule[key] for key in ("numbers", "positions", "bonds", "charges", "name")}


@pytest.mark.parametrize("format", FILES)
def test_a_molecule_goes_out_and_comes_back(format: str, live: Live, alanine: dict[str, Any]) -> None:
    exported = post(live, "export", molecules=[alanine], format=format)
    assert exported.status_code == 200 and exported.headers["content-type"].startswith(FILES[format])
    for wish in (
        {},
        {"format": format},
        {"file_name": f"a.{format}"} if format != "smiles" else {"file_name": "a.smi"},
    ):
        parsed = answer(post(live, "parse", text=exported.text, **wish))
        (record,) = parsed["records"]
        assert parsed["format"] == format and record["index"] == 0 and record["error"] is None
        molecule = record["molecule"]
        assert molecule["smiles"] == ALANINE and molecule["reason"] is None and molecule["name"] == "L-alanine"
        if format != "smiles":
            assert molecule["numbers"] == alanine["numbers"] and molecule["bonds"] == alanine["bonds"]


def test_what_was_answered_can_be_sent_as_it_came(live: Live) -> None:
    parsed = answer(post(live, "parse", text=ALANINE, format="smiles"))["records"][0]["molecule"]
    assert post(live, "export", molecules=[parsed], format="smiles").text == f"{ALANINE}\n"
    assert answer(post(live, "properties", molecule=parsed))["formula"] == "C3H7NO2"
    (whole,) = live.post("/generate", json={"formula": "C2H6O"}).json()["candidates"]
    (broken,) = live.post("/generate", json={"formula": "C3H8", "steps": 3}).json()["candidates"]
    assert whole["valid"] and not broken["valid"] and broken["bonds"] == []
    sdf = post(live, "export", molecules=[whole, broken], format="sdf").text
    assert "> <SMILES>\nCCO\n" in sdf and "> <REASON>" in sdf  # none of broken's bonds is known, not none there
    assert [one["gap_ev"] is None for one in answer(post(live, "predict", molecules=[whole, broken]))["molecules"]] == [
        False,
        True,
    ]
    wrong = post(live, "export", molecules=[{**whole, "bond": []}], format="sdf")
    assert problem(wrong, 422, "invalid")["field"] == "molecules.0.bond"


def test_a_bad_record_is_told_apart_and_costs_no_other(live: Live) -> None:
    found = answer(post(live, "parse", text="CC ethane\nC(\nO water"))
    assert [record["index"] for record in found["records"]] == [0, 1, 2]
    assert [record["error"] for record in found["records"]] == [None, "expected a SMILES string, got 'C('", None]
    assert [record["molecule"] and record["molecule"]["name"] for record in found["records"]] == [
        "ethane",
        None,
        "water",
    ]


def test_bonds_that_cannot_be_found_are_null_with_the_reason(live: Live) -> None:
    (record,) = answer(post(live, "parse", text="2\n\nC 0 0 0\nC 0 0 9\n"))["records"]
    assert record["molecule"]["bonds"] is None and record["molecule"]["smiles"] is None
    assert record["molecule"]["reason"] == "bonds do not fit the valences at charge 0"
    (record,) = answer(post(live, "parse", text="1\n\nHe 0 0 0\n", perceive=False))["records"]
    assert record["molecule"]["reason"] == "no bonds are given"


def test_the_seed_decides_the_coordinates(live: Live) -> None:
    def positions(seed: int) -> Any:
        return answer(post(live, "parse", text="CCCO", seed=seed))["records"][0]["molecule"]["positions"]

    assert positions(1) == positions(1) != positions(2)


def test_export_reads_bonds_from_coordinates_when_there_are_none(live: Live, alanine: dict[str, Any]) -> None:
    bare = {"numbers": alanine["numbers"], "positions": alanine["positions"]}
    assert post(live, "export", molecules=[bare], format="smiles").text == f"{ALANINE}\n"
    sdf = post(live, "export", molecules=[bare, {**bare, "bonds": []}], format="sdf").text
    assert sdf.count(f"> <SMILES>\n{ALANINE}\n") == 1 and sdf.count("$$$$") == 2
    apart = {"numbers": [6, 6], "positions": [[0, 0, 0], [9, 0, 0]]}
    assert "> <REASON>\nbonds do not fit" in post(live, "export", molecules=[apart], format="sdf").text
    body = problem(post(live, "export", molecules=[bare, apart], format="smiles"), 422, "invalid")
    assert body["field"] == "molecules.1.bonds"


def test_a_drawing_speaks_of_the_callers_atoms(live: Live, alanine: dict[str, Any]) -> None:
    drawn = answer(post(live, "depict", molecule=alanine, width=320, height=200, highlight=[2]))
    assert ElementTree.fromstring(drawn["svg"]).get("width") == "320px"
    assert drawn["atoms"] == [0, 1, 2, 3, 4, 5] and len(drawn["points"]) == 6
    assert drawn["svg"].count("<ellipse") == 1
    wish = {"accept": "image/svg+xml"}
    picture = live.post("/molecules/depict", json={"smiles": ALANINE, "theme": "dark"}, headers=wish)
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert ElementTree.fromstring(picture.text).tag.endswith("svg")


def test_properties_of_a_molecule_and_of_its_smiles_agree(live: Live, alanine: dict[str, Any]) -> None:
    found = answer(post(live, "properties", molecule=alanine))
    assert found == answer(post(live, "properties", smiles=ALANINE))
    assert found["formula"] == "C3H7NO2" and found["inchi_key"] == "QNAYBMKLOCPYGJ-REOHCLBHSA-N"
    assert found["stereocentres"] == 1 and found["mass"] == pytest.approx(89.09, abs=0.01)


def test_perception_judges_as_candidates_are_judged_or_at_a_charge(live: Live, alanine: dict[str, Any]) -> None:
    found = answer(post(live, "perceive", numbers=alanine["numbers"], positions=alanine["positions"]))
    assert found["valid"] and found["smiles"] == ALANINE and found["bonds"] == alanine["bonds"]
    (ion,) = answer(post(live, "parse", text="C[NH3+]"))["records"]
    cloud = {key: ion["molecule"][key] for key in ("numbers", "positions")}
    neutral = answer(post(live, "perceive", **cloud))
    assert not neutral["valid"] and neutral["bonds"] == [] and neutral["reason"]
    charged = answer(post(live, "perceive", **cloud, charge=1))
    assert charged["valid"] and charged["smiles"] == "C[NH3+]" and charged["charges"] == ion["molecule"]["charges"]


def test_predictions_are_the_librarys_and_say_what_they_are_worth(live: Live, alanine: dict[str, Any]) -> None:
    (long,) = answer(post(live, "parse", text="CCCCCCCCCCO"))["records"]
    (salty,) = answer(post(live, "parse", text="ClCC"))["records"]
    given = [alanine, long["molecule"], salty["molecule"], {"numbers": [6, 6], "positions": [[0, 0, 0], [9, 0, 0]]}]
    geometries = [{key: one[key] for key in ("numbers", "positions")} for one in given]
    found = answer(post(live, "predict", molecules=geometries))
    manifest = json.loads((WEIGHTS / "properties.json").read_text())
    assert found["model"] == {
        "name": "properties",
        "hash": manifest["sha256"],
        "test_mae": {
            "gap_ev": pytest.approx(manifest["metrics"]["gap"] / 1e3),
            "atomisation_energy_ev": pytest.approx(manifest["metrics"]["atomisation_energy"] / 1e3),
        },
        "trained_on": manifest["trained_on"],
    }
    whole = [SimpleNamespace(**{key: np.array(one[key]) for key in one}) for one in geometries[:2]]
    for one, expected in zip(found["molecules"], gpff.properties(whole), strict=False):
        assert one["gap_ev"] == pytest.approx(expected.gap, abs=1e-4) and one["reason"] is None
        assert one["atomisation_energy_ev"] == pytest.approx(expected.atomisation_energy, abs=1e-3)
    assert [one["beyond_training"] for one in found["molecules"]] == [False, True, True, False]
    salt, apart = found["molecules"][2:]
    assert salt["gap_ev"] is apart["gap_ev"] is salt["atomisation_energy_ev"] is apart["atomisation_energy_ev"] is None
    assert salt["reason"] == "the model was trained on H, C, N, O, F, not on Cl"
    assert apart["reason"] == "not a whole molecule: 2 separate fragments"


def test_the_documents_example_is_answered(live: Live) -> None:
    (example,) = live.get("/openapi.json").json()["components"]["schemas"]["PredictRequest"]["examples"]
    (water,) = answer(post(live, "predict", **example))["molecules"]
    assert water["reason"] is None and 9.0 < water["atomisation_energy_ev"] < 10.0


def test_a_service_without_a_model_of_properties_says_so() -> None:
    with running(settings("harmonic", property_model="no-such-model")) as without:
        body = problem(
            post(without, "predict", molecules=[{"numbers": [2], "positions": [[0, 0, 0]]}]), 404, "not_found"
        )
        assert body["detail"] == "this service has no model that predicts properties"
        assert answer(post(without, "properties", smiles="C"))["formula"] == "CH4"


FLUORINE = {"numbers": [9], "positions": [[0, 0, 0]]}
WRONG: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("parse", {}, 422, "invalid", "text"),
    ("parse", {"text": 5}, 422, "invalid", "text"),
    ("parse", {"text": "C", "format": "docx"}, 422, "invalid", "format"),
    ("parse", {"text": "<html>"}, 422, "invalid", "format"),
    ("parse", {"text": "C", "seed": -1}, 422, "invalid", "seed"),
    ("parse", {"text": "C\ud800", "format": "smiles"}, 422, "invalid", "text"),
    ("parse", {"text": "C", "file_name": "\ud800"}, 422, "invalid", "file_name"),
    ("properties", {"smiles": "C\udfff"}, 422, "invalid", "smiles"),
    ("export", {"molecules": [{"numbers": [6], "positions": [[0, 0, 0]], "name": "\ud800"}], "format": "sdf"}, 422,
     "invalid", "molecules.0.name"),
    ("parse", {"text": "C\n" * 1001, "format": "smiles"}, 413, "over_limit", "text"),
    ("export", {"molecules": [], "format": "sdf"}, 422, "invalid", "molecules"),
    ("export", {"molecules": [{"numbers": [6], "positions": [[0, 0, 1e9]]}], "format": "sdf"}, 422, "invalid",
     "molecules.0.positions"),
    ("export", {"molecules": [{"numbers": [6], "positions": [[0, 0, 0]]}] * 2, "format": "mol"}, 422, "invalid",
     "molecules"),
    ("depict", {}, 422, "invalid", "body"),
    ("depict", {"smiles": "C", "molecule": {"numbers": [6], "positions": [[0, 0, 0]]}}, 422, "invalid", "body"),
    ("depict", {"smiles": "C("}, 422, "invalid", "smiles"),
    ("depict", {"smiles": "C", "width": 5}, 422, "invalid", "width"),
    ("depict", {"smiles": "C", "highlight": [1]}, 422, "invalid", "highlight.0"),
    ("depict", {"molecule": {"numbers": [6, 6], "positions": [[0, 0, 0]] * 2}}, 422, "invalid", "molecule.bonds"),
    ("depict", {"smiles": "C" * 4097}, 413, "over_limit", "smiles"),
    ("properties", {"molecule": {"numbers": [6], "positions": [[0, 0, 0]], "bonds": [[0, 1, 1]]}}, 422, "invalid",
     "molecule.bonds.0"),
    ("predict", {"molecules": []}, 422, "invalid", "molecules"),
    ("predict", {"molecules": [{"numbers": [6], "positions": [[0, 0, 0]], "bond": []}]}, 422, "invalid",
     "molecules.0.bond"),
    ("predict", {"molecules": [FLUORINE, {"numbers": [6, 6], "positions": [[0, 0, 1]]}]}, 422, "invalid",
     "molecules.1.positions"),
    ("predict", {"molecules": [{"numbers": [200], "positions": [[0, 0, 0]]}]}, 422, "invalid", "molecules.0.numbers"),
    ("predict", {"molecules": [FLUORINE] * 1001}, 413, "over_limit", "molecules"),
    ("perceive", {"numbers": [6, 200], "positions": [[0, 0, 0]] * 2}, 422, "invalid", "numbers"),
    ("perceive", {"numbers": [6, 6], "positions": [[0, 0, 0]]}, 422, "invalid", "positions"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "body", "status", "code", "field"), WRONG)
def test_what_is_wrong_is_named(
    what: str, body: dict[str, Any], status: int, code: str, field: str, live: Live
) -> None:
    assert problem(post(live, what, **body), status, code)["field"] == field


def test_a_file_that_is_too_long_is_413(live: Live) -> None:
    problem(post(live, "parse", text="C\n" * 600_000), 413, "too_large")


def test_the_document_names_the_files_and_the_problems(live: Live) -> None:
    paths = live.get("/openapi.json").json()["paths"]
    for what in ("parse", "export", "depict", "perceive", "predict", "properties"):
        responses = paths[f"/molecules/{what}"]["post"]["responses"]
        assert {"200", "400", "413", "422", "429", "503"} <= set(responses)
        assert set(responses["422"]["content"]) == {"application/problem+json"}
    assert "404" in paths["/molecules/predict"]["post"]["responses"]
    assert set(paths["/molecules/export"]["post"]["responses"]["200"]["content"]) == set(FILES.values())
