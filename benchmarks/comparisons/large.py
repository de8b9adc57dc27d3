"""Losses that are large when written plainly: behind a linear layer, of all pairs of a batch."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

import jaxloss as jl
from benchmarks import peers
from benchmarks.cases import Arrays, Case, Entry, Generator, Ours

LINEAR = "fused.linear_softmax_cross_entropy"


def fused(
    *, tokens: int, features: int, vocabulary: int, chunk: int, dtype: str, **labels: str
) -> list[Case]:
    """Cross-entropy behind a linear layer, gradients in features and kernel.

    Args:
        tokens: rows of the features.
        features: columns.
        vocabulary: classes.
        chunk: tokens at a time of the checkpointed form, which does not choose it itself.
        dtype: of features and kernel.
        labels: of the row.
    """

    def draw(rng: Generator) -> Arrays:
        kernel = rng.standard_normal((features, vocabulary), np.float32)
        return [
            rng.standard_normal((tokens, features), np.float32),
            kernel / np.float32(features**0.5),
            rng.integers(0, vocabulary, tokens).astype(np.int32),
        ]

    entries = (
        Entry("optax", _plain_linear, "optax"),
        Entry("checkpointed", lambda *a: _checkpointed(chunk, *a)),
        Entry("jaxloss", Ours(LINEAR)),
        Entry("jaxloss tokens", Ours(LINEAR, {"schedule": "tokens"})),
        Entry("jaxloss vocab", Ours(LINEAR, {"schedule": "vocab"})),
        Entry("jaxloss materialize", Ours(LINEAR, {"schedule": "materialize"})),
        Entry("jaxloss linear", _fused_linear),
        Entry("tokamax", _tokamax, "tokamax"),
        Entry("torch", _torch_linear, "torch"),
        Entry("torch.compile", _torch_linear, "torch.compile"),
        Entry("liger", _liger, "liger", _kernel_by_rows),
        Entry("cut-cross-entropy", _cut_cross_entropy, "cut-cross-entropy", _kernel_by_rows),
    )
    sizes = {"tokens": tokens, "features": features, "vocabulary": vocabulary}
    return [Case(LINEAR, sizes, draw, entries, (0, 1), dtype, labels)]


def contrastive(*, batch: int, features: int, dtype: str, **labels: str) -> list[Case]:
    """CLIP and SigLIP, gradients in both sides and what is learned beside them.

    Args:
        batch: pairs.
        features: of each side.
        dtype: of both.
        labels: of the rows.
    """

    def draw(rng: Generator, *learned: float) -> Arrays:
        sides = rng.standard_normal((2, batch, features), np.float32)
        sides /= np.linalg.norm(sides, axis=-1, keepdims=True)
        return [*sides, *(np.array(number, np.float32) for number in learned)]

    sizes = {"batch": batch, "features": features}
    clip, siglip = ("logit_scale",), ("logit_scale", "bias")
    return [
        Case(
            "contrastive.clip",
            sizes,
            lambda rng: draw(rng, np.log(1 / 0.07)),
            (
                Entry("jaxloss plain", Ours("contrastive.clip", keywords=clip)),
                Entry("jaxloss", Ours("fused.clip", keywords=clip)),
                Entry("torch", _torch_clip, "torch"),
                Entry("torch.compile", _torch_clip, "torch.compile"),
            ),
            (0, 1, 2),
            dtype,
            labels,
        ),
        Case(
            "contrastive.siglip",
            sizes,
            lambda rng: draw(rng, np.log(10), -10.0),
            (
                Entry("jaxloss plain", Ours("contrastive.siglip", keywords=siglip)),
                Entry("jaxloss", Ours("fused.siglip", keywords=siglip)),
                Entry("torch", _torch_siglip, "torch"),
                Entry("torch.compile", _torch_siglip, "torch.compile"),
            ),
            (0, 1, 2, 3),
            dtype,
            labels,
        ),
    ]


def growth(
    *,
    tokens: Sequence[int],
    vocabulary: Sequence[int],
    batch: Sequence[int],
    features: int,
    chunk: int,
    dtype: str,
) -> list[Case]:
    """Linear cross-entropy along tokens and along the vocabulary, CLIP along the batch.

    Args:
        tokens: sizes along tokens; the largest stays while the vocabulary grows.
        vocabulary: sizes along the vocabulary, likewise.
        batch: sizes along the batch.
        features: of all.
        chunk: as in `fused`.
        dtype: as in `fused`.
    """
    shared: dict[str, Any] = {"features": features, "dtype": dtype}
    linear: dict[str, Any] = {**shared, "chunk": chunk}
    return [
        *(
            case
            for size in tokens
            for case in fused(tokens=size, vocabulary=max(vocabulary), along="tokens", **linear)
        ),
        *(
            case
            for size in vocabulary
            for case in fused(tokens=max(tokens), vocabulary=size, along="vocabulary", **linear)
        ),
        *(contrastive(batch=size, along="batch", **shared)[0] for size in batch),
    ]


def _plain_linear(features: Array, kernel: Array, labels: Array) -> Array:
    logits = jnp.matmul(features, kernel, preferred_element_type=jnp.float32)
    return jnp.mean(optax.losses.softmax_cross_entropy_with_integer_labels(logits, labels))


def _checkpointed(chunk: int, features: Array, kernel: Array, labels: Array) -> Array:
    """What people write: a scan over chunks of tokens that are computed again going back."""
    tokens = features.shape[0]
    count = max(c for c in range(1, max(1, tokens // chunk) + 1) if tokens % c == 0)
    parts = (features.reshape(count, -1, features.shape[1]), labels.reshape(count, -1))

    @jax.checkpoint
    def part(one: tuple[Array, Array]) -> Array:
        return _plain_linear(one[0], kernel, one[1])

    return jnp.mean(lax.map(part, parts))


def _fused_linear(features: Array, kernel: Array, labels: Array) -> Array:
    fuse = Ours("fused.linear").find()
    loss: Any = jl.classification.softmax_cross_entropy
    return fuse(loss)(features, kernel, labels).value


def _tokamax(features: Array, kernel: Array, labels: Array) -> Array:
    loss = peers.load("tokamax").linear_softmax_cross_entropy_loss
    return loss(features, labels, kernel, reduction="mean")


def _torch_linear(torch: Any, features: Any, kernel: Any, labels: Any) -> Any:
    return torch.nn.functional.cross_entropy((features @ kernel).float(), labels)


def _kernel_by_rows(arrays: Arrays) -> Arrays:
    """With the kernel as torch's linear layers keep it: a row for each class."""
    features, kernel, labels = arrays
    return [features, np.ascontiguousarray(kernel.T), labels]


def _liger(torch: Any, features: Any, kernel: Any, labels: Any) -> Any:
    loss = peers.load("liger_kernel.transformers").LigerFusedLinearCrossEntropyLoss()
    return loss(kernel, features, labels)


def _cut_cross_entropy(torch: Any, features: Any, kernel: Any, labels: Any) -> Any:
    return peers.load("cut_cross_entropy").linear_cross_entropy(features, kernel, labels)


def _torch_clip(torch: Any, x: Any, y: Any, logit_scale: Any) -> Any:
    logits = logit_scale.exp() * (x @ y.T)
    target = torch.arange(x.shape[0], device=x.device)
    loss = torch.nn.functional.cross_entropy
    return (loss(logits, target) + loss(logits.T, target)) / 2


def _torch_siglip(torch: Any, x: Any, y: Any, logit_scale: Any, bias: Any) -> Any:
    logits = logit_scale.exp() * (x @ y.T) + bias
    signs = 2 * torch.eye(x.shape[0], dtype=x.dtype, device=x.device) - 1
    return -torch.nn.functional.logsigmoid(signs * logits).sum() / x.shape[0]
