"""Many classes: what trains a large output layer without computing all of it.

`features` has shape `*batch dim`, `kernel` (one column for each class) `dim classes`, as in Flax.
Sampled class ids are an argument: draw them with `jax.random`, pass `log_q`, the logarithm of the
probability with which each class is drawn. A label outside `[0, classes)` gives NaN with gradient
0.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import indices, promote
from jaxloss.core.numerics import known, log_softmax, logsumexp, pick, softplus


def sampled_softmax(
    features: Float[ArrayLike, "*batch dim"],
    kernel: Float[ArrayLike, "dim classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    sampled: Int[ArrayLike, " samples"],
    log_q: Float[ArrayLike, " classes"],
    bias: Float[ArrayLike, " classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Softmax cross-entropy against the label and a sample of the other classes.

    Formula: with `s = features @ kernel + bias - log_q` over the label and the samples,
    `logsumexp(s) - s[label]`. A sample that equals the label is left out. In expectation its
    gradient tends to that of the full softmax as the sample grows.

    Args:
        features: inputs of the output layer.
        kernel: its weights, one column for each class.
        labels: class of each example.
        sampled: ids of sampled classes, shared by the batch.
        log_q: log-probability of drawing each class.
        bias: one number for each class.

    Returns:
        One value for each example.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> sampled_softmax(
        ...     jnp.zeros((1, 2)), jnp.zeros((2, 5)), jnp.array([0]),
        ...     sampled=jnp.array([1, 2, 3]), log_q=jnp.full(5, -1.6),
        ... )
        Array([1.3863], dtype=float32)

    Reference: Bengio and Senécal 2008, doi:10.1109/TNN.2007.912312; Jean et al. 2015,
        arXiv:1412.2007.
    """
    true, noise, log_q_true, log_q_noise, labels, hit = _scores(
        features, kernel, labels, sampled, bias, log_q
    )
    # Differences before the logarithm: scores may be large, and so may what they lose to rounding.
    lead = (noise - true[..., None]) - (log_q_noise - log_q_true[..., None])
    return known(softplus(logsumexp(lead, where=~hit)), labels, jnp.shape(kernel)[-1])


def noise_contrastive_estimation(
    features: Float[ArrayLike, "*batch dim"],
    kernel: Float[ArrayLike, "dim classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    sampled: Int[ArrayLike, " samples"],
    log_q: Float[ArrayLike, " classes"],
    bias: Float[ArrayLike, " classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward telling the label from noise; scores become normalised log-probabilities.

    Formula: with `s = features @ kernel + bias` and `d = s - log(samples) - log_q`,
    `log(1 + exp(-d[label])) + sum(log(1 + exp(d[sampled])))`. Samples that equal the label
    are kept, as in the paper.

    Args:
        features: inputs of the output layer.
        kernel: its weights, one column for each class.
        labels: class of each example.
        sampled: ids of noise classes, shared by the batch.
        log_q: log-probability of drawing each class.
        bias: one number for each class.

    Returns:
        One value for each example.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> noise_contrastive_estimation(
        ...     jnp.zeros((1, 2)), jnp.zeros((2, 5)), jnp.array([0]),
        ...     sampled=jnp.array([1]), log_q=jnp.zeros(5),
        ... )
        Array([1.3863], dtype=float32)

    Reference: Gutmann and Hyvärinen 2010, https://proceedings.mlr.press/v9/gutmann10a.html.
    """
    true, noise, log_q_true, log_q_noise, labels, _ = _scores(
        features, kernel, labels, sampled, bias, log_q
    )
    log_k = jnp.log(jnp.asarray(max(noise.shape[-1], 1), true.dtype))
    value = softplus(log_k + log_q_true - true)
    value = value + jnp.sum(softplus(noise - log_k - log_q_noise), axis=-1)
    return known(value, labels, jnp.shape(kernel)[-1])


def negative_sampling(
    features: Float[ArrayLike, "*batch dim"],
    kernel: Float[ArrayLike, "dim classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    sampled: Int[ArrayLike, " samples"],
    bias: Float[ArrayLike, " classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward telling the label from samples, for embeddings rather than probabilities (word2vec).

    Formula: with `s = features @ kernel + bias`,
    `log(1 + exp(-s[label])) + sum(log(1 + exp(s[sampled])))`.

    Args:
        features: embeddings of the inputs.
        kernel: embeddings of the classes, one column each.
        labels: class of each example.
        sampled: ids of sampled classes, shared by the batch.
        bias: one number for each class.

    Returns:
        One value for each example.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> negative_sampling(
        ...     jnp.zeros((1, 2)), jnp.zeros((2, 5)), jnp.array([0]), sampled=jnp.array([1, 2])
        ... )
        Array([2.0794], dtype=float32)

    Reference: Mikolov et al. 2013, arXiv:1310.4546.
    """
    true, noise, _, _, labels, _ = _scores(features, kernel, labels, sampled, bias, None)
    value = softplus(-true) + jnp.sum(softplus(noise), axis=-1)
    return known(value, labels, jnp.shape(kernel)[-1])


def adaptive_softmax(
    head_logits: Float[ArrayLike, "*batch head"],
    tail_logits: Sequence[Float[ArrayLike, "*batch _"]],
    labels: Int[ArrayLike, "*batch"],
) -> Float[Array, "*batch"]:
    """Cross-entropy in two levels: frequent classes at once, rare ones by way of their cluster.

    Formula: `-log_softmax(head_logits)[label]` for a label of the shortlist; for one of cluster
    `i`, `-log_softmax(head_logits)[gate i] - log_softmax(tail_logits[i])[label - start_i]`.

    Args:
        head_logits: scores of the shortlist, followed by one gate for each cluster.
        tail_logits: scores within each cluster, in the order of the gates.
        labels: class of each example, counted through the shortlist and then the clusters.

    Returns:
        One value for each example.

    Raises:
        ValueError: for shapes that do not fit, or more clusters than gates.

    Example:
        >>> adaptive_softmax(jnp.zeros((2, 3)), [jnp.zeros((2, 4))], jnp.array([0, 5]))
        Array([1.0986, 2.4849], dtype=float32)

    Reference: Grave et al. 2017, arXiv:1609.04309.
    """
    clusters = {f"tail_logits[{i}]": tail for i, tail in enumerate(tail_logits)}
    head, *tails = promote(head_logits=head_logits, **clusters)
    shortlist = head.shape[-1] - len(tails)
    if shortlist < 0:
        raise ValueError(
            f"`head_logits` {head.shape} has no gate for each of {len(tails)} clusters"
        )
    for name, tail in zip(clusters, tails, strict=True):
        if tail.shape[:-1] != head.shape[:-1]:
            raise ValueError(f"`{name}` {tail.shape} does not fit `head_logits` {head.shape}")
    count = shortlist + sum(tail.shape[-1] for tail in tails)
    rows = f", one for each row of `head_logits` {head.shape}"
    labels = indices("labels", labels, head.shape[:-1], count, rows)
    log_head = log_softmax(head)
    value = -pick(log_head, labels)
    start = shortlist
    for i, tail in enumerate(tails):
        inside = (labels >= start) & (labels < start + tail.shape[-1])
        local = jnp.where(inside, labels - start, 0)
        value = jnp.where(
            inside, -log_head[..., shortlist + i] - pick(log_softmax(tail), local), value
        )
        start += tail.shape[-1]
    return known(value, labels, count)


def _scores(
    features: ArrayLike,
    kernel: ArrayLike,
    labels: ArrayLike,
    sampled: ArrayLike,
    bias: ArrayLike | None,
    log_q: ArrayLike | None,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Scores of label and samples, their log-proposals, the labels, and which samples are hits."""
    classes = jnp.shape(kernel)[-1] if jnp.ndim(kernel) == 2 else 0
    zeros = jnp.zeros((classes,), jnp.float32)
    features, kernel, bias, log_q = promote(
        features=features,
        kernel=kernel,
        bias=zeros if bias is None else bias,
        log_q=zeros if log_q is None else log_q,
    )
    if kernel.ndim != 2 or features.ndim < 1 or features.shape[-1] != kernel.shape[0]:
        raise ValueError(
            f"expected `kernel` (dim, classes) for `features` {features.shape}, got {kernel.shape}"
        )
    rows = f", one for each row of `features` {features.shape}"
    labels = indices("labels", labels, features.shape[:-1], kernel.shape[1], rows)
    sampled = indices("sampled", sampled, (jnp.size(sampled),), kernel.shape[1])
    for name, vector in (("bias", bias), ("log_q", log_q)):
        if vector.shape != (kernel.shape[1],):
            raise ValueError(f"expected `{name}` of shape {kernel.shape[1:]}, got {vector.shape}")
    known_labels = jnp.clip(labels, 0, kernel.shape[1] - 1)
    columns = jnp.take(kernel, known_labels, axis=1, mode="clip")
    true = jnp.einsum("...d,d...->...", features, columns) + jnp.take(
        bias, known_labels, mode="clip"
    )
    noise = features @ jnp.take(kernel, sampled, axis=1, mode="clip")
    noise = noise + jnp.broadcast_to(jnp.take(bias, sampled, mode="clip"), noise.shape)
    log_q_true = jnp.take(log_q, known_labels, mode="clip")
    log_q_noise = jnp.broadcast_to(jnp.take(log_q, sampled, mode="clip"), noise.shape)
    hit = jnp.broadcast_to(sampled, noise.shape) == labels[..., None]
    return true, noise, log_q_true, log_q_noise, labels, hit
