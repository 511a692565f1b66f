"""PaiNN's blocks on the compiled kernels, each one differentiable function with its backward pass by hand.

Matrix products stay PyTorch's; everything between them is one pass over memory. Only first derivatives, and none
with respect to positions: pseudo-forces are predicted directly. Under autocast the factors of products are rounded to
bfloat16; sums, and all that the kernels do, stay in float32.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import silu

from gpff.kernel import Pairs, block, lib
from gpff.painn import EPSILON, GatedBlock, Mixing, Representation, Tables


def _pointers(*tensors: Tensor | None) -> list[int | None]:
    return [t.data_ptr() if t is not None else None for t in tensors]


def _silu_backward(gradient: Tensor, h: Tensor) -> Tensor:
    out: Tensor = torch.ops.aten.silu_backward(gradient, h)
    return out


def _factors(low: bool, *tensors: Tensor) -> list[Tensor]:
    """Factors of products, rounded to bfloat16 where products may be that coarse: once, however many they enter."""
    return [t.bfloat16() for t in tensors] if low else list(tensors)


def _scalar_net(
    low: bool, context: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Two layers with SiLU between them; factors ``w1`` and ``w2`` come rounded.

    Returns:
        what went in, before the activation, after it, and the answer: all but the last for the backward pass.
    """
    (into,) = _factors(low, context)
    h = (into @ w1.t()).float().add_(b1)
    (s,) = _factors(low, silu(h))
    return into, h, s, (s @ w2.t()).float().add_(b2)


def _scalar_net_backward(
    low: bool, gy: Tensor, into: Tensor, w1: Tensor, h: Tensor, s: Tensor, w2: Tensor
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Gradient of what went in, and those of ``w1, b1, w2, b2``, from that of the answer."""
    g_b2 = gy.sum(0)
    (gy,) = _factors(low, gy)
    gh = _silu_backward((gy @ w2).float(), h)
    g_b1 = gh.sum(0)
    (gh,) = _factors(low, gh)
    return (gh @ w1).float(), ((gh.t() @ into).float(), g_b1, (gy.t() @ s).float(), g_b2)


class _Messages(torch.autograd.Function):
    """``q + dq``, ``mu + dmu``: the message sums (Schütt et al. 2021, eqs. 7 and 8)."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, q: Tensor, mu: Tensor | None, table: Tensor, pairs: Pairs
    ) -> tuple[Tensor, Tensor]:
        n_atoms, width = q.shape
        x, q, table = x.float().contiguous(), q.contiguous(), table.contiguous()
        q_out, mu_out = torch.empty_like(q), torch.empty(n_atoms, 3, width)
        lib().gpff_messages(
            *_pointers(x, q, mu, table, pairs.data, pairs.ptr, pairs.pair_ptr), len(pairs.ptr) - 1, width,
            pairs.grid.n_grid, *_pointers(q_out, mu_out), torch.get_num_threads(),
        )  # fmt: skip
        ctx.save_for_backward(x, mu, table)
        ctx.pairs = pairs
        return q_out, mu_out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, mu, table = ctx.saved_tensors
        pairs: Pairs = ctx.pairs
        gq, gmu = gradients[0].contiguous(), gradients[1].contiguous()
        gx, gtable = torch.zeros_like(x), torch.zeros_like(table)
        gmu_in = gmu.clone() if mu is not None else None
        lib().gpff_messages_backward(
            *_pointers(x, mu, table, pairs.data, pairs.ptr, pairs.pair_ptr), len(pairs.ptr) - 1, gq.shape[1],
            pairs.grid.n_grid, *_pointers(gq, gmu, gx, gmu_in, gtable), torch.get_num_threads(),
        )  # fmt: skip
        return gx, gq, gmu_in, gtable, None


class _Mix(torch.autograd.Function):
    """The update within an atom (Schütt et al. 2021, eqs. 9 and 10)."""

    @staticmethod
    def forward(
        ctx: Any, q: Tensor, mu: Tensor, w_mix: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor
    ) -> tuple[Tensor, Tensor]:
        n_atoms, width = q.shape
        threads = torch.get_num_threads()
        low = torch.is_autocast_enabled("cpu")
        w_mix, w1, w2, factor = _factors(low, w_mix, w1, w2, mu)
        mix = (factor.view(-1, width) @ w_mix.t()).float()
        context, dot = torch.empty(n_atoms, 2 * width), torch.empty_like(q)
        lib().gpff_gate_in(*_pointers(mix, q, context, dot), n_atoms, width, EPSILON, threads)
        into, h, s, y = _scalar_net(low, context, w1, b1, w2, b2)
        q_out, mu_out = torch.empty_like(q), torch.empty_like(mu)
        lib().gpff_gate_out(*_pointers(mix, dot, y, q, mu, q_out, mu_out), n_atoms, width, threads)
        ctx.save_for_backward(factor, w_mix, w1, w2, mix, context, into, dot, h, s, y)
        ctx.low = low
        return q_out, mu_out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        mu, w_mix, w1, w2, mix, context, into, dot, h, s, y = ctx.saved_tensors
        gq, gmu = gradients[0].contiguous(), gradients[1].contiguous()
        n_atoms, width = gq.shape
        threads = torch.get_num_threads()
        gy, gmix, gq_in = torch.empty_like(y), torch.empty_like(mix), torch.empty_like(gq)
        lib().gpff_gate_out_backward(*_pointers(mix, dot, gq, gmu, gy), n_atoms, width, threads)
        low: bool = ctx.low
        g_context, g_net = _scalar_net_backward(low, gy, into, w1, h, s, w2)
        lib().gpff_gate_in_backward(
            *_pointers(mix, context, y, gq, gmu, g_context, gmix, gq_in), n_atoms, width, threads
        )
        (gmix,) = _factors(low, gmix.view(-1, 2 * width))
        gmu_in = (gmix @ w_mix).float().view_as(gmu).add_(gmu)
        g_mix_weight = gmix.t() @ mu.view(-1, width)
        return gq_in, gmu_in, g_mix_weight.float(), *g_net


class _Gate(torch.autograd.Function):
    """A block of the head; scalars come without the activation that may follow."""

    @staticmethod
    def forward(
        ctx: Any, q: Tensor, mu: Tensor, w_mix: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor
    ) -> tuple[Tensor, Tensor]:
        n_atoms, width = q.shape
        q, out = q.contiguous(), len(w_mix) // 2
        threads = torch.get_num_threads()
        low = torch.is_autocast_enabled("cpu")
        w_mix, w1, w2, factor = _factors(low, w_mix, w1, w2, mu)
        mix = (factor.view(-1, width) @ w_mix.t()).float()
        context = torch.empty(n_atoms, width + out)
        lib().gpff_head_in(*_pointers(mix, q, context), n_atoms, width, out, threads)
        into, h, s, y = _scalar_net(low, context, w1, b1, w2, b2)
        s_out, mu_out = torch.empty(n_atoms, out), torch.empty(n_atoms, 3, out)
        lib().gpff_head_out(*_pointers(mix, y, s_out, mu_out), n_atoms, out, threads)
        ctx.save_for_backward(factor, w_mix, w1, w2, mix, context, into, h, s, y)
        ctx.low = low
        return s_out, mu_out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        mu, w_mix, w1, w2, mix, context, into, h, s, y = ctx.saved_tensors
        gs, gmu = gradients[0].contiguous(), gradients[1].contiguous()
        n_atoms, out = gs.shape
        width = mu.shape[-1]
        threads = torch.get_num_threads()
        low: bool = ctx.low
        gy, gmix = torch.empty_like(y), torch.empty_like(mix)
        lib().gpff_head_out_backward(*_pointers(mix, gs, gmu, gy), n_atoms, out, threads)
        g_context, g_net = _scalar_net_backward(low, gy, into, w1, h, s, w2)
        lib().gpff_head_in_backward(*_pointers(mix, context, y, gmu, g_context, gmix), n_atoms, width, out, threads)
        (gmix,) = _factors(low, gmix)
        gmu_in = (gmix @ w_mix).float().view(n_atoms, 3, width)
        g_mix_weight = gmix.t() @ mu.view(-1, width)
        return g_context[:, :width], gmu_in, g_mix_weight.float(), *g_net


def fused_tables(net: Representation) -> Tables:
    """With filters ``[n_interactions, F / block, n_grid, 3, block]``."""
    return Tables(net.filters(block()), net.contexts())


class FusedBlocks:
    """All blocks of one batch; ``tables`` from :func:`fused_tables`."""

    def __init__(self, tables: Tables, pairs: Pairs) -> None:
        self.tables = tables
        self._filters = tables.filters.unbind(0)
        self._pairs = pairs

    def interact(self, layer: int, x: Tensor, q: Tensor, mu: Tensor | None) -> tuple[Tensor, Tensor]:
        """``q + dq [n_atoms, F]`` and ``mu + dmu [n_atoms, 3, F]``; ``mu`` None stands for zero."""
        out: tuple[Tensor, Tensor] = _Messages.apply(x, q, mu, self._filters[layer], self._pairs)
        return out

    def mix(self, block: Mixing, q: Tensor, mu: Tensor) -> tuple[Tensor, Tensor]:
        """The update within an atom, same shapes."""
        first, second = block.intraatomic_context_net
        out: tuple[Tensor, Tensor] = _Mix.apply(
            q, mu, block.mu_channel_mix.weight, first.weight, first.bias, second.weight, second.bias
        )
        return out

    def gate(self, block: GatedBlock, q: Tensor, mu: Tensor) -> tuple[Tensor, Tensor]:
        """The head's ``s [n_atoms, n_out]`` and gated vectors ``[n_atoms, 3, n_out]``."""
        first, second = block.scalar_net
        s, gated = _Gate.apply(q, mu, block.mix_vectors.weight, first.weight, first.bias, second.weight, second.bias)
        return (silu(s) if block.activate else s), gated
