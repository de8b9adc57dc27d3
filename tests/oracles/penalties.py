"""Penalties in float64 loops over arrays, and over functions by central differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

X = npt.ArrayLike
Array = npt.NDArray[np.float64]


def _sum(function: Callable[[float], float], w: X) -> float:
    return sum(function(float(x)) for x in np.ravel(w))


def l1(w: X) -> float:
    """Tibshirani 1996."""
    return _sum(abs, w)


def l2(w: X) -> float:
    """Half the sum of squares."""
    return _sum(lambda x: x * x / 2, w)


def elastic_net(w: X, *, l1_ratio: float = 0.5) -> float:
    """Zou 2005."""
    return l1_ratio * l1(w) + (1 - l1_ratio) * l2(w)


def group_lasso(w: X) -> float:
    """Yuan 2006, of columns."""
    return sum(np.sqrt(len(g)) * np.sqrt(sum(x * x for x in g)) for g in np.asarray(w).T)


def sparse_group_lasso(w: X, *, l1_ratio: float = 0.5) -> float:
    """Simon 2013."""
    return l1_ratio * l1(w) + (1 - l1_ratio) * group_lasso(w)


def hoyer(w: X) -> float:
    """Yang 2020: (sum |w|)^2 / sum w^2."""
    squares = _sum(lambda x: x * x, w)
    return l1(w) ** 2 / squares if squares else 0.0


def log_sum(w: X, *, eps: float = 1e-2) -> float:
    """Candès 2008."""
    return _sum(lambda x: np.log((abs(x) + eps) / eps), w)


def scad(w: X, *, threshold: float = 1.0, a: float = 3.7) -> float:
    """Fan 2001: the integral of their derivative, by many small steps."""
    return _sum(lambda x: _integral(lambda s: _scad_slope(s, threshold, a), abs(x)), w)


def _scad_slope(size: float, t: float, a: float) -> float:
    return t if size <= t else max(a * t - size, 0) / (a - 1)


def mcp(w: X, *, threshold: float = 1.0, gamma: float = 3.0) -> float:
    """Zhang 2010: the integral of (t - size / gamma)_+."""
    return _sum(lambda x: _integral(lambda s: max(threshold - s / gamma, 0), abs(x)), w)


def _integral(function: Callable[[float], float], end: float) -> float:
    """By the trapezoid rule, up to 1e-7."""
    steps = 20000
    width = end / steps
    inner = sum(function(width * i) for i in range(1, steps))
    return width * (inner + (function(0.0) + function(end)) / 2)


def stvs(w: X, *, gamma: float = 1.0) -> float:
    """Schreck 2015: the integral of the slope of a penalty that shrinks x to x - gamma^2 / x.

    Of the proximal operator p(v) = v - gamma^2 / v the inverse is v(x); the slope is v(x) - x.
    """

    def slope(x: float) -> float:
        return (x + np.sqrt(x * x + 4 * gamma * gamma)) / 2 - x

    return _sum(lambda x: _integral(slope, abs(x)), w)


def k_support(w: X, *, k: int) -> float:
    """Argyriou 2012: the least of sum w_i^2 / t_i / 2 over t in [0, 1] that add up to k.

    At the least t_i = min(1, |w_i| / level): the level is found by halving.
    """
    sizes = [abs(float(x)) for x in np.ravel(w) if x]
    if len(sizes) <= k:
        return l2(w)
    low, high = 0.0, sum(sizes)
    for _ in range(200):
        level = (low + high) / 2
        full = sum(min(1.0, x / level) for x in sizes) > k
        low, high = (level, high) if full else (low, level)
    return sum(x * x / min(1.0, x / high) for x in sizes) / 2


def l0(w: X, *, temperature: float = 2 / 3, lower: float = -0.1, upper: float = 1.1) -> float:
    """Louizos 2018: the chance that the stretched concrete variable is above 0."""

    def chance(log_alpha: float) -> float:
        # sigmoid((logit(u) + log_alpha) / beta) (upper - lower) + lower > 0
        share = -lower / (upper - lower)
        logit = temperature * np.log(share / (1 - share)) - log_alpha
        return 1 - 1 / (1 + np.exp(-logit))

    return _sum(chance, w)


def hard_concrete(
    log_alpha: X, *, temperature: float = 2 / 3, lower: float = -0.1, upper: float = 1.1
) -> Array:
    """Louizos 2018: the gates for testing, which have no temperature."""

    def gate(x: float) -> float:
        return min(1.0, max(0.0, lower + (upper - lower) / (1 + np.exp(-x))))

    return np.vectorize(gate)(np.asarray(log_alpha, np.float64))


def l2_sp(w: X, anchor: X) -> float:
    """Li 2018."""
    return l2(np.asarray(w, np.float64) - np.asarray(anchor, np.float64))


def ewc(w: X, anchor: X, importance: X) -> float:
    """Kirkpatrick 2017."""
    rows = zip(np.ravel(w), np.ravel(anchor), np.ravel(importance), strict=True)
    return sum(f * (x - y) ** 2 / 2 for x, y, f in rows)


def path_integral(path: X, grads: X, updates: X) -> Array:
    """Zenke 2017: what is summed up is -g dw."""
    rows = zip(np.ravel(path), np.ravel(grads), np.ravel(updates), strict=True)
    return np.reshape([p - g * u for p, g, u in rows], np.shape(path))


def synaptic_importance(path: X, w: X, anchor: X, *, damping: float = 0.1) -> Array:
    """Zenke 2017: omega / (distance^2 + xi)."""
    rows = zip(np.ravel(path), np.ravel(w), np.ravel(anchor), strict=True)
    return np.reshape([p / ((x - y) ** 2 + damping) for p, x, y in rows], np.shape(path))


def nuclear(w: X) -> float:
    """Sum of the roots of the eigenvalues of the Gram matrix."""
    w = np.asarray(w, np.float64)
    return float(np.sum(np.sqrt(np.clip(np.linalg.eigvalsh(w.T @ w), 0, None))))


def spectral(w: X) -> float:
    """Half the largest eigenvalue of the Gram matrix."""
    w = np.asarray(w, np.float64)
    return float(np.max(np.linalg.eigvalsh(w.T @ w))) / 2


def srip(w: X) -> float:
    """Bansal 2018: the largest |eigenvalue| of the Gram matrix less the identity."""
    w = np.asarray(w, np.float64)
    return float(np.max(np.abs(np.linalg.eigvalsh(w.T @ w - np.eye(w.shape[1])))))


def _products(w: X) -> list[tuple[int, int, float]]:
    columns = np.asarray(w, np.float64).T
    return [
        (i, j, sum(a * b for a, b in zip(x, y, strict=True)))
        for i, x in enumerate(columns)
        for j, y in enumerate(columns)
    ]


def orthogonality(w: X) -> float:
    """Brock 2017."""
    return sum((p - (i == j)) ** 2 for i, j, p in _products(w))


def double_orthogonality(w: X) -> float:
    """Bansal 2018."""
    return orthogonality(w) + orthogonality(np.asarray(w).T)


def mutual_coherence(w: X) -> float:
    """Bansal 2018."""
    return max(abs(p - (i == j)) for i, j, p in _products(w))


def cosine_orthogonality(w: X) -> float:
    """Keras: the mean |cosine| over pairs of columns."""
    size = {i: np.sqrt(p) for i, j, p in _products(w) if i == j}
    cosines = [abs(p) / (size[i] * size[j]) for i, j, p in _products(w) if i < j]
    return sum(cosines) / len(cosines)


def kl_sparsity(h: X, *, rate: float = 0.05) -> Array:
    """Ng 2011."""
    q = np.mean(np.asarray(h, np.float64), axis=0)
    return rate * np.log(rate / q) + (1 - rate) * np.log((1 - rate) / (1 - q))


def decov(h: X) -> float:
    """Cogswell 2016, from the covariance of each pair of units."""
    h = np.asarray(h, np.float64)
    n, d = h.shape
    means = [sum(h[:, i]) / n for i in range(d)]
    value = 0.0
    for i in range(d):
        for j in range(d):
            c = sum((h[k, i] - means[i]) * (h[k, j] - means[j]) for k in range(n)) / n
            value += c * c / 2 if i != j else 0
    return value


def entropy(z: X) -> Array:
    """Of the softmax of each row."""
    p = np.exp(np.asarray(z, np.float64))
    p = p / p.sum(-1, keepdims=True)
    return np.array([-sum(x * np.log(x) for x in row if x > 0) for row in p])


def spectral_decoupling(z: X) -> Array:
    """Pezeshki 2021."""
    return np.array([sum(x * x for x in row if np.isfinite(x)) / 2 for row in np.asarray(z)])


def temporal_activation(h: X) -> float:
    """Merity 2017."""
    h = np.asarray(h, np.float64)
    steps = [(h[t + 1, i] - h[t, i]) ** 2 for t in range(len(h) - 1) for i in range(h.shape[1])]
    return sum(steps) / len(steps) if steps else 0.0


def graph_laplacian(f: X, weights: X) -> float:
    """Belkin 2006: trace(f^T (D - W) f)."""
    f, w = np.asarray(f, np.float64), np.asarray(weights, np.float64)
    return float(np.trace(f.T @ (np.diag(w.sum(1)) - w) @ f))


def center_invariant(w: X) -> Array:
    """Wu 2017."""
    lengths = [sum(x * x for x in row) for row in np.asarray(w, np.float64)]
    return np.array([(n - sum(lengths) / len(lengths)) ** 2 / 4 for n in lengths])


def _cosine(x: Any, y: Any) -> float:
    size = np.sqrt(np.dot(x, x) * np.dot(y, y))
    return np.dot(x, y) / size if size else 0.0


def regular_face(w: X) -> Array:
    """Zhao 2019."""
    w = np.asarray(w, np.float64)
    return np.array(
        [max(_cosine(x, y) for j, y in enumerate(w) if j != i) for i, x in enumerate(w)]
    )


def sparse_centers(centers: X) -> float:
    """Qian 2019, divided as PML divides: by twice the number of pairs."""
    centers = np.asarray(centers, np.float64)
    pairs = [
        np.sqrt(2 - 2 * _cosine(x, y))
        for group in centers
        for i, x in enumerate(group)
        for y in group[i + 1 :]
    ]
    return sum(pairs) / (2 * len(pairs))


def zero_mean(w: X) -> Array:
    """PML."""
    return np.array([abs(sum(row)) for row in np.asarray(w, np.float64)])


def demographic_parity(scores: X, group: X) -> float:
    """Zafar 2017."""
    scores, group = np.asarray(scores, np.float64), np.asarray(group)
    if group.all() or not group.any():
        return 0.0
    return float(abs(np.mean(scores[group]) - np.mean(scores[~group])))


def equalized_odds(scores: X, target: X, group: X) -> float:
    """Hardt 2016."""
    scores, target, group = np.asarray(scores), np.asarray(target), np.asarray(group)
    return sum(demographic_parity(scores[y], group[y]) for y in (target, ~target))


def covariance(scores: X, group: X) -> float:
    """Zafar 2017."""
    scores, group = np.asarray(scores, np.float64), np.asarray(group, np.float64)
    return float(abs(np.mean((group - np.mean(group)) * scores)))


def lipschitz(bounds: X) -> float:
    """Liu 2022: the product of softplus(c)."""
    value = 1.0
    for c in np.ravel(bounds):
        value *= np.log(1 + np.exp(c))
    return value


def bounded(kernel: X, bound: X) -> Array:
    """Liu 2022: each output's weights by min(1, softplus(c) / their absolute sum)."""
    most = lipschitz(bound)
    columns = np.asarray(kernel, np.float64).T
    return np.stack([c * min(1.0, most / max(l1(c), 1e-300)) for c in columns], axis=-1)


Function = Callable[[Array], Array]


def contractive(function: Function, x: X) -> Array:
    """Rifai 2011."""
    return np.array([np.sum(jacobian_of(function, row) ** 2) for row in np.asarray(x, np.float64)])


def jacobian(function: Function, x: X) -> Array:
    """Hoffman 2019: what it is on average, half the square of the Frobenius norm."""
    return contractive(function, x) / 2


def input_gradient(loss: Function, x: X) -> Array:
    """Drucker 1992."""
    return contractive(lambda row: np.atleast_1d(loss(row)), x)


def curvature(loss: Function, x: X, *, step: float = 1.5) -> Array:
    """Moosavi-Dezfooli 2019: ||g(x + h z) - g(x)||^2 with z = sign g / ||sign g||."""

    def value(row: Array) -> float:
        g = jacobian_of(lambda y: np.atleast_1d(loss(y)), row)[0]
        size = np.sqrt(np.count_nonzero(g))
        there = row + step * np.sign(g) / size if size else row
        return np.sum((jacobian_of(lambda y: np.atleast_1d(loss(y)), there)[0] - g) ** 2)

    return np.array([value(row) for row in np.asarray(x, np.float64)])


def jacobian_of(function: Function, x: Array) -> Array:
    """Slopes of each output in each input, by central differences."""
    columns = [(function(x + step) - function(x - step)) / 2e-6 for step in 1e-6 * np.eye(len(x))]
    return np.stack(columns, axis=-1)
