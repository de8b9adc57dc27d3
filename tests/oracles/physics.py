"""Equations of physics on functions of decimals, whose slopes are central differences."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy.typing as npt

from tests.oracles.loops import (
    ZERO,
    Array,
    mean,
    power,
    real,
    rows,
    squared_distance,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]
Function = Callable[..., Any]
STEP = Decimal("1e-12")


def _moved(x: Vector, place: int, step: Decimal) -> Vector:
    return [a + step * (i == place) for i, a in enumerate(x)]


def _slope(function: Function, x: Vector) -> Vector:
    """Gradient of a number, or the gradients of the entries of a vector one after another."""

    def difference(i: int) -> Vector:
        ahead, behind = (
            _vector(function(_moved(x, i, STEP))),
            _vector(function(_moved(x, i, -STEP))),
        )
        return [(a - b) / (2 * STEP) for a, b in zip(ahead, behind, strict=True)]

    return [entry for i in range(len(x)) for entry in difference(i)]


def _vector(value: Any) -> Vector:
    return value if isinstance(value, list) else [value]


def _squares(values: Any) -> Decimal:
    return total(a * a for a in _vector(values))


def _over(function: Function, *arrays: X, **hyper: X) -> Array:
    given = [real(array) for array in arrays]
    return rows(function, given[0].shape[:1], *given, **hyper)


def relative_lp(pred: X, target: X, *, p: X = 2.0) -> Array:
    """Li 2021."""

    def norm(x: Vector, p: Decimal) -> Decimal:
        return power(total(power(abs(a), p) for a in x), 1 / p)

    def value(x: Vector, t: Vector, p: Decimal) -> Decimal:
        size = norm(t, p)
        return norm([a - b for a, b in zip(x, t, strict=True)], p) / size if size else ZERO

    x, t = real(pred), real(target)
    return rows(value, x.shape[:-1], x, t, p=p)


def causal(residuals: X, *, eps: X = 1.0, held: tuple[X, ...] | None = None) -> Array:
    """Wang 2022: mean of w_i L_i, with w_i = exp(-eps sum of earlier L)."""

    def value(losses: Vector, fixed: Vector, eps: Decimal) -> Decimal:
        weights = [(-eps * total(fixed[:i])).exp() for i in range(len(fixed))]
        return mean([w * x for w, x in zip(weights, losses, strict=True)])

    losses = real(residuals)
    return rows(value, losses.shape[:-1], losses, real(held[0]) if held else losses, eps=eps)


def pde_residual(residual: Function, x: X) -> Array:
    """Raissi 2019."""
    return _over(lambda x: _squares(residual(x)), x)


def gpinn(residual: Function, x: X) -> Array:
    """Yu 2022."""
    return _over(lambda x: _squares(_slope(residual, x)), x)


def deep_ritz(field: Function, x: X, source: Function) -> Array:
    """E 2018: |grad u|^2 / 2 - f u."""
    return _over(lambda x: _squares(_slope(field, x)) / 2 - source(x) * field(x), x)


def sobolev(function: Function, x: X, target: X, slopes: X, *, slope_weight: X = 1.0) -> Array:
    """Czarnecki 2017."""
    return _over(
        lambda x, t, s, slope_weight: (
            (function(x) - t) ** 2 + slope_weight * squared_distance(_slope(function, x), s)
        ),
        x,
        target,
        slopes,
        slope_weight=slope_weight,
    )


def energy_force(
    energy: Function,
    positions: X,
    target: X,
    forces: X,
    *,
    energy_weight: X = 1.0,
    force_weight: X = 1.0,
) -> Array:
    """Schütt 2017, of the positions of the atoms one after another."""

    def value(
        r: list[Vector], t: Decimal, f: list[Vector], energy_weight: Any, force_weight: Any
    ) -> Decimal:
        flat = [a for atom in r for a in atom]
        push = [-a for a in _slope(energy, flat)]
        wrong = squared_distance(push, [a for atom in f for a in atom]) / len(r)
        return energy_weight * (energy(flat) - t) ** 2 + force_weight * wrong

    return _over(
        value, positions, target, forces, energy_weight=energy_weight, force_weight=force_weight
    )


def divergence_free(field: Function, x: X) -> Array:
    """The square of the sum of the slopes of each entry in its own direction."""
    return _over(lambda x: total(_slope(field, x)[:: len(x) + 1]) ** 2, x)


def hamiltonian(energy: Function, q: X, p: X, q_dot: X, p_dot: X) -> Array:
    """Greydanus 2019."""
    return _over(
        lambda q, p, v, f: (
            squared_distance(v, _slope(lambda p: energy(q, p), p))
            + squared_distance(f, [-a for a in _slope(lambda q: energy(q, p), q)])
        ),
        q,
        p,
        q_dot,
        p_dot,
    )


def lagrangian(function: Function, q: X, q_dot: X, q_dot_dot: X) -> Array:
    """Euler and Lagrange: d/dt dL/dv = dL/dq, the momentum by differences along the motion."""

    def momentum(q: Vector, v: Vector) -> Vector:
        return _slope(lambda v: function(q, v), v)

    def value(q: Vector, v: Vector, a: Vector) -> Decimal:
        step = Decimal("1e-6")
        ahead, behind = (
            momentum(
                [x + s * y for x, y in zip(q, v, strict=True)],
                [x + s * y for x, y in zip(v, a, strict=True)],
            )
            for s in (step, -step)
        )
        changed = [(x - y) / (2 * step) for x, y in zip(ahead, behind, strict=True)]
        return squared_distance(changed, _slope(lambda q: function(q, v), q))

    return _over(value, q, q_dot, q_dot_dot)
