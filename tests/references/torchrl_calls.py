"""Losses of TorchRL, whose networks answer with numbers that are given.

TorchRL's losses are modules that run networks first. Here networks repeat what they read, or a
method is called with the attributes that it reads and no module. All else is TorchRL's own program.
Needs TorchRL, and is imported by `measure.py` alone.
"""

from types import SimpleNamespace
from typing import Any

import torch
from tensordict import TensorDict
from tensordict.nn import TensorDictModule
from torch import nn
from torchrl.envs.utils import ExplorationType
from torchrl.modules import DistributionalQValueActor, QValueActor
from torchrl.objectives import (
    DiscreteCQLLoss,
    DistributionalDQNLoss,
    DQNLoss,
    IQLLoss,
    SACLoss,
    TD3BCLoss,
    TQCLoss,
    two_hot_cross_entropy,
)
from torchrl.objectives.utils import _clip_value_loss, distance_loss
from torchrl.objectives.value import functional

Tensor = Any


class _Repeats(nn.Module):
    """What it reads, times a parameter of 1."""

    def __init__(self, axes: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones((), dtype=torch.float64))
        self.axes = axes

    def forward(self, x: Tensor, *_: Tensor) -> Tensor:
        return self.one.to(x.dtype) * (x if self.axes is None else x.transpose(*self.axes))


def _steps(now: Tensor, actions: Tensor, rewards: Tensor, ended: Tensor, then: Tensor) -> Any:
    later = {
        "observation": then,
        "reward": rewards[:, None],
        "done": ended[:, None],
        "terminated": ended[:, None],
    }
    given = {"observation": now, "action": actions[:, None], "next": later}
    return TensorDict(given, [len(rewards)])


def _whole(loss: Tensor, **_: Any) -> Tensor:
    return loss


def _reduced(**attributes: Any) -> Any:
    return SimpleNamespace(
        deterministic_sampling_mode=ExplorationType.DETERMINISTIC,
        _reduce_loss=_whole,
        _clear_weakrefs=lambda *_: None,
        _maybe_get_priority_weight=lambda _: None,
        **attributes,
    )


class torchrl:
    """Calls by the names of the losses."""

    two_hot_cross_entropy = staticmethod(two_hot_cross_entropy)
    iql_value = staticmethod(IQLLoss.loss_value_diff)
    td_lambda_return_estimate = staticmethod(functional.td_lambda_return_estimate)
    generalized_advantage_estimate = staticmethod(functional.generalized_advantage_estimate)
    vtrace_advantage_estimate = staticmethod(functional.vtrace_advantage_estimate)

    @staticmethod
    def dqn(*step: Tensor, kind: str = "l2", gamma: float = 0.75) -> Tensor:
        """DQNLoss."""
        actor = QValueActor(_Repeats(), in_keys=["observation"], action_space="categorical")
        loss = DQNLoss(
            actor,
            loss_function=kind,
            delay_value=True,
            reduction="none",
            action_space="categorical",
        )
        loss.make_value_estimator(gamma=gamma)
        return loss(_steps(*step))["loss"]

    @staticmethod
    def distributional_dqn(*step: Tensor, support: Tensor, gamma: float = 0.75) -> Tensor:
        """DistributionalDQNLoss; its logits are of places and then actions."""
        actor = DistributionalQValueActor(
            _Repeats((-1, -2)),
            support=support,
            in_keys=["observation"],
            action_space="categorical",
        )
        loss = DistributionalDQNLoss(actor, gamma=gamma, delay_value=True, reduction="none")
        return loss(_steps(*step))["loss"]

    @staticmethod
    def clipped_value(
        values: Tensor, old: Tensor, returns: Tensor, clip: float, kind: str
    ) -> Tensor:
        """The loss of PPO's critic, as PPOLoss puts it together."""
        plain = distance_loss(returns, values, kind)
        return _clip_value_loss(old, values, torch.tensor(clip), returns, plain, kind)[0]

    @staticmethod
    def td3_bc(q: Tensor, pred: Tensor, actions: Tensor, alpha: float) -> Tensor:
        """TD3BCLoss.actor_loss."""
        actor = TensorDictModule(_Repeats(), in_keys=["observation", "worth"], out_keys=["action"])
        critic = TensorDictModule(
            _Repeats(), in_keys=["worth", "action"], out_keys=["state_action_value"]
        )
        loss = TD3BCLoss(
            actor, critic, bounds=(-9.0, 9.0), alpha=alpha, num_qvalue_nets=1, reduction="none"
        )
        given = {"observation": pred, "worth": q[:, None], "action": actions}
        return loss.actor_loss(TensorDict(given, [len(q)]))[0]

    @staticmethod
    def discrete_cql(q: Tensor, actions: Tensor) -> Tensor:
        """DiscreteCQLLoss.cql_loss."""
        keys = SimpleNamespace(pred_val="q", action="action")
        module = _reduced(tensor_keys=keys, action_space="categorical")
        given = TensorDict({"q": q, "action": actions}, [len(q)])
        return DiscreteCQLLoss.cql_loss(module, given)[0]

    @staticmethod
    def sac_alpha(log_p: Tensor, log_alpha: Tensor, entropy: float) -> Tensor:
        """SACLoss._alpha_loss."""
        module = SimpleNamespace(target_entropy=entropy, log_alpha=log_alpha)
        return SACLoss._alpha_loss(module, log_p)

    @staticmethod
    def tqc(quantiles: Tensor, target: Tensor) -> Tensor:
        """TQCLoss.qvalue_v2_loss of one critic, with targets that are given."""
        keys = SimpleNamespace(state_action_value="value")
        answers = TensorDict({"value": quantiles[None]}, [1, len(target)])
        module = _reduced(
            tensor_keys=keys,
            compute_target=lambda _: target,
            qvalue_network=SimpleNamespace(in_keys=[]),
            qvalue_network_params=None,
            _vmap_qnetworkN0=lambda *_: answers,
        )
        return TQCLoss.qvalue_v2_loss(module, TensorDict({}, [len(target)]))[0]
