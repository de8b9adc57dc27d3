"""Losses over some of many classes: by samples, or by clusters."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ZERO,
    Array,
    exact,
    in_play,
    integer,
    kept,
    log_softmax,
    log_sum_exp,
    real,
    rows,
    softplus,
)

X = npt.ArrayLike
Vector = list[Decimal]
Score = Callable[[int], Decimal]


def _scored(
    fn: Callable[[Score, int], Decimal], features: X, kernel: X, labels: X, bias: X | None
) -> Array:
    """Row by row, `fn(score, label)`, where `score(c)` is f · W_c + b_c."""
    f, columns = real(features), exact(real(kernel).T.tolist())
    offsets = [ZERO] * len(columns) if bias is None else exact(real(bias).tolist())

    def value(f: Vector, y: int) -> Decimal:
        if not 0 <= y < len(columns):
            return NAN

        def score(c: int) -> Decimal:
            products = (a * w for a, w in zip(f, columns[c], strict=True))
            return sum(products, ZERO) + offsets[c]

        return fn(score, y)

    return rows(value, f.shape[:-1], f, integer(labels))


def sampled_softmax(
    features: X, kernel: X, labels: X, *, sampled: X, log_q: X, bias: X | None = None
) -> Array:
    """Jean 2015: cross-entropy over the label and the samples, each logit less its log q."""
    draws, log_chances = integer(sampled).tolist(), exact(real(log_q).tolist())

    def value(score: Score, y: int) -> Decimal:
        candidates = [y] + [c for c in draws if c != y]
        adjusted = [score(c) - log_chances[c] for c in candidates]
        return log_sum_exp(adjusted) - adjusted[0]

    return _scored(value, features, kernel, labels, bias)


def noise_contrastive_estimation(
    features: X, kernel: X, labels: X, *, sampled: X, log_q: X, bias: X | None = None
) -> Array:
    """Gutmann & Hyvärinen 2010: the label is data, each of the k samples is noise."""
    draws, log_chances = integer(sampled).tolist(), exact(real(log_q).tolist())

    def value(score: Score, y: int) -> Decimal:
        if not draws:
            return ZERO
        log_count = Decimal(len(draws)).ln()
        gaps = [score(c) - (log_count + log_chances[c]) for c in (y, *draws)]
        return softplus(-gaps[0]) + sum((softplus(gap) for gap in gaps[1:]), ZERO)

    return _scored(value, features, kernel, labels, bias)


def negative_sampling(
    features: X, kernel: X, labels: X, *, sampled: X, bias: X | None = None
) -> Array:
    """Mikolov 2013: -log sigmoid(s_y) - Σ log sigmoid(-s_j)."""
    draws = integer(sampled).tolist()

    def value(score: Score, y: int) -> Decimal:
        return softplus(-score(y)) + sum((softplus(score(c)) for c in draws), ZERO)

    return _scored(value, features, kernel, labels, bias)


def adaptive_softmax(
    head_logits: X, tail_logits: Sequence[X], labels: X, *, where: X | None = None
) -> Array:
    """Grave 2017: a class of a cluster is reached through the cluster's gate in the head.

    `where` masks classes, counted as the labels are; a cluster without a class has no gate.
    """
    head, tails = real(head_logits), [real(tail) for tail in tail_logits]
    shortlist = head.shape[-1] - len(tails)
    classes = shortlist + sum(tail.shape[-1] for tail in tails)

    def value(head: Vector, y: int, keep: list[bool], *tails: Vector) -> Decimal:
        if not 0 <= y < classes:
            return NAN
        in_head, within, start, entry = keep[:shortlist], ZERO, shortlist, y
        for cluster, tail in enumerate(tails):
            in_tail = in_play(tail, keep[start : start + len(tail)])
            in_head.append(any(in_tail))
            if start <= y < start + len(tail):
                entry, within = shortlist + cluster, log_softmax(tail, in_tail)[y - start]
            start += len(tail)
        in_head = in_play(head, in_head)
        return -(log_softmax(head, in_head)[entry] + within) if any(in_head) else ZERO

    keep = kept(where, (*head.shape[:-1], classes))
    return rows(value, head.shape[:-1], head, integer(labels), keep, *tails)
