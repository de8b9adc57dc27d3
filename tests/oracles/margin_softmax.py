"""Losses of the angles with the proxies of classes."""

from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.groups import PI, Vector, arccos, cos, of_scores, sin
from tests.oracles.loops import Array, cosine, dot

X = npt.ArrayLike


def _scored(
    own: Callable[..., Decimal],
    embeddings: X,
    proxies: X,
    labels: X,
    size: Callable[[Vector, Vector], Decimal],
    margin: X,
    scale: X,
) -> Array:
    """Scores `scale * size * cos(theta)`, but `own(theta)` for the label's cosine."""

    def scores(
        z: Vector, every: list[Vector], y: int, margin: Decimal, scale: Decimal
    ) -> list[Decimal]:
        found = [scale * size(z, p) * cosine(z, p) for p in every]
        theta = arccos(cosine(z, every[y]))
        found[y] = scale * size(z, every[y]) * own(theta, margin)
        return found

    return of_scores(scores, embeddings, proxies, labels, margin=margin, scale=scale)


def _length(z: Vector) -> Decimal:
    return dot(z, z).sqrt()


def _one(z: Vector, p: Vector) -> Decimal:
    return Decimal(1)


def normalized_softmax(embeddings: X, proxies: X, labels: X, *, temperature: X = 0.05) -> Array:
    """Wang 2017: the cross-entropy of cosines / temperature."""
    return of_scores(
        lambda z, every, y, temperature: [cosine(z, p) / temperature for p in every],
        embeddings,
        proxies,
        labels,
        temperature=temperature,
    )


def _psi(theta: Decimal, margin: Decimal) -> Decimal:
    k = int(margin * theta / PI)
    return (-1) ** k * cos(margin * theta) - 2 * k


def large_margin_softmax(
    embeddings: X, proxies: X, labels: X, *, margin: X = 4.0, scale: X = 1.0
) -> Array:
    """Liu 2016: |w| |x| psi(theta) for the label."""
    size = lambda z, p: _length(z) * _length(p)
    return _scored(_psi, embeddings, proxies, labels, size, margin, scale)


def sphereface(embeddings: X, proxies: X, labels: X, *, margin: X = 4.0, scale: X = 1.0) -> Array:
    """Liu 2017: |x| psi(theta) for the label."""
    size = lambda z, p: _length(z)
    return _scored(_psi, embeddings, proxies, labels, size, margin, scale)


def cosface(embeddings: X, proxies: X, labels: X, *, margin: X = 0.35, scale: X = 64.0) -> Array:
    """Wang 2018: cos(theta) - margin for the label."""
    own = lambda theta, margin: cos(theta) - margin
    return _scored(own, embeddings, proxies, labels, _one, margin, scale)


def _turned(theta: Decimal, margin: Decimal) -> Decimal:
    if theta + margin <= PI:
        return cos(theta + margin)
    return cos(theta) - margin * sin(margin)


def arcface(embeddings: X, proxies: X, labels: X, *, margin: X = 0.5, scale: X = 64.0) -> Array:
    """Deng 2019: cos(theta + margin) for the label, and what its authors do beyond pi."""
    return _scored(_turned, embeddings, proxies, labels, _one, margin, scale)


def subcenter_arcface(
    embeddings: X, proxies: X, labels: X, *, margin: X = 0.5, scale: X = 64.0
) -> Array:
    """Deng 2020: arcface with the nearest proxy of each class."""

    def scores(
        z: Vector, every: list[list[Vector]], y: int, margin: Decimal, scale: Decimal
    ) -> list[Decimal]:
        cosines = [max(cosine(z, p) for p in several) for several in every]
        found = [scale * c for c in cosines]
        found[y] = scale * _turned(arccos(cosines[y]), margin)
        return found

    return of_scores(scores, embeddings, proxies, labels, margin=margin, scale=scale)
