"""Losses of sequences."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

import jaxloss as jl
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


def transducer(*, batch: int, frames: int, labels: int, features: int, classes: int) -> list[Case]:
    """The transducer behind a joiner, gradients in its two inputs and its kernel.

    Args:
        batch: sequences.
        frames: of each.
        labels: of each.
        features: of the joiner.
        classes: blank among them.
    """

    def draw(rng: Generator) -> Arrays:
        kernel = rng.standard_normal((features, classes), np.float32)
        return [
            rng.standard_normal((batch, frames, features), np.float32),
            rng.standard_normal((batch, labels + 1, features), np.float32),
            kernel / np.float32(features**0.5),
            rng.integers(1, classes, (batch, labels)).astype(np.int32),
        ]

    entries = (
        Entry("jaxloss plain", _plain_transducer),
        Entry("jaxloss", Ours("fused.linear_transducer")),
        Entry("torchaudio", _torch_transducer, "torchaudio"),
    )
    sizes = {
        "batch": batch,
        "frames": frames,
        "labels": labels,
        "features": features,
        "classes": classes,
    }
    return [Case("fused.linear_transducer", sizes, draw, entries, (0, 1, 2))]


def _plain_transducer(encoded: Array, predicted: Array, kernel: Array, labels: Array) -> Array:
    joined = jnp.tanh(encoded[:, :, None] + predicted[:, None])
    return jnp.mean(jl.sequence.transducer(joined @ kernel, labels))


def _torch_transducer(torch: Any, encoded: Any, predicted: Any, kernel: Any, labels: Any) -> Any:
    logits = (encoded[:, :, None] + predicted[:, None]).tanh() @ kernel
    batch, frames, steps, _ = logits.shape
    lengths = (torch.full((batch,), size, dtype=torch.int32) for size in (frames, steps - 1))
    loss = peers.load("torchaudio.functional").rnnt_loss
    return loss(logits, labels.int(), *(n.to(logits.device) for n in lengths), blank=0)


def _optax_ctc(logits: Array, labels: Array) -> Array:
    frames, places = jnp.zeros(logits.shape[:2]), jnp.zeros(labels.shape)
    return jnp.mean(optax.losses.ctc_loss(logits, frames, labels, places))


def _torch_ctc(torch: Any, logits: Any, labels: Any) -> Any:
    batch, frames, _ = logits.shape
    log_p = logits.log_softmax(-1).transpose(0, 1)
    lengths = torch.full((batch,), frames), torch.full((batch,), labels.shape[1])
    return torch.nn.functional.ctc_loss(log_p, labels, *lengths, reduction="none").mean()
