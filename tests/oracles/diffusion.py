"""Weighted errors of denoisers, from the papers' own weights, and conversions between them."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import ONE, ZERO, Array, elementwise, mean, real as numbers, rows

X = npt.ArrayLike
Vector = list[Decimal]
FAR = Decimal(100_000)


def _ratio(log_snr: Decimal) -> Decimal:
    """The signal-to-noise ratio; large, or small, for infinite levels."""
    return max(-FAR, min(FAR, log_snr)).exp()


def _of_noise(snr: Decimal, predicts: str) -> Decimal:
    """Squared error in the noise for an error of 1 in what is predicted.

    x = a x0 + s e: an error d in x0 is one of a d / s in e; one in v = a e - s x0 is one of s d in
    x0.
    """
    alpha2, sigma2 = snr / (1 + snr), 1 / (1 + snr)
    return {"noise": ONE, "data": alpha2 / sigma2, "velocity": alpha2}[predicts]


def prediction(
    pred: X, target: X, log_snr: X, *, predicts: str = "noise", log_weight: X = 0.0
) -> Array:
    """Kingma 2023: w(lambda) |e - e_hat|^2, a mean over the entries."""

    def value(p: Vector, t: Vector, level: Decimal, log_weight: Decimal) -> Decimal:
        error = mean([(a - b) ** 2 for a, b in zip(p, t, strict=True)])
        return log_weight.exp() * _of_noise(_ratio(level), predicts) * error

    given = numbers(pred)
    return rows(
        value,
        np.shape(log_snr),
        given,
        numbers(target),
        numbers(log_snr),
        log_weight=log_weight,
    )


def edm(pred: X, data: X, noise: X, sigma: X, *, sigma_data: X = 0.5) -> Array:
    """Karras 2022: lambda(sigma) |D(y + n) - y|^2; at 0 what that tends to."""

    def value(f: Vector, y: Vector, n: Vector, sigma: Decimal, spread: Decimal) -> Decimal:
        if sigma == 0:
            sigma = Decimal("1e-30")
        r2 = sigma**2 + spread**2
        skip, out = spread**2 / r2, sigma * spread / r2.sqrt()
        weight = r2 / (sigma * spread) ** 2
        denoised = [skip * (a + sigma * b) + out * c for a, b, c in zip(y, n, f, strict=True)]
        return weight * mean([(d - a) ** 2 for d, a in zip(denoised, y, strict=True)])

    arrays = (numbers(array) for array in (pred, data, noise, sigma))
    return rows(value, np.shape(sigma), *arrays, spread=sigma_data)


def edm_preconditioning(sigma: X, *, sigma_data: X = 0.5) -> tuple[Array, Array, Array, Array]:
    """Karras 2022, table 1: c_skip, c_out, c_in, c_noise."""
    formulas: list[Callable[[Decimal, Decimal], Decimal]] = [
        lambda s, d: d**2 / (s**2 + d**2),
        lambda s, d: s * d / (s**2 + d**2).sqrt(),
        lambda s, d: 1 / (s**2 + d**2).sqrt(),
        lambda s, d: s.ln() / 4,
    ]
    skip, out, scale, label = (elementwise(one, sigma, d=sigma_data) for one in formulas)
    return skip, out, scale, label


def convert(pred: X, x: X, alpha: X, sigma: X, *, given: str, to: str) -> Array:
    """Solve x = a x0 + s e (and v = a e - s x0) for what is wanted; 0 where it cannot be told."""

    def value(p: Decimal, x: Decimal, a: Decimal, s: Decimal) -> Decimal:
        if given == "noise":
            e, x0 = p, (x - s * p) / a if a else ZERO
        elif given == "data":
            e, x0 = (x - a * p) / s if s else ZERO, p
        else:
            size = a * a + s * s
            e, x0 = ((s * x + a * p) / size, (a * x - s * p) / size) if size else (ZERO, ZERO)
        score = -e / s if s else ZERO
        return {"noise": e, "data": x0, "velocity": a * e - s * x0, "score": score}[to]

    first = numbers(pred)
    trailing = first.ndim - np.ndim(alpha)
    a, s = (
        np.broadcast_to(numbers(y).reshape(*np.shape(y), *(1,) * trailing), first.shape)
        for y in (alpha, sigma)
    )
    return elementwise(value, first, x, a, s)


def scales(log_snr: X) -> tuple[Array, Array]:
    """Kingma 2021: alpha^2 = sigmoid(lambda), sigma^2 = sigmoid(-lambda)."""
    alpha = elementwise(lambda x: (_ratio(x) / (1 + _ratio(x))).sqrt(), log_snr)
    return alpha, elementwise(lambda x: (1 / (1 + _ratio(x))).sqrt(), log_snr)


def cosine_log_snr(t: X, *, highest: float = 15.0, lowest: float = -15.0) -> Array:
    """Kingma 2023: -2 log tan(t_min + t (t_max - t_min)), the ends where the bounds are."""
    begin, end = np.arctan(np.exp(-highest / 2)), np.arctan(np.exp(-lowest / 2))
    return numbers(-2 * np.log(np.tan(begin + numbers(t) * (end - begin))))


def _log_weight(of_data: Callable[..., Decimal], log_snr: X, **hyper: X) -> Array:
    """Logarithm of a weight on the error in the data, as one on that in the noise."""

    def value(level: Decimal, **chosen: Decimal) -> Decimal:
        snr = _ratio(level)
        return (of_data(snr, **chosen) / _of_noise(snr, "data")).ln()

    return elementwise(value, log_snr, **hyper)


def log_uniform_weight(log_snr: X, *, predicts: str = "noise") -> Array:
    """Salimans 2022: SNR, 1 and SNR + 1 on the data, for noise, data and velocity."""
    weights: dict[str, Callable[[Decimal], Decimal]] = {
        "noise": lambda snr: snr,
        "data": lambda snr: ONE,
        "velocity": lambda snr: snr + 1,
    }
    return _log_weight(weights[predicts], log_snr)


def log_truncated_snr_weight(log_snr: X) -> Array:
    """Salimans 2022: max(SNR, 1) on the data."""
    return _log_weight(lambda snr: max(snr, ONE), log_snr)


def log_min_snr_weight(log_snr: X, *, gamma: X = 5.0) -> Array:
    """Hang 2023: min(SNR, gamma) on the data."""
    return _log_weight(lambda snr, gamma: min(snr, gamma), log_snr, gamma=gamma)


def log_p2_weight(log_snr: X, *, gamma: X = 1.0, k: X = 1.0) -> Array:
    """Choi 2022: 1 / (k + SNR)^gamma on the noise."""
    return _log_weight(
        lambda snr, gamma, k: snr / ((k + snr).ln() * gamma).exp(), log_snr, gamma=gamma, k=k
    )


def log_sigmoid_weight(log_snr: X, *, bias: X = 2.0) -> Array:
    """Kingma 2023: sigmoid(b - lambda) on the noise."""
    return _log_weight(lambda snr, bias: snr / (1 + snr / bias.exp()), log_snr, bias=bias)


def log_edm_weight(log_snr: X, *, sigma_data: X = 0.5) -> Array:
    """Karras 2022: (sigma^2 + sigma_data^2) / (sigma sigma_data)^2 on the data."""
    return _log_weight(lambda snr, d: (1 / snr + d**2) / (d**2 / snr), log_snr, d=sigma_data)
