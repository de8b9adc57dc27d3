"""Regions and patches of images that agree from view to view.

A view is a set of vectors, on the axis before the features: of regions that masks pool, or of
patches. Which of one view belong to which of another is told by labels, by the place in the image,
by likeness, or not at all.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import along, hyperparameters, indices, mask, of_rows, promote
from jaxloss.core.numerics import normalize, safe_divide
from jaxloss.core.pairs import gram, inner_products, items_at, relative, same_label
from jaxloss.core.teacher import taught
from jaxloss.losses.contrastive import vicreg


def detcon(
    pred: Float[ArrayLike, "*batch n dim"],
    own: Float[ArrayLike, "*batch n dim"],
    other: Float[ArrayLike, "*batch m dim"],
    labels: Int[ArrayLike, "*batch n"],
    other_labels: Int[ArrayLike, "*batch m"],
    *,
    temperature: ArrayLike = 0.1,
) -> Float[Array, "*batch n"]:
    """Reward a region for scoring the same region in another view above all others (DetCon).

    Formula: with `s = pred @ other.T / temperature`, `r = pred @ own.T / temperature` and `p` the
    regions of the other view with the label of `i`, `mean_p(log(sum_j(exp(s[i, j]))
    + sum_k(exp(r[i, k]))) - s[i, p]) / count[i]` over all `j`, and `k` of other labels; `count` is
    how many regions of the own view have the label. 0 for a region that the other view lacks.

    Scores are inner products of the rows as they are given: bring these to unit length with
    `jaxloss.numerics.normalize` where cosines are wanted, for which the default is made. Call it
    with the views exchanged for the other half.

    Args:
        pred: regions of all images of a batch in one view.
        own: the same regions: `pred` itself (DetConS), or what a target network makes of them,
            which should be held constant (DetConB).
        other: regions in another view, of the network of `own`.
        labels: of the regions of `pred`, the same for no two images; they are only compared.
        other_labels: of the regions of `other`.
        temperature: what scores are divided by.

    Returns:
        One value for each region of `pred`.

    Example:
        >>> regions = [[1.0, 0.0], [0.0, 1.0]]
        >>> detcon(regions, regions, regions, [0, 1], [0, 2], temperature=1.0)
        Array([0.5514, 0.    ], dtype=float32)

    Reference: Hénaff et al. 2021, arXiv:2103.10957.
    """
    pred, own, other = promote(pred=pred, own=own, other=other)
    fits = pred.ndim > 1 and own.shape == pred.shape and other.ndim == pred.ndim
    if not fits or (*other.shape[:-2], other.shape[-1]) != (*pred.shape[:-2], pred.shape[-1]):
        raise ValueError(
            "expected `pred` and `own` of shape (*batch, n, dim) and `other` of shape "
            f"(*batch, m, dim), got {pred.shape}, {own.shape} and {other.shape}"
        )
    name = indices("labels", labels, pred.shape[:-1], None, f", for `pred` {pred.shape}")
    names = indices("other_labels", other_labels, other.shape[:-1], None, f", for {other.shape}")
    across, within = same_label(name, names), same_label(name, name)
    (temperature,) = hyperparameters(of_rows(pred), temperature=temperature)
    scores = jnp.concatenate([inner_products(pred, other), inner_products(pred, own)], axis=-1)
    rivals = jnp.concatenate([jnp.ones_like(across), ~within], axis=-1)
    moved, log_z, _ = relative(scores, 1 / temperature, rivals)
    count, twins = (jnp.sum(z, axis=-1, dtype=pred.dtype) for z in (across, within))
    partners = jnp.where(across, moved[..., : other.shape[-2]], 0)
    lack = jnp.where(count > 0, log_z, 0) - safe_divide(jnp.sum(partners, axis=-1), count)
    return safe_divide(lack, twins)


def vicregl(
    x: Float[ArrayLike, "*batch n patches dim"],
    y: Float[ArrayLike, "*batch n others dim"],
    x_places: Float[ArrayLike, "*batch n patches axes"],
    y_places: Float[ArrayLike, "*batch n others axes"],
    *,
    matches: int = 20,
    invariance_weight: ArrayLike = 25.0,
    variance_weight: ArrayLike = 25.0,
    covariance_weight: ArrayLike = 1.0,
    gamma: ArrayLike = 1.0,
    eps: ArrayLike = 1e-4,
) -> Float[Array, "*batch"]:
    """Reward patches for agreeing with those of another view that match them (VICRegL).

    Formula: `mean(vicreg(*nearest(x, y, by=places))) + mean(vicreg(*nearest(x, y, by=features)))`
    over the matches, with `nearest` as in `nearest_matches`. Call it with the views exchanged for
    the other half; the paper adds `contrastive.vicreg` of whole images.

    Args:
        x: patches of each image of a batch in one view.
        y: patches in another view.
        x_places: where the patches of `x` are in the image.
        y_places: where the patches of `y` are.
        matches: how many are compared, the nearest of all; those of all patches if there are fewer.
        invariance_weight: of `contrastive.vicreg`, as are the rest.
        variance_weight: weight of features that vary too little.
        covariance_weight: weight of `contrastive.covariance_penalty`.
        gamma: standard deviation that is asked for.
        eps: added to the variance under the root.

    Returns:
        One value for each batch of images.

    Example:
        >>> x, y, grid = [[[0.0]], [[2.0]]], [[[1.0]], [[2.0]]], [[[0.0]], [[0.0]]]
        >>> vicregl(x, y, grid, grid, variance_weight=0.0)
        Array(25., dtype=float32)

    Reference: Bardes et al. 2022, arXiv:2210.01571.
    """
    x, y, x_places, y_places = _patches(x, y, x_places, y_places)
    like = of_rows(of_rows(of_rows(x)))
    levels = {
        "invariance_weight": invariance_weight,
        "variance_weight": variance_weight,
        "covariance_weight": covariance_weight,
        "gamma": gamma,
        "eps": eps,
    }
    # Those of sets, for each of their matches.
    each = [along(level) for level in hyperparameters(like, **levels)]
    hyper = dict(zip(levels, each, strict=True))
    by_place = _nearest(x, y, x_places, y_places, matches)
    by_likeness = _nearest(x, y, x, y, matches)
    # Items of a batch are the images, for each match.
    one, two = (
        jnp.swapaxes(jnp.concatenate(found, axis=-2), -2, -3)
        for found in zip(by_place, by_likeness, strict=True)
    )
    values = vicreg(one, two, **hyper)
    return 2 * jnp.sum(values, axis=-1) / max(values.shape[-1], 1)


def nearest_matches(
    x: Float[ArrayLike, "*batch n patches dim"],
    y: Float[ArrayLike, "*batch n others dim"],
    x_keys: Float[ArrayLike, "*batch n patches axes"],
    y_keys: Float[ArrayLike, "*batch n others axes"],
    *,
    matches: int = 20,
) -> tuple[Float[Array, "*batch n matches dim"], Float[Array, "*batch n matches dim"]]:
    """Find the nearest patch of `y` for each of `x`, and keep the nearest pairs.

    Args:
        x: patches of each image in one view.
        y: patches in another view.
        x_keys: by which the patches of `x` are compared, their places or their features.
        y_keys: by which those of `y` are.
        matches: how many pairs are kept, at most as many as there are patches in `x`.

    Returns:
        Patches of `x` and their partners in `y`, the nearest pair first. Which they are carries no
        derivative.

    Example:
        >>> x, y = [[[0.0], [1.0]]], [[[1.25], [3.0]]]
        >>> nearest_matches(x, y, x, y, matches=1)[0]
        Array([[[1.]]], dtype=float32)

    Reference: Bardes et al. 2022, arXiv:2210.01571.
    """
    x, y, x_keys, y_keys = _patches(x, y, x_keys, y_keys)
    return _nearest(x, y, x_keys, y_keys, matches)


def kernel_alignment(
    features: Float[ArrayLike, "*batch n dim"],
    teacher_features: Float[ArrayLike, "*batch n other"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a student for relating patches to each other as its teacher does (PaKA, CKA).

    Formula: with `K` and `L` the inner products of the patches of student and teacher, less their
    means over the patches, `1 - sum(K * L) / (norm(K) * norm(L))`; 1 where the patches of one of
    them are all the same, and 0 for fewer than two. Lengths and rotations of features play no part.

    Args:
        features: of the student.
        teacher_features: of the teacher, of any size; held constant.
        where: patches that take part.

    Returns:
        One value for each image, from 0 to 1.

    Example:
        >>> kernel_alignment([[0.0], [1.0], [2.0]], [[1.0], [2.0], [1.0]])
        Array(1., dtype=float32)

    Reference: Kornblith et al. 2019, arXiv:1905.00414; of patches, Yeo et al. 2025,
        arXiv:2509.05606.
    """
    given = {"features": features, "teacher_features": teacher_features}
    student, teacher = taught(2, "n, dim", **given)
    kept = mask(where, jnp.zeros(student.shape[:-1], bool))
    one, two = (_centered_kernel(x, kept) for x in (student, teacher))
    # One less the cosine of unit vectors is half their squared distance, which cancels nothing.
    alive = jnp.any(one != 0, axis=-1) & jnp.any(two != 0, axis=-1)
    value = jnp.where(alive, jnp.sum(jnp.square(one - two), axis=-1) / 2, 1)
    return jnp.where(jnp.sum(kept, axis=-1) > 1, value, 0)


def _centered_kernel(x: Array, kept: Array) -> Float[Array, "*batch pairs"]:
    """Inner products of items less the mean of those kept, as one vector of unit length."""
    there = kept[..., None]
    count = jnp.sum(there, axis=-2, keepdims=True, dtype=x.dtype)
    # Moved by one of the items first, so that what they all share is exactly 0.
    shift = jnp.max(lax.stop_gradient(x), axis=-2, keepdims=True, where=there, initial=-jnp.inf)
    shifted = jnp.where(there, x - jnp.where(count > 0, shift, 0), 0)
    mean = safe_divide(jnp.sum(shifted, axis=-2, keepdims=True), count)
    kernel = gram(jnp.where(there, shifted - mean, 0))
    return normalize(kernel.reshape(*kernel.shape[:-2], kernel.shape[-1] ** 2))


def _patches(x: ArrayLike, y: ArrayLike, x_keys: ArrayLike, y_keys: ArrayLike) -> list[Array]:
    """Check patches of two views, and what they are compared by."""
    given = promote(x=x, y=y, x_keys=x_keys, y_keys=y_keys)
    one, two, keys, other_keys = given
    if (
        one.ndim < 3
        or any(
            (*a.shape[:-2], a.shape[axis]) != (*b.shape[:-2], b.shape[axis]) or a.ndim != b.ndim
            for a, b, axis in ((one, two, -1), (one, keys, -2), (two, other_keys, -2))
        )
        or keys.shape[-1] != other_keys.shape[-1]
    ):
        shapes = ", ".join(str(array.shape) for array in given)
        raise ValueError(
            "expected `x`, `y` of shape (*batch, n, patches, dim), and what they are compared by, "
            "`x_places`, `y_places` or `x_keys`, `y_keys`, of shape (*batch, n, patches, axes), "
            f"got {shapes}"
        )
    return given


def _nearest(x: Array, y: Array, x_keys: Array, y_keys: Array, matches: int) -> tuple[Array, Array]:
    if 0 in (*x.shape[-2:], y.shape[-2]):
        return x[..., :0, :], y[..., :0, :]
    keys, other_keys = lax.stop_gradient((x_keys, y_keys))
    apart = keys[..., :, None, :] - other_keys[..., None, :, :]
    distance = jnp.sum(jnp.square(apart), axis=-1)
    partner = jnp.argmin(distance, axis=-1)
    order = jnp.argsort(jnp.min(distance, axis=-1), axis=-1)[..., :matches]
    partner = jnp.take_along_axis(partner, order, axis=-1)
    return items_at(x, order), items_at(y, partner)
