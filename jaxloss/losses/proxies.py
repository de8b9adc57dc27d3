"""Classes that are known by proxies: vectors to be near to, learned along with the embeddings.

`embeddings` has shape `*batch dim`, `proxies` `classes dim`, or `classes centers dim` where a class
has several. Where cosines are looked at, both are brought to unit length; a zero vector has cosine
0 with all. Proxies are an argument, so that they can lie in the tree that an optimiser updates. A
label outside `[0, classes)` gives NaN with gradient 0.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import along, hyperparameters, mask, of_rows
from jaxloss.core.numerics import (
    known,
    logsumexp,
    normalize,
    one_hot,
    relu,
    safe_divide,
    safe_sqrt,
    softplus,
)
from jaxloss.core.pairs import cosine_similarities, gram, others
from jaxloss.core.proxies import View, proxied


def proxy_nca(
    embeddings: Float[ArrayLike, "*batch dim"],
    proxies: Float[ArrayLike, "classes dim"],
    labels: Int[ArrayLike, "*batch"],
    *,
    temperature: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward being near to the proxy of the label, and far from the others together.

    Formula: with `d = 2 - 2 * c`, the squared distances of unit vectors with cosines `c`,
    `d[label] / temperature + log(sum_{j != label} exp(-d[j] / temperature))`, which is not bounded
    by 0; 0 where there is one class alone.

    Args:
        proxies: one vector for each class.
        labels: class of each embedding.
        temperature: what squared distances are divided by.

    Returns:
        One value for each embedding.

    Example:
        >>> proxy_nca([[2.0, 0.0]], [[3.0, 0.0], [0.0, 1.0]], jnp.array([0]))
        Array([-2.], dtype=float32)

    Reference: Movshovitz-Attias et al. 2017, arXiv:1703.07464.
    """
    view = View.of(embeddings, proxies, labels)
    (temperature,) = hyperparameters(view.angle, temperature=temperature)
    rivals = view.rivals(2 / temperature)
    lead = jnp.where(rivals > -jnp.inf, rivals - 2 * jnp.cos(view.angle) / temperature, 0)
    return view.of_rows(lead)


def proxy_nca_plus_plus(
    embeddings: Float[ArrayLike, "*batch dim"],
    proxies: Float[ArrayLike, "classes dim"],
    labels: Int[ArrayLike, "*batch"],
    *,
    temperature: ArrayLike = 0.1111111111111111,
) -> Float[Array, "*batch"]:
    """Reward the nearest proxy, drawn by a softmax of distances, for being that of the label.

    Formula: with `d = 2 - 2 * c`, the squared distances of unit vectors with cosines `c`,
    `d[label] / temperature + log(sum(exp(-d / temperature)))`.

    Args:
        proxies: one vector for each class.
        labels: class of each embedding.
        temperature: what squared distances are divided by.

    Returns:
        One value for each embedding.

    Example:
        >>> proxies = [[3.0, 0.0], [0.0, 1.0]]
        >>> proxy_nca_plus_plus([[2.0, 0.0]], proxies, jnp.array([0]), temperature=2.0)
        Array([0.3133], dtype=float32)

    Reference: Teh et al. 2020, arXiv:2004.01113.
    """
    view = View.of(embeddings, proxies, labels)
    (temperature,) = hyperparameters(view.angle, temperature=temperature)
    own = 2 * jnp.cos(view.angle) / temperature
    return view.of_rows(softplus(view.rivals(2 / temperature) - own))


def proxy_anchor(
    embeddings: Float[ArrayLike, "*batch n dim"],
    proxies: Float[ArrayLike, "classes dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 0.1,
    scale: ArrayLike = 32.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward each proxy for its hardest items: those of its label being near, the others far.

    Formula: with `c` the cosines of items with the proxies,
    `sum_j(log(1 + sum_p(exp(scale * (margin - c[p, j]))))) / used
    + sum_j(log(1 + sum_n(exp(scale * (margin + c[n, j]))))) / classes` over the items `p` of the
    label `j` and the others `n`, with `used` the number of labels that have an item.

    Args:
        proxies: one vector for each class.
        labels: class of each embedding; one out of range makes its set NaN, with gradient 0.
        margin: on both sides of a cosine of 0.
        scale: of the cosines, alpha in the paper.
        where: items that take part.

    Returns:
        One value for each set.

    Example:
        >>> proxy_anchor([[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], jnp.array([0]), scale=1.0)
        Array(0.7134, dtype=float32)

    Reference: Kim et al. 2020, arXiv:2003.13911.
    """
    items, vectors, index = proxied(embeddings, proxies, labels, sets=True)
    kept = mask(where, index)
    items = jnp.where(kept[..., None], items, 0)
    count = vectors.shape[0]
    cosines = jnp.einsum(
        "...nd,cd->...cn", normalize(items), normalize(vectors), precision="highest"
    )
    margin, scale = (
        along(h, 2) for h in hyperparameters(of_rows(of_rows(cosines)), margin=margin, scale=scale)
    )
    own = jnp.swapaxes(one_hot(index, count), -1, -2)
    here = kept[..., None, :]
    near = softplus(logsumexp(scale * (margin - cosines), where=own & here))
    far = softplus(logsumexp(scale * (margin + cosines), where=~own & here))
    used = jnp.sum(jnp.any(own & here, axis=-1), axis=-1, dtype=near.dtype)
    value = safe_divide(jnp.sum(near, axis=-1), used) + jnp.sum(far, axis=-1) / max(count, 1)
    inside = jnp.all(~kept | ((index >= 0) & (index < count)), axis=-1)
    return jnp.where(inside, value, jnp.nan)


def soft_triple(
    embeddings: Float[ArrayLike, "*batch dim"],
    proxies: Float[ArrayLike, "classes centers dim"],
    labels: Int[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 0.01,
    scale: ArrayLike = 20.0,
    gamma: ArrayLike = 0.1,
) -> Float[Array, "*batch"]:
    """Reward similarity with the proxies of the label, several for each class, over the others.

    Formula: with `c` the cosines with the proxies and
    `s[j] = sum_k(softmax(c[j] / gamma)[k] * c[j, k])`, the softmax cross-entropy of `scale * s`
    less `scale * margin` for the label. The paper adds a penalty that merges proxies of a class.

    Args:
        proxies: several vectors for each class.
        labels: class of each embedding.
        margin: lead of the similarity that is asked for.
        scale: of the similarities, lambda in the paper.
        gamma: temperature of the softmax over the proxies of a class.

    Returns:
        One value for each embedding.

    Example:
        >>> proxies = [[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]]
        >>> soft_triple([[1.0, 0.0]], proxies, jnp.array([0]), margin=0.0, scale=1.0)
        Array([0.3133], dtype=float32)

    Reference: Qian et al. 2019, arXiv:1909.05235.
    """
    items, several, index = proxied(embeddings, proxies, labels, centers=True)
    cosines = jnp.einsum(
        "...d,ckd->...ck", normalize(items), normalize(several), precision="highest"
    )
    margin, scale, gamma = hyperparameters(
        of_rows(of_rows(cosines)), margin=margin, scale=scale, gamma=gamma
    )
    shares = jax.nn.softmax(cosines / along(gamma, 2), axis=-1)
    scores = jnp.sum(shares * cosines, axis=-1)
    own = one_hot(index, scores.shape[-1])
    # Differences before they are scaled: what is near 0 keeps its digits.
    lead = scores - jnp.sum(scores, axis=-1, keepdims=True, where=own)
    value = softplus(logsumexp(along(scale) * lead, where=~own) + scale * margin)
    return known(value, index, scores.shape[-1])


def manifold(
    embeddings: Float[ArrayLike, "*batch n dim"],
    proxies: Float[ArrayLike, "classes dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    alpha: ArrayLike = 0.8,
    temperature: ArrayLike = 0.5,
    margin: ArrayLike = 5e-4,
    context_weight: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward walks among items and proxies that pass an item and the proxy of its label alike.

    Formula: over the items and proxies of a set with cosines `c`, `S = exp(max(0, c) /
    temperature)` without its diagonal, `D` the diagonal matrix of its sums and
    `F = (1 - alpha) * inv(I - alpha * D**-0.5 @ S @ D**-0.5)`, and for the similarities `f[j]` of
    an item with the proxies, `l(f) = log(1 + sum(exp(f[j] - f[label] + margin)))` over the others
    that come within the margin, `f[j] + margin >= f[label]`; then the mean over the items of
    `l(F[i, j]) + context_weight * l(cosine(F[i], F[j]))`.

    Time is cubic in the number of items and proxies.

    Args:
        proxies: one vector for each class, or for each of the random groups that the paper draws.
        labels: class of each embedding; one out of range makes its set NaN, with gradient 0.
        alpha: share of a walk that goes on, from 0 to 1.
        temperature: what cosines are divided by.
        margin: lead of the similarity that is asked for.
        context_weight: of the similarity of where walks from item and proxy lead.
        where: items that take part.

    Returns:
        One value for each set.

    Example:
        >>> items, labels = [[1.0, 0.0], [0.0, 1.0]], jnp.array([0, 0])
        >>> manifold(items, [[1.0, 0.0], [0.0, 1.0]], labels)
        Array(0.7801, dtype=float32)

    Reference: Aziere and Todorovic 2019, "Ensemble Deep Manifold Similarity Learning Using Hard
        Proxies", CVPR, pages 7299-7307.
    """
    items, vectors, index = proxied(embeddings, proxies, labels, sets=True)
    kept = mask(where, index)
    n, count = items.shape[-2], vectors.shape[0]
    alpha, temperature, margin, context_weight = (
        along(h, 2)
        for h in hyperparameters(
            of_rows(of_rows(items)),
            alpha=alpha,
            temperature=temperature,
            margin=margin,
            context_weight=context_weight,
        )
    )
    every = jnp.broadcast_to(normalize(vectors), (*items.shape[:-2], *vectors.shape))
    nodes = jnp.concatenate([normalize(jnp.where(kept[..., None], items, 0)), every], axis=-2)
    there = jnp.concatenate([kept, jnp.ones(every.shape[:-1], bool)], axis=-1)
    similar = jnp.exp(relu(gram(nodes)) / temperature)
    similar = jnp.where(others(there) & there[..., None], similar, 0)
    root = safe_divide(jnp.ones((), items.dtype), safe_sqrt(jnp.sum(similar, axis=-1)))
    step = root[..., :, None] * similar * root[..., None, :]
    itself = jnp.broadcast_to(jnp.eye(n + count, dtype=items.dtype), step.shape)
    walks = (1 - alpha) * jnp.linalg.inv(itself - alpha * step)
    of_items = walks[..., :n, :]
    own = one_hot(index, count)

    def short(f: Array) -> Float[Array, "*batch n 1"]:
        lack = f - jnp.sum(f, axis=-1, keepdims=True, where=own) + margin
        return softplus(logsumexp(lack, where=~own & (lack >= 0)))[..., None]

    context = cosine_similarities(of_items, walks[..., n:, :])
    value = (short(of_items[..., n:]) + context_weight * short(context))[..., 0]
    total = jnp.sum(value, axis=-1, where=kept)
    mean = safe_divide(total, jnp.sum(kept, axis=-1, dtype=value.dtype))
    inside = jnp.all(~kept | ((index >= 0) & (index < count)), axis=-1)
    return jnp.where(inside, mean, jnp.nan)


def p2s_grad(
    embeddings: Float[ArrayLike, "*batch dim"],
    proxies: Float[ArrayLike, "classes dim"],
    labels: Int[ArrayLike, "*batch"],
) -> Float[Array, "*batch"]:
    """Reward a cosine of 1 with the proxy of the label and of 0 with the others; nothing to tune.

    Formula: with `c` the cosines with the proxies, the mean over the classes of `(c - 1)**2` for
    the label and `c**2` for the others.

    Args:
        proxies: one vector for each class.
        labels: class of each embedding.

    Returns:
        One value for each embedding.

    Example:
        >>> p2s_grad([[0.0, 2.0]], [[3.0, 0.0], [0.0, 1.0]], jnp.array([0]))
        Array([1.], dtype=float32)

    Reference: Zhang et al. 2019, arXiv:1905.02479; as a loss, Wang and Yamagishi 2021,
        arXiv:2103.11326.
    """
    view = View.of(embeddings, proxies, labels)
    target = one_hot(view.label, view.cosines.shape[-1]).astype(view.cosines.dtype)
    total = jnp.sum(jnp.square(view.cosines - target), axis=-1)
    return view.of_rows(total / max(target.shape[-1], 1))


def center(
    embeddings: Float[ArrayLike, "*batch dim"],
    centers: Float[ArrayLike, "classes dim"],
    labels: Int[ArrayLike, "*batch"],
) -> Float[Array, "*batch"]:
    """Reward being near to the centre of the label; added to a loss that tells labels apart.

    Formula: `sum((embedding - centers[label])**2) / 2`.

    Args:
        centers: one vector for each class, such as the state that `moved_centers` keeps.
        labels: class of each embedding.

    Returns:
        One value for each embedding.

    Example:
        >>> center([[1.0, 2.0]], [[0.0, 0.0], [1.0, 0.0]], jnp.array([1]))
        Array([2.], dtype=float32)

    Reference: Wen et al. 2016, doi:10.1007/978-3-319-46478-7_31.
    """
    items, vectors, index = proxied(embeddings, centers, labels, name="centers")
    own = jnp.take(vectors, index, axis=0, mode="clip")
    value = jnp.sum(jnp.square(items - own), axis=-1) / 2
    return known(value, index, vectors.shape[0])


def moved_centers(
    centers: Float[ArrayLike, "classes dim"],
    embeddings: Float[ArrayLike, "*batch dim"],
    labels: Int[ArrayLike, "*batch"],
    *,
    rate: ArrayLike = 0.5,
) -> Float[Array, "classes dim"]:
    """Move each centre towards the embeddings of its label: the state of `center` after a batch.

    Args:
        centers: the state.
        embeddings: of a batch.
        labels: class of each embedding; those out of range move nothing.
        rate: share of the way to their mean, were they many.

    Returns:
        The next state, `centers - rate * sum(centers - embedding) / (1 + count)` over the
        embeddings of each label.

    Example:
        >>> moved_centers([[0.0], [1.0]], [[2.0], [2.0], [2.0]], jnp.array([0, 0, 0]))
        Array([[0.75],
               [1.  ]], dtype=float32)

    Reference: Wen et al. 2016, doi:10.1007/978-3-319-46478-7_31.
    """
    items, vectors, index = proxied(embeddings, centers, labels, name="centers")
    (rate,) = hyperparameters(of_rows(vectors), rate=rate)
    own = one_hot(index.reshape(-1), vectors.shape[0]).astype(items.dtype)
    count = jnp.sum(own, axis=0)[:, None]
    total = own.T @ items.reshape(-1, items.shape[-1])
    moved = vectors - along(rate) * (count * vectors - total) / (1 + count)
    return lax.stop_gradient(moved)
