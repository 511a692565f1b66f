"""``gpff train``: the loop around :class:`gpff.trainer.Trainer`, its log, and its worker processes.

One process with one thread a core beats one process with many threads: PyTorch's operators are short here, and
a core that is busy elsewhere for a moment then delays one gradient sum instead of every operator.
"""

from __future__ import annotations

import argparse
import math
import os
import pickle
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed
import torch.multiprocessing as multiprocessing
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException
from tqdm import tqdm

from gpff.batches import batches
from gpff.cells import held_out_formulas
from gpff.checkpoint import load as load_model
from gpff.conditioned import OBJECTIVES
from gpff.cores import cores
from gpff.data import load as load_data
from gpff.errors import InputError
from gpff.force import ForceField, quick_products
from gpff.generation import generate
from gpff.painn import PaiNN
from gpff.train_config import OPTIMIZERS, TrainConfig
from gpff.train_log import Log, plot
from gpff.trainer import Trainer, saved_config


def train(
    trainer: Trainer,
    minutes: float = math.inf,
    worker: int = 0,
    workers: int = 1,
    log_every: int = 250,
    check_every: int = 0,
    save_s: float = 120.0,
) -> None:
    """Train to the planned step or for ``minutes``, whichever comes first; SIGTERM and SIGINT stop after the step.

    Worker 0 alone writes: the log every ``log_every`` steps, with the validity of samples every ``check_every`` steps
    (0: never), the state every ``save_s`` seconds, and at the end the state and a picture of the log.
    """
    stop = False

    def ask_to_stop(*_: object) -> None:
        nonlocal stop
        stop = True

    handlers = {s: signal.signal(s, ask_to_stop) for s in (signal.SIGTERM, signal.SIGINT)}
    trainer.folder.mkdir(parents=True, exist_ok=True)
    log = Log(trainer.folder / "log.jsonl")
    started = saved = time.monotonic()
    bar = tqdm(total=trainer.config.steps, initial=trainer.step, unit="step", mininterval=5.0, disable=worker > 0)
    stream = batches(trainer.data, trainer.config, trainer.step, worker, workers, trainer.answers, trainer.strays)
    try:
        while trainer.step < trainer.config.steps:
            before = time.monotonic()
            batch = next(stream)
            losses, asked = trainer.train_step(batch, stop or before - started > 60 * minutes)
            now = time.monotonic()
            trainer.seconds += now - before
            log.add(losses, batch.sigma, trainer.config.w_max)
            bar.update(1)
            if worker == 0 and trainer.step % log_every == 0:
                check = check_every and trainer.step % check_every == 0 and not trainer.config.told
                more = {"validity": validity(trainer)} if check else {}
                row = log.row(trainer, **more)
                shares = " ".join(f"{s:.3f}" for s in row["unexplained"])
                bar.set_postfix_str(f"loss {row['loss']:.3f} | {shares} | {row['molecules_per_s']:.0f} mol/s")
            if asked:
                break
            if worker == 0 and now - saved > save_s:
                trainer.save()
                saved = now
    finally:
        stream.close()
        bar.close()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if worker == 0:
        trainer.save()
        if log.file.exists():
            plot(log.file, trainer.folder / "log.svg")


def validity(trainer: Trainer, n: int = 100, steps: tuple[int, ...] = (16, 64)) -> dict[str, float]:
    """Percent of ``n`` samples of validation compositions that pass tier 0, by SDD steps, with the averaged weights."""
    net = PaiNN(trainer.config.network)
    net.load_state_dict(trainer.averaged)
    forces = ForceField(net, "cpu")
    formulas = held_out_formulas(load_data(), n, "val")
    shares = {}
    for k in steps:
        candidates = generate(forces, formulas, steps=k)
        shares[str(k)] = 100.0 * sum(bool(c.valid) for c in candidates) / n
    return shares


PLAN = (
    "steps", "features", "lr", "batch", "w_max", "compressed", "walked", "local", "strayed", "strays", "company",
    "crowd", "rotations", "loss_cap", "seed", "objective", "time_aware", "align", "optimizer",
)  # fmt: skip
"""Options that make a run what it is: kept in its state, and changed on resuming only where they are given again."""

NOISE = ("compressed", "walked", "local", "strayed", "company", "crowd", "rotations", "align")
"""Those of them that are fields of :class:`gpff.noising.NoiseConfig`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gpff train``."""
    default = TrainConfig()
    parser.add_argument("folder", type=Path, help="where the run lives; an existing run goes on with its own options")

    def plan(name: str, kind: type, default: float, what: str) -> None:
        parser.add_argument(f"--{name}", type=kind, help=f"{what} (default {default:g}; when resuming, as it was)")

    plan("steps", int, default.steps, "planned steps; fixes the learning rates")
    plan("features", int, default.network.n_features, "width of the network")
    plan("lr", float, default.lr, "highest learning rate")
    plan("batch", int, default.batch, "molecules a step, over all workers")
    plan("w-max", float, default.w_max, "bound of the loss weight 1/σ², 1/Å²")
    plan("compressed", float, default.noise.compressed, "share of shrunk molecules")
    plan("walked", float, default.noise.walked, "share of molecules that go on from the network's own answers")
    plan("local", float, default.noise.local, "share of molecules with a few atoms far away")
    plan("strayed", float, default.noise.strayed, "share, of the molecules that are new, of strays")
    parser.add_argument("--strays", help="file of `gpff collect-strays`, for --strayed")
    plan("company", float, default.noise.company, "share, of the molecules that are new, of a few side by side")
    plan("crowd", int, default.noise.crowd, "most atoms of those side by side")
    plan("rotations", int, default.noise.rotations, "rounds of rotational alignment")
    plan("loss-cap", float, default.loss_cap, "weighted loss above which a molecule pulls no harder")
    plan("seed", int, default.seed, "of weights, order and noise")
    parser.add_argument(
        "--objective", choices=OBJECTIVES, help="gpff: forces; dm: noise, a diffusion model (default gpff)"
    )
    parser.add_argument("--optimizer", choices=OPTIMIZERS, help="muon: for hidden matrices (default adamw)")
    told = parser.add_mutually_exclusive_group()
    told.add_argument("--time-aware", action="store_const", const=True, help="the head is told the noise level")
    told.add_argument(
        "--time-agnostic", dest="time_aware", action="store_const", const=False, help="it is not (default)"
    )
    parser.add_argument("--no-align", dest="align", action="store_const", const=False, help="no permutation alignment")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this long and keep the state")
    parser.add_argument("--workers", type=int, default=cores(), help="processes, one thread each")
    parser.add_argument("--log-every", type=int, default=250, help="steps between rows of the log")
    parser.add_argument("--check-every", type=int, default=5000, help="steps between checks of validity; 0: never")
    parser.add_argument(
        "--start-from",
        metavar="MODEL",
        help="a new run takes this model's weights, made wider where it has more --features",
    )
    parser.add_argument("--export", metavar="NAME", help="write the run's averaged weights as this model; no training")


def run(args: argparse.Namespace) -> None:
    """Entry of ``gpff train``."""
    if args.export:
        print(_trainer(args, must_exist=True).export(args.export))
    elif args.workers == 1:
        quick_products()
        train(_trainer(args), args.minutes, log_every=args.log_every, check_every=args.check_every)
    else:
        # one thread a worker, and allocations that are kept: big tensors would page-fault at every step
        os.environ |= {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
        os.environ["MALLOC_TOP_PAD_"] = "268435456"
        load_data()  # built once, before the workers would race for it
        with tempfile.TemporaryDirectory() as meeting:
            start: Any = multiprocessing.start_processes  # type: ignore[attr-defined]
            _join(start(_work, (args, f"{meeting}/point"), args.workers, join=False, start_method="spawn"))


def _join(processes: Any) -> None:
    """Wait for the workers; a signal to this process is theirs to answer.

    Raises RuntimeError with what every worker that failed has said: the first one to end may only have lost the other.
    """

    def pass_on(number: int, _: object) -> None:
        for process in processes.processes:
            if process.is_alive():
                os.kill(process.pid, number)

    # a terminal sends SIGINT to the workers too
    handlers = {s: signal.signal(s, to) for s, to in ((signal.SIGTERM, pass_on), (signal.SIGINT, signal.SIG_IGN))}
    try:
        while not processes.join():
            pass
    except (ProcessRaisedException, ProcessExitedException):
        raise RuntimeError(_failures(processes)) from None
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _failures(processes: Any) -> str:
    """What each worker that failed left behind, in words."""
    said = []
    for worker, (process, file) in enumerate(zip(processes.processes, processes.error_files, strict=True)):
        if os.path.exists(file):
            said.append(f"worker {worker} failed:\n{pickle.loads(Path(file).read_bytes())}")
        elif process.exitcode:
            how = f"signal {-process.exitcode}" if process.exitcode < 0 else f"exit code {process.exitcode}"
            said.append(f"worker {worker} ended with {how}")
    return "\n".join(said)


def planned(base: TrainConfig, given: dict[str, Any]) -> TrainConfig:
    """``base`` with the options of :data:`PLAN` that were given (not None)."""
    asked = {name: given[name] for name in PLAN if given[name] is not None}
    network = replace(base.network, n_features=asked.pop("features", base.network.n_features))
    noise = replace(base.noise, **{name: asked.pop(name) for name in NOISE if name in asked})
    return replace(base, network=network, noise=noise, **asked)


def _trainer(args: argparse.Namespace, must_exist: bool = False) -> Trainer:
    saved = saved_config(args.folder)
    if saved is None and must_exist:
        raise InputError("folder", "a training run to export", str(args.folder))
    config = planned(saved or TrainConfig(), vars(args))
    for name in ("objective", "time_aware", "optimizer"):
        if saved and getattr(config, name) != getattr(saved, name):
            raise InputError(name, f"{getattr(saved, name)}, as the run has", str(getattr(config, name)))
    if saved and config.network != saved.network:
        raise InputError("features", f"{saved.network.n_features}, as the run has", str(config.network.n_features))
    if config.noise.strayed and not Path(config.strays).is_file():
        raise InputError(
            "strays", "a file of `gpff collect-strays`, of which --strayed shows a share", config.strays or "none"
        )
    trainer = Trainer(args.folder, config, load_data().subset("train"))
    if saved:
        trainer.restore()
    elif args.start_from:
        trainer.start_from(load_model(args.start_from, "cpu"))
    return trainer


def _work(
    worker: int, args: argparse.Namespace, meeting: str, made: Callable[[argparse.Namespace], Trainer] = _trainer
) -> None:
    torch.set_num_threads(1)
    quick_products()
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=worker, world_size=args.workers)
    try:
        train(made(args), args.minutes, worker, args.workers, args.log_every, args.check_every)
    finally:
        torch.distributed.destroy_process_group()
    # Python is not taken down: a thread of gloo that still lets go of a tensor then would abort the process
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def main() -> None:
    """``python -m gpff.train``."""
    parser = argparse.ArgumentParser(description="Train a generative pseudo-force field on QM9.")
    add_arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
