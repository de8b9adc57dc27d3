"""Log-probabilities of answers, token by token."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import NAN, ZERO, Array, integer, kept, mean, real, rows, total

X = npt.ArrayLike


def log_probs(logits: X, ids: X, *, where: X | None = None, over: str = "total") -> Array:
    """The sum or mean of log(exp(z_id) / sum exp(z)) over the answer; NaN for an unknown token."""

    def value(z: list[list[Decimal]], tokens: list[int], keep: list[bool]) -> Decimal:
        found = []
        for scores, token, k in zip(z, tokens, keep, strict=True):
            if k and not 0 <= token < len(scores):
                return NAN
            if k:
                exps = [x.exp() for x in scores]
                found.append((exps[token] / sum(exps, ZERO)).ln())
        return total(found) if over == "total" else mean(found)

    spoken = integer(ids)
    return rows(value, spoken.shape[:-1], real(logits), spoken, kept(where, spoken.shape))


def reduced(log_p: X, *, where: X | None = None, over: str = "total") -> Array:
    """The sum or mean over the answer."""

    def value(p: list[Decimal], keep: list[bool]) -> Decimal:
        found = [x for x, k in zip(p, keep, strict=True) if k]
        return total(found) if over == "total" else mean(found)

    given = real(log_p)
    return rows(value, given.shape[:-1], given, kept(where, given.shape))


def desensitized(log_p: X, shared: X, *, alpha: X = 0.5, where: X | None = None) -> Array:
    """Liu 2024, equation 10: all of the first l_p tokens, alpha of the others."""

    def value(p: list[Decimal], length: int, keep: list[bool], alpha: Decimal) -> Decimal:
        found = [x for x, k in zip(p, keep, strict=True) if k]
        return total(found[:length]) + alpha * total(found[length:])

    given = real(log_p)
    return rows(
        value, given.shape[:-1], given, integer(shared), kept(where, given.shape), alpha=alpha
    )


def confidence(log_p: X, log_collision: X, *, where: X | None = None) -> Array:
    """Zhou 2024, equation 4: exp(1/|y| sum log(pi / sum pi^2))."""

    def value(p: list[Decimal], q: list[Decimal], keep: list[bool]) -> Decimal:
        return mean([a - b for a, b, k in zip(p, q, keep, strict=True) if k]).exp()

    given = real(log_p), real(log_collision)
    return rows(value, given[0].shape[:-1], *given, kept(where, given[0].shape))
