"""Entropic transport: the dual of the linear program by Newton's method, from Sinkhorn's plan."""

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, real

X = npt.ArrayLike


def _masses(weights: X | None, shape: tuple[int, ...], share: bool) -> Array:
    """Shares of weights; as masses, they are even shares only where none are given."""
    count = max(shape[-1], 1)
    given = np.broadcast_to(real(1.0 if weights is None else weights), shape)
    if weights is None:
        return given / count
    total = given.sum(axis=-1, keepdims=True)
    return given / np.where(total > 0, total, 1) if share else given


def _soft_least(values: Array, masses: Array, epsilon: float) -> Array:
    """-ε log Σ_j m_j exp(v_j / ε), for each row of values."""
    top = values.max(axis=-1, keepdims=True)
    total = np.sum(masses * np.exp((values - top) / epsilon), axis=-1)
    return -epsilon * np.log(total) - top[..., 0]


def _transport(cost: Array, a: Array, b: Array, epsilon: float, reach: float) -> float:
    """Cuturi 2013, Chizat 2018: the value of the dual at its maximum; 0 of nothing."""
    if not (np.isfinite(cost).all() and np.isfinite(a).all() and np.isfinite(b).all()):
        return np.nan
    rows, columns = a > 0, b > 0
    if not rows.any() or not columns.any():
        return 0.0
    cost, a, b = cost[np.ix_(rows, columns)], a[rows], b[columns]
    f, g = np.zeros(len(a)), np.zeros(len(b))
    heat = max(epsilon, np.abs(cost).max())

    def sweep(f: Array, g: Array, heat: float) -> tuple[Array, Array]:
        damping = 1 / (1 + heat / reach)
        f = damping * _soft_least(g[None, :] - cost, b, heat)
        return f, damping * _soft_least((f[:, None] - cost).T, a, heat)

    while True:
        for _ in range(8):
            f, g = sweep(f, g, heat)
        if heat == epsilon:
            break
        heat = max(epsilon, heat / 2)

    def plan(f: Array, g: Array) -> Array:
        with np.errstate(over="ignore"):
            return a[:, None] * b * np.exp((f[:, None] + g - cost) / epsilon)

    def excess(f: Array, g: Array) -> Array:
        moved = plan(f, g)
        with np.errstate(over="ignore"):
            wanted = np.concatenate([a * np.exp(-f / reach), b * np.exp(-g / reach)])
        return np.concatenate([moved.sum(1), moved.sum(0)]) - wanted

    for _ in range(200):
        moved, lack = plan(f, g), excess(f, g)
        worst = float(lack @ lack)
        if worst < 1e-30:
            break
        slope = np.diag(np.concatenate([moved.sum(1), moved.sum(0)])) / epsilon
        slope[: len(a), len(a) :] = moved / epsilon
        slope[len(a) :, : len(a)] = moved.T / epsilon
        slope += np.diag(np.concatenate([a * np.exp(-f / reach), b * np.exp(-g / reach)])) / reach
        step = np.linalg.lstsq(slope, lack, rcond=1e-14)[0]
        # Newton's step as far as it helps; where it does not, a sweep of Sinkhorn's.
        for part in 0.5 ** np.arange(12):
            new_f, new_g = f - part * step[: len(a)], g - part * step[len(a) :]
            left = excess(new_f, new_g)
            if float(left @ left) < worst:
                f, g = new_f, new_g
                break
        else:
            f, g = sweep(f, g, epsilon)

    def kept(potential: Array, masses: Array) -> float:
        if np.isinf(reach):
            return float(masses @ potential)
        return float(masses @ (-reach * np.expm1(-potential / reach)))

    return kept(f, a) + kept(g, b) - epsilon * float(plan(f, g).sum() - a.sum() * b.sum())


def _each(cost: Array, a: Array, b: Array, epsilon: X, reach: X) -> Array:
    batch = cost.shape[:-2]
    epsilon, reach = (np.broadcast_to(real(x), batch) for x in (epsilon, reach))
    result = np.empty(batch)
    for i in np.ndindex(batch):
        result[i] = _transport(cost[i], a[i], b[i], float(epsilon[i]), float(reach[i]))
    return result


def entropic(
    cost: X,
    *,
    epsilon: X = 1.0,
    row_weights: X | None = None,
    column_weights: X | None = None,
) -> Array:
    c = real(cost)
    a = _masses(row_weights, c.shape[:-1], share=True)
    b = _masses(column_weights, (*c.shape[:-2], c.shape[-1]), share=True)
    return _each(c, a, b, epsilon, np.inf)


def unbalanced(
    cost: X,
    *,
    epsilon: X = 1.0,
    reach: X = 1.0,
    row_weights: X | None = None,
    column_weights: X | None = None,
) -> Array:
    c = real(cost)
    a = _masses(row_weights, c.shape[:-1], share=False)
    b = _masses(column_weights, (*c.shape[:-2], c.shape[-1]), share=False)
    return _each(c, a, b, epsilon, reach)


def _squares(x: Array, y: Array) -> Array:
    return np.sum((x[..., :, None, :] - y[..., None, :, :]) ** 2, axis=-1)


def divergence(
    x: X,
    y: X,
    *,
    epsilon: X = 1.0,
    reach: X | None = None,
    x_weights: X | None = None,
    y_weights: X | None = None,
) -> Array:
    """Feydy 2019, Séjourné 2019: OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2 + ε (Σa - Σb)² / 2."""
    x, y = real(x), real(y)
    share, price = reach is None, np.inf if reach is None else reach
    a = _masses(x_weights, x.shape[:-1], share)
    b = _masses(y_weights, y.shape[:-1], share)
    across = _each(_squares(x, y), a, b, epsilon, price)
    of_x, of_y = (_each(_squares(z, z), w, w, epsilon, price) for z, w in ((x, a), (y, b)))
    value = across - (of_x + of_y) / 2
    some = (a.sum(axis=-1) > 0) & (b.sum(axis=-1) > 0)
    uneven = 0.0 if share else real(epsilon) * (a.sum(axis=-1) - b.sum(axis=-1)) ** 2 / 2
    return np.where(some, value + uneven, 0.0)


def monge_gap(x: X, mapped: X, *, epsilon: X = 1.0) -> Array:
    """Uscidda & Cuturi 2023: what a map pays beyond what need be paid."""
    x, y = real(x), real(mapped)
    paid = np.sum((x - y) ** 2, axis=(-2, -1)) / max(x.shape[-2], 1)
    return paid - entropic(_squares(x, y), epsilon=epsilon)
