"""Named comparisons of losses that are large or slow when written plainly, one row a competitor."""

from collections.abc import Callable, Mapping, Sequence
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
NOTES: Mapping[str, Mapping[str, str]] = {
    "fused": {
        "optax": "on all logits at once",
        "checkpointed": "the same in chunks of tokens under `jax.checkpoint`",
        "jaxloss": "the schedule that it chooses itself",
        "jaxloss linear": "`fused.linear` of the plain softmax cross-entropy",
        "torch": "`cross_entropy` on all logits at once",
    },
    "contrastive": {
        "jaxloss plain": "on the whole matrix of similarities",
        "jaxloss": "block by block",
        "torch": "on the whole matrix of similarities",
    },
    "sorted": {"plain": "all pairs, as the formula stands"},
    "growth": {
        "optax": "on all logits at once",
        "jaxloss plain": "on the whole matrix of similarities",
    },
}
"""What systems do, where the name does not say it."""


def fused(
    *, tokens: int, features: int, vocabulary: int, chunk: int, dtype: str, **labels: str
) -> Case:
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
    return Case(LINEAR, sizes, draw, entries, (0, 1), dtype, labels)


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


def by_sorting(size: int) -> list[Case]:
    """Losses of pairs that sorting, or a smaller matrix, makes cheap.

    Args:
        size: scores of a list, and columns of the embeddings.
    """

    def scores(rng: Generator) -> Arrays:
        return [rng.standard_normal(size, np.float32), _bits(rng, size)]

    def ensembles(rng: Generator) -> Arrays:
        members = max(2, size // 8)
        return [
            rng.standard_normal((64, members), np.float32),
            rng.standard_normal(64, np.float32),
        ]

    def survival(rng: Generator) -> Arrays:
        # No two times alike: where there are ties, the plain form is another estimator.
        times = rng.permutation(size).astype(np.float32)
        return [rng.standard_normal(size, np.float32), times, _bits(rng, size)]

    def embeddings(rng: Generator) -> Arrays:
        return [rng.standard_normal((256, size), np.float32)]

    def case(
        name: str,
        sizes: Mapping[str, int],
        draw: Callable[[Generator], Arrays],
        plain: Callable[..., Array],
    ) -> Case:
        return Case(name, sizes, draw, (Entry("plain", plain), Entry("jaxloss", Ours(name))))

    members = {"forecasts": 64, "members": max(2, size // 8)}
    return [
        case("auc.squared_hinge", {"scores": size}, scores, _plain_auc),
        case("scoring.crps_ensemble", members, ensembles, _plain_crps),
        case("likelihood.cox", {"subjects": size}, survival, _plain_cox),
        case(
            "contrastive.covariance_penalty",
            {"rows": 256, "features": size},
            embeddings,
            _plain_covariance,
        ),
    ]


def ctc(*, batch: int, frames: int, labels: int, classes: int) -> Case:
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
    return Case("sequence.ctc", sizes, draw, entries)


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
            fused(tokens=size, vocabulary=max(vocabulary), along="tokens", **linear)
            for size in tokens
        ),
        *(
            fused(tokens=max(tokens), vocabulary=size, along="vocabulary", **linear)
            for size in vocabulary
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


def _plain_auc(scores: Array, bits: Array) -> Array:
    pairs = bits[:, None] * (1 - bits[None, :])
    lack = jnp.maximum(0, 1 - (scores[:, None] - scores[None, :]))
    return jnp.sum(pairs * lack**2) / jnp.sum(pairs)


def _plain_crps(pred: Array, target: Array) -> Array:
    error = jnp.mean(jnp.abs(pred - target[:, None]), -1)
    apart = jnp.mean(jnp.abs(pred[:, :, None] - pred[:, None, :]), (-2, -1))
    return jnp.mean(error - apart / 2)


def _plain_cox(log_hazard: Array, time: Array, event: Array) -> Array:
    at_risk = time[None, :] >= time[:, None]
    risk = jax.nn.logsumexp(jnp.where(at_risk, log_hazard[None, :], -jnp.inf), -1)
    return jnp.sum(event * (risk - log_hazard)) / jnp.sum(event)


def _plain_covariance(embeddings: Array) -> Array:
    count, dim = embeddings.shape
    centred = embeddings - jnp.mean(embeddings, 0)
    covariance = centred.T @ centred / (count - 1)
    return (jnp.sum(covariance**2) - jnp.sum(jnp.diagonal(covariance) ** 2)) / dim


def _optax_ctc(logits: Array, labels: Array) -> Array:
    frames, places = jnp.zeros(logits.shape[:2]), jnp.zeros(labels.shape)
    return jnp.mean(optax.losses.ctc_loss(logits, frames, labels, places))


def _torch_ctc(torch: Any, logits: Any, labels: Any) -> Any:
    batch, frames, _ = logits.shape
    log_p = logits.log_softmax(-1).transpose(0, 1)
    lengths = torch.full((batch,), frames), torch.full((batch,), labels.shape[1])
    return torch.nn.functional.ctc_loss(log_p, labels, *lengths, reduction="none").mean()


def _bits(rng: Generator, size: int) -> Any:
    return rng.integers(0, 2, size).astype(np.float32)
