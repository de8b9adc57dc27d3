"""Loss functions of verl, with a configuration in place of its keyword arguments.

verl imports Ray and a timer for its trainers; the functions of losses use neither. Where these are
not installed, names stand in for them. Needs verl, and is imported by `measure.py` alone.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

Tensor = Any


class _StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes modules of which every name exists, for packages that are not installed."""

    def __init__(self, *packages: str) -> None:
        self.packages = {name for name in packages if importlib.util.find_spec(name) is None}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in self.packages:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> Any:
        return MagicMock(__path__=[], __spec__=spec, __name__=spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


sys.meta_path.append(_StandIn("ray", "codetiming"))
from verl.trainer.ppo import core_algos  # noqa: E402
from verl.workers.config import ActorConfig, PolicyLossConfig  # noqa: E402

PUBLIC = sorted(
    f"verl.{name}"
    for name, function in inspect.getmembers(core_algos, inspect.isfunction)
    if function.__module__ == core_algos.__name__ and name.startswith(("compute_", "kl_penalty"))
)


def _config(**options: Any) -> Any:
    kind = {
        name: options.pop(name)
        for name in tuple(options)
        if name in PolicyLossConfig.__dataclass_fields__
    }
    return ActorConfig(
        strategy="fsdp",
        rollout_n=1,
        ppo_micro_batch_size_per_gpu=1,
        policy_loss=PolicyLossConfig(**kind),
        **options,
    )


def _policy(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """A loss of policies as one of tensors and options."""

    def call(
        old: Tensor, log_p: Tensor, advantages: Tensor, keep: Tensor, mode: str, **options: Any
    ) -> Tensor:
        loss, _ = function(
            old, log_p, advantages, keep.to(log_p.dtype), mode, config=_config(**options)
        )
        return loss

    return call


_POLICIES = (
    "vanilla",
    "cispo",
    "dppo_tv",
    "dro",
    "geo_mean",
    "gpg",
    "gspo",
    "reinforce",
    "sapo",
)


class verl:
    """The functions under their names."""

    kl_penalty = staticmethod(core_algos.kl_penalty)
    kl_penalty_forward = staticmethod(core_algos.kl_penalty_forward)
    compute_entropy_loss = staticmethod(core_algos.compute_entropy_loss)

    @staticmethod
    def compute_value_loss(
        values: Tensor, returns: Tensor, old: Tensor, keep: Tensor, clip: float
    ) -> Tensor:
        """The loss without the share of what was clipped."""
        return core_algos.compute_value_loss(values, returns, old, keep.to(values.dtype), clip)[0]

    @staticmethod
    def compute_gae_advantage_return(
        rewards: Tensor, values: Tensor, keep: Tensor, gamma: float, decay: float
    ) -> Tensor:
        """The returns; the advantages are whitened."""
        found = core_algos.compute_gae_advantage_return(
            rewards, values, keep.to(values.dtype), gamma, decay
        )
        return found[1]

    @staticmethod
    def compute_grpo_outcome_advantage(rewards: Tensor, groups: Tensor) -> Tensor:
        """Of answers of one token."""
        keep = rewards[:, None] * 0 + 1
        return core_algos.compute_grpo_outcome_advantage(
            rewards[:, None].clone(), keep, groups.numpy()
        )[0][:, 0]

    @staticmethod
    def compute_rloo_outcome_advantage(rewards: Tensor, groups: Tensor) -> Tensor:
        """Of answers of one token."""
        keep = rewards[:, None] * 0 + 1
        return core_algos.compute_rloo_outcome_advantage(
            rewards[:, None].clone(), keep, groups.numpy()
        )[0][:, 0]


for _name in _POLICIES:
    setattr(
        verl,
        f"compute_policy_loss_{_name}",
        staticmethod(_policy(getattr(core_algos, f"compute_policy_loss_{_name}"))),
    )
