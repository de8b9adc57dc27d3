"""Steps of diffusion as divergences of the distributions themselves."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ZERO,
    Array,
    in_play,
    integer,
    log_softmax,
    mean,
    real as numbers,
    rows,
    total,
)

X = npt.ArrayLike


def learned_variance(pred: X, noise: X, fraction: X, log_snr: X, next_log_snr: X) -> Array:
    """KL of q(x_s | x_t, x_0) and N(μ, β^v β̃^(1-v)), a mean over the entries."""

    def value(
        p: list[Decimal], e: list[Decimal], v: list[Decimal], before: Decimal, after: Decimal
    ) -> Decimal:
        if before == after:
            return ZERO
        (a, s), (b, r) = (
            (level.exp() / (1 + level.exp()), 1 / (1 + level.exp())) for level in (before, after)
        )
        # of x_t = √(a / b) x_s + √beta noise
        beta = s - a / b * r
        true = beta * r / s
        values = []
        for x, y, share in zip(p, e, v, strict=True):
            variance = (share * beta.ln() + (1 - share) * true.ln()).exp()
            apart = b.sqrt() * beta / s * (s / a).sqrt() * (x - y)
            values.append((variance.ln() - true.ln() + (true + apart**2) / variance - 1) / 2)
        return mean(values)

    arrays = (numbers(array) for array in (pred, noise, fraction, log_snr, next_log_snr))
    return rows(value, np.shape(log_snr), *arrays)


def d3pm(logits: X, labels: X, arrival: X, before: X) -> Array:
    """KL of q(x_s | x_t, x_0) and the mixture of it over p(x_0), by Bayes' rule."""

    def value(z: list[Decimal], label: int, a: list[Decimal], b: list[list[Decimal]]) -> Decimal:
        count = range(len(z))
        if label not in count:
            return NAN
        p = [log_p.exp() for log_p in log_softmax(z, in_play(z))]
        true = [a[k] * b[label][k] for k in count]
        model = [a[k] * sum((p[i] * b[i][k] for i in count), ZERO) for k in count]
        if not sum(true):
            return ZERO
        pairs = [(x / sum(true), y / sum(model)) for x, y in zip(true, model, strict=True)]
        return total(x * (x / y).ln() for x, y in pairs if x)

    arrays = numbers(logits), integer(labels), numbers(arrival), numbers(before)
    return rows(value, np.shape(labels), *arrays)
