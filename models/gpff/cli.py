"""The command `gpff`: one small function a subcommand, and nothing heavy imported before it is needed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from gpff.errors import GpffError, InputError

if TYPE_CHECKING:
    from gpff.generation import Candidate

type Run = Callable[[argparse.Namespace], int | None]

COMMANDS = {
    "sample": "generate molecules and write them to an SDF or XYZ file",
    "data": "build the cached QM9 file, or say what is in it",
    "collect-strays": "find where a model stands still without a molecule, for training",
    "train": "train a model; stop and resume at will",
    "evaluate": "measure how good a model is: every table and figure of docs/results",
    "growth": "measure how molecules grow from a scaffold",
    "baselines": "train and measure diffusion models and ablations beside the field, at equal budget",
    "train-properties": "train the property models on gaps and energies of QM9",
}
"""Subcommand → what it does. All but `sample` and `data` live in the module of their name."""


OPTIONS = {
    "blobs.0.formula": "formula",
    "n_samples": "-n",
    "steps": "--steps",
    "seed": "--seed",
    "lambda": "--noise",
    "lambda_power": "--noise-power",
    "step_length": "--step-length",
}
"""Field of a spec → the argument of `sample` that it came from."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand. Exit status 0, 1 (it failed), 2 (it was asked wrongly) or 130 (interrupted)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if not arguments or arguments[0] not in COMMANDS:
        parser.parse_args(arguments or ["--help"])
        return 2
    name, *rest = arguments
    subparser = argparse.ArgumentParser(prog=f"gpff {name}", description=f"{COMMANDS[name].capitalize()}.")
    run = _setup(name, subparser)
    options = subparser.parse_args(rest)
    try:
        status = run(options) or 0
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever reads has read enough, as `head` has; there is no one to be told
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except InputError as error:
        print(f"gpff {name}: {error}", file=sys.stderr)
        return 2
    except GpffError as error:
        print(f"gpff {name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:18}{text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="gpff",
        description="Molecules in 3D from a generative pseudo-force field.",
        epilog=f"commands:\n{listed}\n\n`gpff COMMAND --help` says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=list(COMMANDS), metavar="COMMAND")
    return parser


def _setup(name: str, parser: argparse.ArgumentParser) -> Run:
    """Give `parser` the arguments of a subcommand and return the function that runs it."""
    if name == "sample":
        return _setup_sample(parser)
    if name == "data":
        return _setup_data(parser)
    module = import_module(f"gpff.{name.replace('-', '_')}")
    module.add_arguments(parser)
    run: Run = module.run
    return run


def _setup_sample(parser: argparse.ArgumentParser) -> Run:
    from gpff.spec import SAMPLERS

    parser.add_argument("formula", nargs="+", help="such as C7H8O2; several are sampled in turn")
    parser.add_argument("-n", type=int, default=1, help="molecules of each formula (default 1)")
    parser.add_argument("--steps", type=int, default=64, help="sampler steps (default 64)")
    parser.add_argument("--sampler", choices=SAMPLERS, default="sdd", help="default sdd")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    parser.add_argument("--noise", type=float, help="λ of sdd in Å")
    parser.add_argument("--noise-power", type=float, help="how sdd's noise falls: λ (1 - k/K)^p; the paper's is 1")
    parser.add_argument("--step-length", type=float, help="η of sdd's x + η F/2; the paper's is 1")
    parser.add_argument(
        "--no-widths",
        dest="widths",
        action="store_false",
        help="ancestral, heun and stochastic_heun by the paper's rule: the longest molecules are missing",
    )
    parser.add_argument("--model", default="default", help="name or .safetensors file")
    parser.add_argument("--device", help="cpu or cuda; by default whichever there is")
    parser.add_argument("-o", "--output", type=Path, help="file to write, .sdf or .xyz (default: print SMILES)")
    parser.add_argument("--valid-only", action="store_true", help="leave invalid molecules out of the output")
    parser.add_argument("--quiet", action="store_true", help="no progress bar and no summary")
    return _run_sample


def _run_sample(options: argparse.Namespace) -> int:
    output: Path | None = options.output
    # Before any work: a run of an hour must not end in a complaint about its file name.
    if output is not None and output.suffix.lower() not in (".sdf", ".xyz"):
        raise InputError("--output", "a file ending in .sdf or .xyz", output.name)
    if output is not None and not output.parent.is_dir():
        raise InputError("--output", "a file in a folder that exists", str(output))
    if output is not None and output.is_dir():
        raise InputError("--output", "a file", f"the folder {output}")
    if options.device is not None:
        _check_device(options.device)
    from gpff.checkpoint import load
    from gpff.generation import generate

    try:
        candidates = generate(
            load(options.model, device=options.device),
            options.formula,
            n=options.n,
            sampler=options.sampler,
            steps=options.steps,
            seed=options.seed,
            noise=options.noise,
            noise_power=options.noise_power,
            step_length=options.step_length,
            progress=not options.quiet,
            widths=options.widths,
        )
    except InputError as error:
        raise InputError(OPTIONS.get(error.field, error.field), error.expected, error.got) from None
    shown = [candidate for candidate in candidates if candidate.valid or not options.valid_only]
    if output is None:
        print("".join(_line(candidate) for candidate in shown), end="")
    else:
        text = "".join(_record(c, i, output.suffix.lower()) for i, c in enumerate(shown, start=1))
        try:
            output.write_text(text)
        except OSError as error:
            raise GpffError(f"--output: {output} cannot be written: {error.strerror}") from error
    if not options.quiet:
        n_valid = sum(bool(candidate.valid) for candidate in candidates)
        distinct = len({candidate.smiles for candidate in candidates if candidate.valid})
        print(f"{n_valid} of {len(candidates)} valid, {distinct} different", file=sys.stderr)
    return 0


def _check_device(device: str) -> None:
    import torch

    try:
        found = torch.device(device)
    except RuntimeError:
        found = None
    if found is None or found.type not in ("cpu", "cuda"):
        raise InputError("--device", "cpu, cuda, or one of several such as cuda:1", device)
    n_gpus = torch.cuda.device_count()
    if found.type == "cuda" and (found.index or 0) >= n_gpus:
        raise InputError("--device", f"one that PyTorch finds here: cpu and {n_gpus or 'no'} of cuda", device)


def _line(candidate: Candidate) -> str:
    return f"{candidate.smiles or '-'}\t{candidate.reason or 'valid'}\n"


def _record(candidate: Candidate, i: int, suffix: str) -> str:
    from gpff.composition import formula

    name = f"{formula(candidate.numbers)}-{i}"
    return candidate.to_sdf(name) if suffix == ".sdf" else candidate.to_xyz()


def _setup_data(parser: argparse.ArgumentParser) -> Run:
    parser.add_argument("--path", type=Path, help="the file (default: qm9.npz in $GPFF_CACHE or ~/.cache/gpff)")
    parser.add_argument("--rebuild", action="store_true", help="read and filter QM9 again")
    return _run_data


def _run_data(options: argparse.Namespace) -> int:
    from gpff import data

    qm9 = data.build(options.path) if options.rebuild else data.load(options.path)
    print(f"{options.path or data.default_path()}: {len(qm9):,} of {data.N_QM9:,} molecules pass tier 0")
    for split in data.SPLITS:
        print(f"  {split:6}{len(qm9.subset(split)):8,}")
    print(f"  hash  {qm9.hash}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
