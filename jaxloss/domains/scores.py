"""What losses of scores, vectors and labels read: rows that do not know of each other."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    bits,
    copy_target,
    fixed,
    floats,
    labels,
    log_simplex,
    normal,
    pairs_of,
    positive,
    signs,
    simplex,
    uniform,
)

_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_CHOICES = np.array([1, 4], np.int32)
_RIVALS = np.array([3, 2], np.int32)


_REAL_EDGES = {
    "both zero": fixed(_ZEROS, _ZEROS),
    "equal": fixed(_ONES, _ONES),
    "zero prediction": fixed(_ZEROS, _ONES),
    "zero target": fixed(_ONES, _ZEROS),
    "huge": fixed(_HUGE, -_HUGE),
    "huge and equal": fixed(_HUGE, _HUGE),
    "one apart": fixed(_ONES, _ZEROS),
}


def _with(*target: Any) -> dict[str, Callable[[Generator], Arguments]]:
    """Edges of scores against one kind of target."""
    return {
        "zero scores": fixed(_ZEROS, *target),
        "tied scores": fixed(_ONES, *target),
        "huge scores": fixed(_HUGE, *target),
        "huge reversed scores": fixed(-_HUGE, *target),
    }


_MINUS_INFINITY = floats(np.array([[0.0, 1.0, -np.inf, 2.0, -np.inf], [-np.inf, 0, 3, -np.inf, 1]]))
_ALL_OUT = np.full((2, 5), -np.inf, np.float32)
_SOME_DISTRIBUTION = floats(np.array([[0.5, 0.5, 0, 0, 0], [0, 0.25, 0.5, 0, 0.25]]))
_MASKED = {
    "classes masked by -inf": fixed(_MINUS_INFINITY, _CHOICES),
    "all classes masked by -inf": fixed(_ALL_OUT, _CHOICES),
}
_MASKED_DISTRIBUTION = {
    "classes masked by -inf": fixed(_MINUS_INFINITY, _SOME_DISTRIBUTION),
    "all classes masked by -inf": fixed(_ALL_OUT, _SOME_DISTRIBUTION),
}
_BITS = floats(np.array([[0, 1, 0, 1, 1], [1, 0, 0, 1, 0]]))


def _labels_and_rivals(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    right = labels(rng, batch, size)
    # Another class: a whole number of places further on, but not once around.
    rivals = (right + 1 + labels(rng, batch, size - 1)) % size
    return Arguments((normal(rng, (*batch, size)), right, rivals.astype(np.int32)))


def _large_output(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    classes, samples = 2 * size, size
    q = rng.dirichlet(np.full(classes, 5.0))
    return Arguments(
        (normal(rng, (*batch, 3)), normal(rng, (3, classes)), labels(rng, batch, classes)),
        {"sampled": labels(rng, (samples,), classes), "log_q": floats(np.log(q))},
    )


_SAMPLES = {
    "sampled": np.array([1, 1, 3], np.int32),
    "log_q": np.full(6, -1.8, np.float32),
}

DOMAINS: Mapping[str, Domain] = {
    "reals": Domain(("pred", "target"), pairs_of(normal), _REAL_EDGES, (0, 1), perfect=copy_target),
    "positives": Domain(
        ("pred", "target"),
        pairs_of(positive),
        {"equal": fixed(_ONES, _ONES), "small and huge": fixed(1e-4 * _ONES, 1e4 * _ONES)},
        (0, 1),
        perfect=copy_target,
    ),
    "unit": Domain(
        ("pred", "target"),
        pairs_of(uniform),
        {
            "both zero": fixed(_ZEROS, _ZEROS),
            "equal": fixed(_ONES, _ONES),
            "opposite": fixed(_ZEROS, _ONES),
        },
        (0, 1),
        perfect=copy_target,
    ),
    "vectors": Domain(
        ("pred", "target"), pairs_of(normal), _REAL_EDGES, (0, 1), perfect=copy_target
    ),
    "positive_vectors": Domain(
        ("pred", "target"),
        pairs_of(positive),
        {"equal": fixed(_ONES, _ONES), "small and huge": fixed(1e-4 * _ONES, 1e4 * _ONES)},
        (0, 1),
        perfect=copy_target,
    ),
    "logits_bits": Domain(
        ("logits", "target"),
        lambda rng, batch, size: Arguments(
            (normal(rng, (*batch, size)), bits(rng, (*batch, size)))
        ),
        _with(_BITS),
    ),
    "logits_sets": Domain(
        ("logits", "target"),
        lambda rng, batch, size: Arguments(
            (normal(rng, (*batch, size)), bits(rng, (*batch, size)))
        ),
        _with(_BITS) | {"none right": fixed(_ONES, _ZEROS), "all right": fixed(_ONES, _ONES)},
    ),
    "logits_signs": Domain(
        ("logits", "target"),
        lambda rng, batch, size: Arguments(
            (normal(rng, (*batch, size)), signs(rng, (*batch, size)))
        ),
        _with(2 * _BITS - 1),
    ),
    "probabilities_bits": Domain(
        ("pred", "target"),
        lambda rng, batch, size: Arguments(
            (uniform(rng, (*batch, size)), bits(rng, (*batch, size)))
        ),
        {"certain and right": fixed(_BITS, _BITS), "undecided": fixed(_ONES / 2, _BITS)},
        perfect=copy_target,
    ),
    "logits_labels": Domain(
        ("logits", "labels"),
        lambda rng, batch, size: Arguments((normal(rng, (*batch, size)), labels(rng, batch, size))),
        _with(_CHOICES) | _MASKED,
        labels=1,
    ),
    "logits_labels_rivals": Domain(
        ("logits", "labels", "rivals"),
        _labels_and_rivals,
        _with(_CHOICES, _RIVALS)
        | {"classes masked by -inf": fixed(_MINUS_INFINITY, _CHOICES, _RIVALS)},
        labels=1,
    ),
    "logits_distributions": Domain(
        ("logits", "target"),
        lambda rng, batch, size: Arguments(
            (normal(rng, (*batch, size)), simplex(rng, (*batch, size)))
        ),
        _with(_SOME_DISTRIBUTION) | _MASKED_DISTRIBUTION,
        (0, 1),
    ),
    "probabilities_labels": Domain(
        ("pred", "labels"),
        lambda rng, batch, size: Arguments(
            (simplex(rng, (*batch, size)), labels(rng, batch, size))
        ),
        {"certain and right": fixed(floats(np.eye(5)[_CHOICES]), _CHOICES)},
        labels=1,
    ),
    "probabilities_distributions": Domain(
        ("pred", "target"),
        lambda rng, batch, size: Arguments(
            (simplex(rng, (*batch, size)), simplex(rng, (*batch, size)))
        ),
        {"certain and right": fixed(_SOME_DISTRIBUTION, _SOME_DISTRIBUTION)},
        (0, 1),
    ),
    "log_probabilities_labels": Domain(
        ("log_p", "labels"),
        lambda rng, batch, size: Arguments(
            (log_simplex(rng, (*batch, size)), labels(rng, batch, size))
        ),
        {
            "huge": fixed(_HUGE - 1e4, _CHOICES),
            "impossible classes": fixed(_MINUS_INFINITY - 3, _CHOICES),
        },
        labels=1,
    ),
    "views_labels": Domain(
        ("logits", "labels"),
        lambda rng, batch, size: Arguments(
            (normal(rng, (*batch, 3, size)), labels(rng, batch, size))
        ),
        {
            "equal views": fixed(np.ones((2, 3, 5), np.float32), _CHOICES),
            "opposite views": fixed(np.stack([_HUGE, -_HUGE, _ZEROS], 1), _CHOICES),
            "classes masked by -inf": fixed(np.stack([_MINUS_INFINITY] * 3, 1), _CHOICES),
        },
        labels=1,
        consumed=2,
    ),
    "scores_costs_labels": Domain(
        ("scores", "cost", "labels"),
        lambda rng, batch, size: Arguments(
            (
                normal(rng, (*batch, size)),
                positive(rng, (*batch, size)),
                labels(rng, batch, size),
            )
        ),
        {"tied": fixed(_ONES, _ZEROS, _CHOICES), "huge": fixed(_HUGE, _ONES, _CHOICES)},
        (0, 1),
        labels=2,
    ),
    "pairs_signs": Domain(
        ("x", "y", "target"),
        lambda rng, batch, size: Arguments(
            (
                normal(rng, (*batch, size)),
                normal(rng, (*batch, size)),
                signs(rng, (*batch, size)),
            )
        ),
        {
            "tied": fixed(_ONES, _ONES, 2 * _BITS - 1),
            "huge": fixed(_HUGE, -_HUGE, 2 * _BITS - 1),
        },
        (0, 1),
    ),
    "distances_signs": Domain(
        ("distance", "target"),
        lambda rng, batch, size: Arguments(
            (positive(rng, (*batch, size)), signs(rng, (*batch, size)))
        ),
        {
            "zero": fixed(_ZEROS, 2 * _BITS - 1),
            "on the margin": fixed(_ONES, 2 * _BITS - 1),
            "huge": fixed(np.abs(_HUGE), 2 * _BITS - 1),
        },
    ),
    "vectors_signs": Domain(
        ("x", "y", "target"),
        lambda rng, batch, size: Arguments(
            (normal(rng, (*batch, size)), normal(rng, (*batch, size)), signs(rng, batch))
        ),
        {
            "zero vectors": fixed(_ZEROS, _ONES, np.array([1.0, -1.0], np.float32)),
            "equal": fixed(_ONES, _ONES, np.array([1.0, -1.0], np.float32)),
            "huge": fixed(_HUGE, -_HUGE, np.array([1.0, -1.0], np.float32)),
        },
        (0, 1),
    ),
    "features_kernel_labels": Domain(
        ("features", "kernel", "labels"),
        _large_output,
        {
            "zero": fixed(
                np.zeros((2, 3), np.float32), np.zeros((3, 6), np.float32), _CHOICES, **_SAMPLES
            ),
            "huge": fixed(
                np.full((2, 3), 100, np.float32),
                np.full((3, 6), -10, np.float32),
                _CHOICES,
                **_SAMPLES,
            ),
        },
        (0, 1),
        labels=2,
        classes=lambda given: given.positional[1].shape[-1],
        shared=(1,),
    ),
    "head_tails_labels": Domain(
        ("head_logits", "tail_logits", "labels"),
        lambda rng, batch, size: Arguments(
            (
                normal(rng, (*batch, size)),
                [normal(rng, (*batch, 3)), normal(rng, (*batch, 4))],
                labels(rng, batch, size + 5),
            )
        ),
        {
            "zero": fixed(_ZEROS, [np.zeros((2, 3), np.float32)], _CHOICES),
            "huge": fixed(_HUGE, [_HUGE[:, :3]], _CHOICES),
        },
        (0, 1),
        labels=2,
        classes=lambda given: (
            given.positional[0].shape[-1] + sum(tail.shape[-1] - 1 for tail in given.positional[1])
        ),
    ),
}
