"""Losses of sequences."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from benchmarks import peers
from benchmarks.cases import Arrays, Case, Entry, Generator, Ours


def ctc(*, batch: int, frames: int, labels: int, classes: int) -> list[Case]:
    """Connectionist temporal classification, gradients in the logits.

    Args:
        batch: sequences.
        frames: of each.
        labels: of each.
        classes: blank among them.
    """

    def draw(rng: Generator) -> Arrays:
        return [
            rng.standard_normal((batch, frames, classes), np.float32),
            rng.integers(1, classes, (batch, labels)).astype(np.int32),
        ]

    entries = (
        Entry("jaxloss", Ours("sequence.ctc")),
        Entry("optax", _optax_ctc, "optax"),
        Entry("keras", lambda z, y: jnp.mean(peers.load("keras").losses.ctc(y, z)), "keras"),
        Entry("torch", _torch_ctc, "torch"),
    )
    sizes = {"batch": batch, "frames": frames, "labels": labels, "classes": classes}
    return [Case("sequence.ctc", sizes, draw, entries)]


def _optax_ctc(logits: Array, labels: Array) -> Array:
    frames, places = jnp.zeros(logits.shape[:2]), jnp.zeros(labels.shape)
    return jnp.mean(optax.losses.ctc_loss(logits, frames, labels, places))


def _torch_ctc(torch: Any, logits: Any, labels: Any) -> Any:
    batch, frames, _ = logits.shape
    log_p = logits.log_softmax(-1).transpose(0, 1)
    lengths = torch.full((batch,), frames), torch.full((batch,), labels.shape[1])
    return torch.nn.functional.ctc_loss(log_p, labels, *lengths, reduction="none").mean()
