"""What a training run is: its network, its noise, how long it goes and how it takes its steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from gpff import checkpoint, conditioned
from gpff.noising import NoiseConfig
from gpff.painn import NetworkConfig

OptimizerName = Literal["adamw", "muon"]
OPTIMIZERS: tuple[OptimizerName, ...] = get_args(OptimizerName)


@dataclass(frozen=True)
class TrainConfig:
    """One run. ``steps`` fixes the learning rate: linear from ``lr`` to ``lr_end`` after ``warmup`` steps.

    The loss of a molecule is weighted by ``min(1 / σ², w_max)``, and pulls no harder than one of ``loss_cap`` would: a
    network that runs away on one compressed cloud must not lose the rest of its batch. ``ema`` is the decay of the
    averaged weights, which are the ones that ship. ``bfloat16`` lets products be that coarse, on CPUs that gain by it.
    ``optimizer`` "muon" makes the steps of hidden matrices orthogonal and leaves the rest to AdamW: a fifth slower a
    step, and further after as many steps (docs/training). ``objective`` and ``time_aware`` make the paper's comparisons
    of it (conditioned.py); those do not ship. ``strays``: the file of the states of which ``noise.strayed`` are shown.
    """

    network: NetworkConfig = field(default_factory=NetworkConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    steps: int = 40_000
    batch: int = 64
    lr: float = 1e-3
    lr_end: float = 1e-5
    warmup: int = 500
    clip: float = 1.0
    weight_decay: float = 0.01
    ema: float = 0.999
    w_max: float = 1000.0
    loss_cap: float = 10.0
    bfloat16: bool = True
    seed: int = 0
    objective: conditioned.Objective = "gpff"
    time_aware: bool = False
    optimizer: OptimizerName = "adamw"
    strays: str = ""

    @property
    def told(self) -> bool:
        """Whether the network is given noise levels: a diffusion model reads its answer by them."""
        return self.time_aware or self.objective != "gpff"


def config_of(values: dict[str, Any]) -> TrainConfig:
    """The inverse of ``dataclasses.asdict`` for :class:`TrainConfig`; fields that an old state lacks have defaults."""
    values = {**values, "network": checkpoint.network_of(values["network"]), "noise": NoiseConfig(**values["noise"])}
    return TrainConfig(**values)


def learning_rate(config: TrainConfig, step: int) -> float:
    """Linear warm-up, then linear decay over the planned steps (and constant past them).

    Geometric decay was tried first: half-way, averaged and latest weights were equally good, so it slowed too early.
    """
    progress = min(1.0, max(0.0, (step - config.warmup) / max(1, config.steps - config.warmup)))
    return min(1.0, (step + 1) / config.warmup) * (config.lr + progress * (config.lr_end - config.lr))
