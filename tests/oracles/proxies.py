"""Losses of distances to the proxies of classes."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.groups import Vector, decimals, of_scores
from tests.oracles.loops import (
    NAN,
    ONE,
    ZERO,
    Array,
    cosine,
    exact,
    integer,
    kept,
    log_sum_exp,
    mean,
    real,
    rows,
    squared_distance,
    total,
)

X = npt.ArrayLike


def _apart(z: Vector, p: Vector) -> Decimal:
    """Squared distance of unit vectors, by their cosine."""
    return 2 - 2 * cosine(z, p)


def proxy_nca(embeddings: X, proxies: X, labels: X, *, temperature: X = 1.0) -> Array:
    """Movshovitz-Attias 2017, equation 4: the label's proxy is not in the denominator."""
    every = decimals(real(proxies))

    def value(z: Vector, y: int, temperature: Decimal) -> Decimal:
        if not 0 <= y < len(every):
            return NAN
        others = [-_apart(z, p) / temperature for j, p in enumerate(every) if j != y]
        return log_sum_exp(others) + _apart(z, every[y]) / temperature if others else ZERO

    z = real(embeddings)
    return rows(value, z.shape[:-1], z, integer(labels), temperature=temperature)


def proxy_nca_plus_plus(
    embeddings: X, proxies: X, labels: X, *, temperature: X = 0.1111111111111111
) -> Array:
    """Teh 2020, equation 6: a softmax of -d² / temperature."""
    return of_scores(
        lambda z, every, y, temperature: [-_apart(z, p) / temperature for p in every],
        embeddings,
        proxies,
        labels,
        temperature=temperature,
    )


def proxy_anchor(
    embeddings: X,
    proxies: X,
    labels: X,
    *,
    margin: X = 0.1,
    scale: X = 32.0,
    where: X | None = None,
) -> Array:
    """Kim 2020, equation 4."""
    every = decimals(real(proxies))

    def value(
        z: list[Vector], y: list[int], keep: list[bool], margin: Decimal, scale: Decimal
    ) -> Decimal:
        here = [i for i, k in enumerate(keep) if k]
        if any(not 0 <= y[i] < len(every) for i in here):
            return NAN
        near, far = [], []
        for j, p in enumerate(every):
            own = [scale * (margin - cosine(z[i], p)) for i in here if y[i] == j]
            others = [scale * (margin + cosine(z[i], p)) for i in here if y[i] != j]
            near += [log_sum_exp([ZERO, *own])] if own else []
            far.append(log_sum_exp([ZERO, *others]))
        return mean(near) + mean(far)

    z = real(embeddings)
    keep = kept(where, z.shape[:-1])
    return rows(value, z.shape[:-2], z, integer(labels), keep, margin=margin, scale=scale)


def soft_triple(
    embeddings: X,
    proxies: X,
    labels: X,
    *,
    margin: X = 0.01,
    scale: X = 20.0,
    gamma: X = 0.1,
) -> Array:
    """Qian 2019, equations 8 and 9."""

    def scores(
        z: Vector,
        every: list[list[Vector]],
        y: int,
        margin: Decimal,
        scale: Decimal,
        gamma: Decimal,
    ) -> list[Decimal]:
        found = []
        for several in every:
            cosines = [cosine(z, p) for p in several]
            weights = [(c / gamma).exp() for c in cosines]
            parts = total(w * c for w, c in zip(weights, cosines, strict=True))
            found.append(scale * parts / total(weights))
        found[y] -= scale * margin
        return found

    return of_scores(scores, embeddings, proxies, labels, margin=margin, scale=scale, gamma=gamma)


def manifold(
    embeddings: X,
    proxies: X,
    labels: X,
    *,
    alpha: X = 0.8,
    temperature: X = 0.5,
    margin: X = 5e-4,
    context_weight: X = 1.0,
    where: X | None = None,
) -> Array:
    """Aziere 2019: where random walks end, by the inverse of a matrix."""
    z, y, p = real(embeddings), integer(labels), real(proxies)
    keep = kept(where, y.shape)
    result = np.zeros(y.shape[:-1])
    given = (alpha, temperature, margin, context_weight)
    levels = [np.broadcast_to(real(h), result.shape) for h in given]
    for batch in np.ndindex(result.shape):
        here = [i for i in range(y.shape[-1]) if keep[(*batch, i)]]
        nodes = [exact(v.tolist()) for v in (*z[batch][here], *p)]
        share, heat, lead, weight = (float(h[batch]) for h in levels)
        s = np.array([[float(cosine(a, b)) for b in nodes] for a in nodes])
        s = np.exp(np.maximum(s, 0) / heat)
        np.fill_diagonal(s, 0)
        root = np.sqrt(s.sum(axis=1))
        f = (1 - share) * np.linalg.inv(np.eye(len(nodes)) - share * s / np.outer(root, root))
        ends = f[len(here) :]
        for place, i in enumerate(here):
            own = y[(*batch, i)]
            if not 0 <= own < len(p):
                result[batch] = np.nan
                continue
            sizes = np.linalg.norm(ends, axis=1) * np.linalg.norm(f[place])
            parts = ((f[place, len(here) :], 1.0), (ends @ f[place] / sizes, weight))
            for similar, part in parts:
                lacks = [similar[j] - similar[own] + lead for j in range(len(p)) if j != own]
                late = sum(np.exp(lack) for lack in lacks if lack >= 0)
                result[batch] += part * np.log(1 + late) / len(here)
    return result


def p2s_grad(embeddings: X, proxies: X, labels: X) -> Array:
    """Wang 2021: mean over the classes of (cosine - one-hot)²."""
    every = decimals(real(proxies))

    def value(z: Vector, y: int) -> Decimal:
        if not 0 <= y < len(every):
            return NAN
        targets = [ONE if j == y else ZERO for j in range(len(every))]
        return mean([(cosine(z, p) - t) ** 2 for p, t in zip(every, targets, strict=True)])

    z = real(embeddings)
    return rows(value, z.shape[:-1], z, integer(labels))


def center(embeddings: X, centers: X, labels: X) -> Array:
    """Wen 2016, equation 2: |x - c_y|² / 2."""
    every = decimals(real(centers))

    def value(z: Vector, y: int) -> Decimal:
        return squared_distance(z, every[y]) / 2 if 0 <= y < len(every) else NAN

    z = real(embeddings)
    return rows(value, z.shape[:-1], z, integer(labels))


def moved_centers(centers: X, embeddings: X, labels: X, *, rate: X = 0.5) -> Array:
    """Wen 2016, equation 4: c_j - rate Σ (c_j - x_i) / (1 + n_j)."""
    result, z, y = real(centers).copy(), real(embeddings), integer(labels)
    z = z.reshape(-1, z.shape[-1])
    for j, c in enumerate(real(centers)):
        own = z[y.reshape(-1) == j]
        result[j] = c - float(exact(float(rate))) * np.sum(c - own, axis=0) / (1 + len(own))
    return result
