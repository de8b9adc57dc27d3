"""Liger's losses of linear layers by their types, on a CPU.

The chunked losses are plain torch; the linear cross-entropy is a Triton kernel, which Triton's
interpreter runs. Needs Liger-Kernel, and is imported by `measure.py` alone.
"""

import inspect
import os
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

# Read when Triton is imported.
os.environ["TRITON_INTERPRET"] = "1"

from liger_kernel import chunked_loss
from liger_kernel.chunked_loss.grpo_loss import LigerFusedLinearGRPOFunction
from liger_kernel.ops.fused_linear_cross_entropy import LigerFusedLinearCrossEntropyFunction

Tensor = Any
Hyper = Any


def _pairwise(loss_type: str) -> Callable[..., Tensor]:
    def loss(
        hidden: Tensor,
        weight: Tensor,
        ids: Tensor,
        ref_hidden: Tensor,
        ref_weight: Tensor,
        **hyper: Hyper,
    ) -> Tensor:
        module = chunked_loss.LigerFusedLinearDPOLoss(loss_type=loss_type, compiled=False, **hyper)
        return module(weight, hidden, ids, ref_input=ref_hidden, ref_weight=ref_weight)[0]

    return loss


def _free(module: Any) -> Callable[..., Tensor]:
    def loss(hidden: Tensor, weight: Tensor, ids: Tensor, **hyper: Hyper) -> Tensor:
        return module(compiled=False, **hyper)(weight, hidden, ids)[0]

    return loss


def _policy(loss_type: str) -> Callable[..., Tensor]:
    def loss(
        hidden: Tensor,
        weight: Tensor,
        ids: Tensor,
        keep: Tensor,
        advantages: Tensor,
        old: Tensor,
        ref: Tensor | None = None,
        *,
        beta: float = 0.0,
        **hyper: Hyper,
    ) -> Tensor:
        module = chunked_loss.LigerFusedLinearGRPOLoss(
            loss_type=loss_type,
            beta=beta,
            compiled=False,
            use_ref_model=ref is not None,
            **hyper,
        )
        given = {"ref_per_token_logps": ref, "old_per_token_logps": old}
        return module(hidden, weight, ids, keep.to(hidden.dtype), advantages, **given)[0]

    return loss


def _student(module: Any) -> Callable[..., Tensor]:
    def loss(
        hidden: Tensor,
        weight: Tensor,
        teacher_hidden: Tensor,
        teacher_weight: Tensor,
        ids: Tensor,
        *,
        hard: float = 0.0,
        soft: float = 1.0,
        **hyper: Hyper,
    ) -> Tensor:
        weights = {"weight_hard_loss": hard, "weight_soft_loss": soft}
        made = module(compiled=False, **weights, **hyper)
        return made(hidden, weight, teacher_hidden, teacher_weight, ids)

    return loss


def _judged(
    hidden: Tensor,
    weight: Tensor,
    ids: Tensor,
    ref_hidden: Tensor,
    ref_weight: Tensor,
    desirable: Tensor,
    kl: Tensor,
    **hyper: Hyper,
) -> Tensor:
    module = chunked_loss.LigerFusedLinearKTOLoss(compiled=False, use_ref_model=True, **hyper)
    given = {"ref_input": ref_hidden, "ref_weight": ref_weight, "kl": kl}
    return module(hidden, weight, ids, preference_labels=desirable, **given)[0]


def _cross_entropy(hidden: Tensor, weight: Tensor, ids: Tensor, **hyper: Hyper) -> Tensor:
    names = list(inspect.signature(LigerFusedLinearCrossEntropyFunction.forward).parameters)[1:]
    # Everything is positional there.
    last = max((names.index(name) for name in hyper), default=2)
    defaults = inspect.signature(LigerFusedLinearCrossEntropyFunction.forward).parameters
    rest = [hyper.get(name, defaults[name].default) for name in names[3 : last + 1]]
    return LigerFusedLinearCrossEntropyFunction.apply(hidden, weight, ids, *rest)[0]


def _types(function: Any) -> list[str]:
    """The values of `loss_type` that a function knows."""
    lines = re.findall(r"loss_type (?:==|in) (.+?):", inspect.getsource(function))
    return sorted({word for line in lines for word in re.findall(r'"(\w+)"', line)})


dpo = SimpleNamespace(
    **{name: _pairwise(name) for name in chunked_loss.LigerFusedLinearDPOLoss._SUPPORTED_LOSS_TYPES}
)
grpo = SimpleNamespace(
    **{name: _policy(name) for name in _types(LigerFusedLinearGRPOFunction.ppo_loss_fn)}
)
cpo = SimpleNamespace(cpo=_free(chunked_loss.LigerFusedLinearCPOLoss))
simpo = SimpleNamespace(simpo=_free(chunked_loss.LigerFusedLinearSimPOLoss))
orpo = SimpleNamespace(orpo=_free(chunked_loss.LigerFusedLinearORPOLoss))
kto = SimpleNamespace(kto=_judged)
jsd = SimpleNamespace(jsd=_student(chunked_loss.LigerFusedLinearJSDLoss))
cosine = SimpleNamespace(cosine=_student(chunked_loss.LigerFusedLinearCosineSimilarityLoss))
linear = SimpleNamespace(cross_entropy=_cross_entropy)
GROUPS = {
    "DPO": dpo,
    "GRPO": grpo,
    "CPO": cpo,
    "SimPO": simpo,
    "ORPO": orpo,
    "KTO": kto,
    "JSD": jsd,
    "CosineSimilarity": cosine,
}
_FOUND = re.findall(r"LigerFusedLinear(\w+)Loss", " ".join(vars(chunked_loss)))
PUBLIC = ["linear.cross_entropy"] + [
    f"{group.lower().removesuffix('similarity')}.{name}"
    for group in _FOUND
    for name in vars(GROUPS[group])
]
