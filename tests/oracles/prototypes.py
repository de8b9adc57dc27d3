"""Losses of masked views that find prototypes, in float64."""

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, rel_entr

from tests.oracles.groups import balanced
from tests.oracles.loops import Array, real

X = npt.ArrayLike


def pmsn(
    student: X,
    teacher: X,
    prior: X,
    *,
    prior_weight: X = 1.0,
    student_temperature: X = 0.1,
    teacher_temperature: X = 0.025,
    iterations: int = 3,
) -> Array:
    """Assran 2023: the divergence of the mean prediction from a prior."""
    s, t, expected = real(student), real(teacher), real(prior)
    result = np.empty(s.shape[:-3])
    given = (prior_weight, student_temperature, teacher_temperature)
    levels = [np.broadcast_to(real(h), result.shape) for h in given]
    for index in np.ndindex(result.shape):
        weight, warm, cold = (float(h[index]) for h in levels)
        taught = np.exp([log_softmax(row / cold) for row in t[index]])
        codes = np.array(balanced(taught.tolist(), iterations))
        log_p = [[log_softmax(view / warm) for view in views] for views in s[index]]
        costs = [-(code @ row) for code, rows in zip(codes, log_p, strict=True) for row in rows]
        middle = np.exp(log_p).mean(axis=(0, 1))
        result[index] = np.mean(costs) + weight * rel_entr(middle, expected).sum()
    return result


def msn(
    student: X,
    teacher: X,
    *,
    entropy_weight: X = 1.0,
    student_temperature: X = 0.1,
    teacher_temperature: X = 0.025,
    iterations: int = 3,
) -> Array:
    """Assran 2022: against ones, the divergence is minus the entropy."""
    return pmsn(
        student,
        teacher,
        np.ones(real(student).shape[-1]),
        prior_weight=entropy_weight,
        student_temperature=student_temperature,
        teacher_temperature=teacher_temperature,
        iterations=iterations,
    )


def power_law(prototypes: int, *, exponent: X = 0.25) -> Array:
    """Assran 2023: shares of k^-exponent."""
    masses = np.array([k ** -float(real(exponent)) for k in range(1, prototypes + 1)])
    return masses / masses.sum()
