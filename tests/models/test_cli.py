import subprocess
import sys
from pathlib import Path

import pytest

from gpff import cli


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small network that has learnt nothing: what it makes is rubbish, and quickly made."""
    import torch

    from gpff.checkpoint import save
    from gpff.painn import NetworkConfig, PaiNN

    torch.manual_seed(0)
    config = NetworkConfig(n_features=32)
    return str(save(tmp_path_factory.mktemp("weights"), "tiny", PaiNN(config).state_dict(), config))


def test_sdf_has_one_record_a_molecule(weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out.sdf"
    command = ["sample", "CH4", "H2O", "-n", "2", "--steps", "2", "--model", weights, "--device", "cpu"]
    assert cli.main([*command, "-o", str(output)]) == 0
    text = output.read_text()
    assert text.count("$$$$\n") == 4
    assert [record.lstrip("\n").splitlines()[0] for record in text.split("$$$$")[:4]] == [
        "CH4-1",
        "CH4-2",
        "H2O-3",
        "H2O-4",
    ]
    err = capsys.readouterr().err
    assert "of 4 valid" in err and "100%" in err


def test_xyz_and_seeds(weights: str, tmp_path: Path) -> None:
    texts = []
    for seed in ("1", "1", "2"):
        output = tmp_path / "out.xyz"
        command = ["sample", "C2H6O", "--steps", "2", "--seed", seed, "--noise", "0.2", "--model", weights, "--quiet"]
        assert cli.main([*command, "--device", "cpu", "-o", str(output)]) == 0
        texts.append(output.read_text())
    assert texts[0].splitlines()[0] == "9" and len(texts[0].splitlines()) == 11
    assert texts[0] == texts[1] != texts[2]


def test_without_a_file_a_line_a_molecule_is_printed(weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["sample", "C2H6O", "-n", "3", "--sampler", "dd", "--steps", "1", "--quiet", "--device", "cpu"]
    assert cli.main([*command, "--model", weights]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 3 and captured.err == ""
    assert all(line.startswith("-\t") for line in captured.out.splitlines())
    assert cli.main([*command, "--model", weights, "--valid-only"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["CH3"], 2, "sample: formula: expected atoms that make a closed shell, got CH3, which needs one more H"),
        (["C6Br"], 2, "formula: expected elements H, C, N, O or F, got unknown element 'Br'"),
        (["CH4", "-n", "0"], 2, "sample: -n: expected at least 1, got 0"),
        (["CH4", "--steps", "0"], 2, "sample: --steps: expected at least 1, got 0"),
        (["CH4", "--seed", "-1"], 2, "sample: --seed: expected an integer from 0"),
        (["CH4", "--noise", "11"], 2, "sample: --noise: expected 0 to 10 Å, got 11"),
        (["CH4", "--noise-power", "nan"], 2, "sample: --noise-power: expected above 0, to 4, got nan"),
        (["CH4", "--step-length", "3"], 2, "sample: --step-length: expected above 0, to 2, got 3"),
        (
            ["CH4", "--device", "tpu"],
            2,
            "sample: --device: expected cpu, cuda, or one of several such as cuda:1, got tpu",
        ),
        (["CH4", "--device", "cuda:99"], 2, "sample: --device: expected one that PyTorch finds here: cpu and"),
        (["CH4", "-o", "x.pdb"], 2, "--output: expected a file ending in .sdf or .xyz, got x.pdb"),
        (["CH4", "-o", "no/such/folder/x.sdf"], 2, "--output: expected a file in a folder that exists"),
        (["CH4", "--model", "no-such-model"], 1, "'no-such-model'"),
    ],
)
def test_mistakes_are_said_in_one_line(
    weights: str, arguments: list[str], status: int, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = [] if "--model" in arguments else ["--model", weights]
    device = [] if "--device" in arguments else ["--device", "cpu"]
    assert cli.main(["sample", *arguments, *model, "--quiet", *device]) == status
    err = capsys.readouterr().err
    assert complaint in err and len(err.splitlines()) == 1 and err.startswith("gpff sample: ")


def test_a_file_that_cannot_be_written_is_said_in_one_line(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["sample", "CH4", "--steps", "1", "--model", weights, "--device", "cpu", "--quiet", "-o"]
    (folder := tmp_path / "folder.sdf").mkdir()
    assert cli.main([*command, str(folder)]) == 2
    assert capsys.readouterr().err == f"gpff sample: --output: expected a file, got the folder {folder}\n"
    full = tmp_path / "full.sdf"
    full.symlink_to("/dev/full")
    assert cli.main([*command, str(full)]) == 1
    assert capsys.readouterr().err == f"gpff sample: --output: {full} cannot be written: No space left on device\n"


def test_a_reader_that_has_read_enough_is_no_error_to_tell(weights: str) -> None:
    command = [sys.executable, "-m", "gpff.cli", "sample", "CH4", "-n", "2", "--steps", "1", "--quiet"]
    with subprocess.Popen(
        [*command, "--model", weights, "--device", "cpu"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait() == 1


@pytest.mark.parametrize("arguments", [["unheard-of"], ["sample"], ["sample", "CH4", "--sampler", "magic"]])
def test_wrong_usage_ends_with_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: gpff" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_lists_the_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert all(name in out for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([name, "--help"])
    assert caught.value.code == 0
    assert f"usage: gpff {name}" in capsys.readouterr().out
