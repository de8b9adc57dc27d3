"""Loss functions of TRL's trainers, called through a trainer that has no model.

TRL's losses are methods that run a model first. Here the model answers with log-probabilities that
are given, one token an answer, and the trainer knows its hyperparameters and nothing else. All else
is TRL's own program. Needs TRL, and is imported by `measure.py` alone.
"""

import inspect
import re
from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from trl import DPOTrainer, GRPOTrainer, KTOTrainer, RewardTrainer, RLOOTrainer
from trl.experimental.a2po import A2POTrainer
from trl.experimental.cpo import CPOTrainer
from trl.experimental.gmpo import GMPOTrainer
from trl.experimental.orpo import ORPOTrainer
from trl.experimental.tpo import TPOTrainer

Tensor = Any


def _same(x: Any, **_: Any) -> Any:
    return x


_ALONE = SimpleNamespace(
    device=torch.device("cpu"),
    gather=_same,
    gather_for_metrics=_same,
    reduce=_same,
    num_processes=1,
    is_main_process=True,
    sync_gradients=False,
)


def _trainer(**hyper: Any) -> Any:
    """What a trainer knows of itself: one process, evaluation, and hyperparameters."""
    return SimpleNamespace(
        accelerator=_ALONE,
        model=SimpleNamespace(training=False),
        _metrics=defaultdict(lambda: defaultdict(list)),
        aux_loss_enabled=False,
        _total_train_tokens=0,
        _tp_size=1,
        **hyper,
    )


def _outputs(log_p: Tensor) -> Any:
    """Outputs of a model with one token an answer."""
    zeros = torch.zeros_like(log_p)[:, None]
    return SimpleNamespace(
        log_probs=log_p[:, None],
        entropy=zeros,
        log_sum_sq_probs=zeros,
        mean_logits=zeros,
        is_top1=zeros.bool(),
    )


def _ids(answers: int) -> dict[str, Tensor]:
    """A prompt of one token, and an answer of one."""
    ids = torch.ones(answers, 2, dtype=torch.long)
    return {
        "input_ids": ids,
        "attention_mask": ids,
        "completion_mask": torch.tensor([[0, 1]]).repeat(answers, 1),
    }


def _pairwise(loss_type: str) -> Callable[..., Tensor]:
    def loss(
        chosen: Tensor,
        rejected: Tensor,
        ref_chosen: Tensor,
        ref_rejected: Tensor,
        *,
        beta: float = 0.1,
        smoothing: float = 0.0,
        divergence: str = "reverse_kl",
        alpha: float = 0.5,
        weighting: bool = False,
    ) -> Tensor:
        trainer = _trainer(
            beta=beta,
            label_smoothing=smoothing,
            f_divergence_type=divergence,
            f_alpha_divergence_coef=alpha,
            use_weighting=weighting,
            loss_types=[loss_type],
            loss_weights=[1.0],
            ld_alpha=None,
            precompute_ref_logps=True,
            args=SimpleNamespace(discopop_tau=0.05),
        )
        log_p = torch.cat([chosen, rejected])
        inputs = _ids(len(log_p)) | {
            "ref_chosen_logps": ref_chosen,
            "ref_rejected_logps": ref_rejected,
        }
        return DPOTrainer._compute_loss(trainer, lambda **_: _outputs(log_p), inputs, False)

    return loss


def _unpaired(loss_type: str) -> Callable[..., Tensor]:
    def loss(
        log_p: Tensor,
        ref: Tensor,
        desirable: Tensor,
        kl: Tensor,
        *,
        beta: float = 0.1,
        gain: float = 1.0,
        loss: float = 1.0,
    ) -> Tensor:
        trainer = _trainer(
            beta=beta,
            desirable_weight=gain,
            undesirable_weight=loss,
            loss_type=loss_type,
            calculate_KL=True,
            precompute_ref_logps=True,
            _compute_kl_logps=lambda model, batch: kl[None],
        )
        batch = _ids(len(log_p)) | {
            "label": desirable,
            "ref_logps": ref,
            "ref_KL_logps": torch.zeros_like(kl)[None],
        }
        return KTOTrainer._compute_loss(trainer, lambda **_: _outputs(log_p), batch, False)

    return loss


def _free(loss_type: str) -> Callable[..., Tensor]:
    def loss(
        chosen: Tensor,
        rejected: Tensor,
        *,
        beta: float = 0.1,
        margin: float = 0.5,
        alpha: float = 0.0,
    ) -> Tensor:
        trainer = _trainer(
            beta=beta, simpo_gamma=margin, alpha=alpha, label_smoothing=0.0, loss_type=loss_type
        )
        return CPOTrainer.cpo_loss(trainer, chosen, rejected)[0]

    return loss


def _triple(loss_type: str) -> Callable[..., Tensor]:
    def loss(
        chosen: Tensor,
        rejected: Tensor,
        gold: Tensor,
        *,
        beta: float,
        weight: float,
        margin: float = 0.5,
    ) -> Tensor:
        trainer = _trainer(
            beta=beta,
            tpo_alpha=weight,
            tpo_l_gamma=margin,
            label_smoothing=0.0,
            loss_type=loss_type,
        )
        log_p = torch.cat([chosen, rejected, gold])
        # Two tokens in the vocabulary, of which the answer is the second.
        logits = torch.stack([torch.log(-torch.expm1(log_p)), log_p], dim=-1)
        outputs = SimpleNamespace(logits=logits[:, None].repeat(1, 2, 1))
        return TPOTrainer._compute_loss(trainer, lambda **_: outputs, _ids(len(log_p)), False)

    return loss


def _policy(trainer_class: Any, loss_type: str) -> Callable[..., Tensor]:
    def loss(
        log_p: Tensor,
        old: Tensor,
        advantages: Tensor,
        keep: Tensor,
        *,
        low: float = 0.2,
        high: float = 0.2,
        ref: Tensor | None = None,
        beta: float = 0.0,
        level: str = "token",
        delta: float | None = None,
    ) -> Tensor:
        mask = keep.to(log_p.dtype)
        trainer = _trainer(
            loss_type=loss_type,
            beta=beta,
            epsilon_low=low,
            epsilon_high=high,
            importance_sampling_level=level,
            top_entropy_quantile=1.0,
            off_policy_mask_threshold=None,
            use_vllm=False,
            vllm_importance_sampling_correction=False,
            max_completion_length=log_p.shape[1],
            current_gradient_accumulation_steps=1,
            _entropy_bonus_enabled=False,
            _get_per_token_logps_and_entropies=lambda *_, **__: (log_p, 0 * log_p.detach(), None),
            get_gamma_weights=GRPOTrainer.get_gamma_weights,
            args=SimpleNamespace(
                delta=delta,
                use_bias_correction_kl=False,
                sapo_temperature_pos=1.0,
                sapo_temperature_neg=1.05,
                vespo_k_pos=2.0,
                vespo_lambda_pos=3.0,
                vespo_k_neg=3.0,
                vespo_lambda_neg=2.0,
            ),
        )
        ids = torch.ones_like(mask, dtype=torch.long)
        inputs = {
            "prompt_ids": ids[:, :1],
            "prompt_mask": ids[:, :1],
            "completion_ids": ids,
            "completion_mask": mask,
            "advantages": advantages,
            "old_per_token_logps": old,
            "old_logps": (old * mask).sum(1),
            "ref_per_token_logps": ref,
            "num_items_in_batch": mask.sum(),
        }
        return trainer_class._compute_loss(trainer, None, inputs)

    return loss


def odds(chosen: Tensor, rejected: Tensor, *, weight: float) -> Tensor:
    """ORPO's term of odds, negated as its trainer negates it, with the likelihood."""
    return -ORPOTrainer.odds_ratio_loss(_trainer(beta=weight), chosen, rejected)[0] - chosen


def squared(log_p: Tensor, ref: Tensor, rewards: Tensor, best: Tensor, *, beta: float) -> Tensor:
    """A*-PO."""
    trainer = _trainer(args=SimpleNamespace(beta2=beta), _get_sequence_logps=lambda *_: log_p)
    inputs = {"ref_logps": ref, "rewards": rewards, "v_star": best}
    inputs |= dict.fromkeys(("input_ids", "attention_mask", "logits_to_keep"))
    return A2POTrainer.compute_loss(trainer, None, inputs)


def compared(chosen: Tensor, rejected: Tensor, margin: Tensor, *, centering: float) -> Tensor:
    """The reward model's."""
    trainer = _trainer(args=SimpleNamespace(center_rewards_coefficient=centering))
    outputs = SimpleNamespace(logits=torch.cat([chosen, rejected])[:, None])

    def model(**_: Any) -> Any:
        return outputs

    return RewardTrainer.compute_loss(trainer, model, {"margin": margin})


def _types(function: Any) -> list[str]:
    """The values of `loss_type` that a function of TRL knows."""
    lines = re.findall(r"loss_type (?:==|in) (.+?):", inspect.getsource(function))
    return sorted({word for line in lines for word in re.findall(r'"([\w-]+)"', line)})


def _all(make: Callable[[str], Any], function: Any) -> Any:
    return SimpleNamespace(**{name.replace("-", "_"): make(name) for name in _types(function)})


dpo = _all(_pairwise, DPOTrainer._compute_loss)
kto = _all(_unpaired, KTOTrainer._compute_loss)
cpo = _all(_free, CPOTrainer.cpo_loss)
tpo = _all(_triple, TPOTrainer._compute_loss)
grpo = _all(lambda name: _policy(GRPOTrainer, name), GRPOTrainer._compute_loss)
orpo = SimpleNamespace(odds=odds)
a2po = SimpleNamespace(squared=squared)
reward = SimpleNamespace(compared=compared)
gmpo = SimpleNamespace(geometric=_policy(GMPOTrainer, "gmpo"))
rloo = SimpleNamespace(clipped=_policy(RLOOTrainer, "rloo"))
GROUPS = {
    "dpo": dpo,
    "kto": kto,
    "cpo": cpo,
    "tpo": tpo,
    "grpo": grpo,
    "orpo": orpo,
    "a2po": a2po,
    "reward": reward,
    "gmpo": gmpo,
    "rloo": rloo,
}
PUBLIC = [f"{group}.{name}" for group, names in GROUPS.items() for name in vars(names)]
