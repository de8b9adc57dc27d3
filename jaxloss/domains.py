"""What losses read: samplers of valid arguments, and of the edges of what is valid.

A domain is named in the catalogue row of a loss (`reads`). Tests, benchmarks and plots draw from
it, so that none of them needs to know the loss. Samples are float32 NumPy arrays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Generator = np.random.Generator


class Arguments(NamedTuple):
    """Arguments of one call: positional ones, and keyword options that the domain calls for."""

    positional: tuple[Any, ...]
    options: Mapping[str, Any] = {}


def _last_axis(given: Arguments) -> int:
    return np.shape(given.positional[0])[-1]


@dataclass(frozen=True)
class Domain:
    """A kind of arguments.

    Attributes:
        arguments: names of the positional arguments.
        draw: arguments for a batch shape and a size of the last axis (entries, or classes).
        edges: named draws of degenerate but valid arguments, whose value and derivatives must be
            finite.
        floating: places of the positional arguments that a loss is differentiated in.
        labels: place of the argument of integer labels, if there is one.
        perfect: from arguments, those of a perfect prediction, if that is known.
        consumed: trailing axes of the first argument that a loss of rows takes up.
        classes: from arguments, the number of classes that labels count.
    """

    arguments: tuple[str, ...]
    draw: Callable[[Generator, tuple[int, ...], int], Arguments]
    edges: Mapping[str, Callable[[Generator], Arguments]] = field(default_factory=dict)
    floating: tuple[int, ...] = (0,)
    labels: int | None = None
    perfect: Callable[[Arguments], Arguments] | None = None
    consumed: int = 1
    classes: Callable[[Arguments], int] = _last_axis


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(array, np.float32)


def _normal(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return _floats(2 * rng.standard_normal(shape))


def _positive(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return _floats(np.exp(0.7 * rng.standard_normal(shape)))


def _uniform(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return _floats(rng.uniform(0.05, 0.95, shape))


def _bits(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    bits = rng.integers(0, 2, shape)
    if shape and shape[-1] > 1:
        bits[..., 0], bits[..., 1] = 0, 1
    return _floats(bits)


def _signs(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return 2 * _bits(rng, shape) - 1


def _simplex(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return _floats(rng.dirichlet(np.ones(shape[-1]), shape[:-1]))


def _labels(rng: Generator, batch: tuple[int, ...], classes: int) -> NDArray[np.int32]:
    return rng.integers(0, classes, batch).astype(np.int32)


_HUGE = _floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_CHOICES = np.array([1, 4], np.int32)


def _pairs_of(make: Callable[[Generator, tuple[int, ...]], NDArray[np.float32]]) -> Any:
    return lambda rng, batch, size: Arguments(
        (make(rng, (*batch, size)), make(rng, (*batch, size)))
    )


def _copy_target(given: Arguments) -> Arguments:
    return Arguments((given.positional[1], given.positional[1]), given.options)


def _fixed(*positional: Any, **options: Any) -> Callable[[Generator], Arguments]:
    return lambda rng: Arguments(positional, options)


_REAL_EDGES = {
    "both zero": _fixed(_ZEROS, _ZEROS),
    "equal": _fixed(_ONES, _ONES),
    "zero prediction": _fixed(_ZEROS, _ONES),
    "zero target": _fixed(_ONES, _ZEROS),
    "huge": _fixed(_HUGE, -_HUGE),
    "huge and equal": _fixed(_HUGE, _HUGE),
    "one apart": _fixed(_ONES, _ZEROS),
}


def _with(target: Any) -> dict[str, Callable[[Generator], Arguments]]:
    """Edges of scores against one kind of target."""
    return {
        "zero scores": _fixed(_ZEROS, target),
        "tied scores": _fixed(_ONES, target),
        "huge scores": _fixed(_HUGE, target),
        "huge reversed scores": _fixed(-_HUGE, target),
    }


_MINUS_INFINITY = _floats(
    np.array([[0.0, 1.0, -np.inf, 2.0, -np.inf], [-np.inf, 0, 3, -np.inf, 1]])
)
_ALL_OUT = np.full((2, 5), -np.inf, np.float32)
_SOME_DISTRIBUTION = _floats(np.array([[0.5, 0.5, 0, 0, 0], [0, 0.25, 0.5, 0, 0.25]]))
_MASKED = {
    "classes masked by -inf": _fixed(_MINUS_INFINITY, _CHOICES),
    "all classes masked by -inf": _fixed(_ALL_OUT, _CHOICES),
}
_MASKED_DISTRIBUTION = {
    "classes masked by -inf": _fixed(_MINUS_INFINITY, _SOME_DISTRIBUTION),
    "all classes masked by -inf": _fixed(_ALL_OUT, _SOME_DISTRIBUTION),
}
_BITS = _floats(np.array([[0, 1, 0, 1, 1], [1, 0, 0, 1, 0]]))


def _log_simplex(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return _floats(np.log(_simplex(rng, shape)))


def _large_output(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    classes, samples = 2 * size, size
    q = rng.dirichlet(np.full(classes, 5.0))
    return Arguments(
        (_normal(rng, (*batch, 3)), _normal(rng, (3, classes)), _labels(rng, batch, classes)),
        {"sampled": _labels(rng, (samples,), classes), "log_q": _floats(np.log(q))},
    )


_SAMPLES = {
    "sampled": np.array([1, 1, 3], np.int32),
    "log_q": np.full(6, -1.8, np.float32),
}

DOMAINS: Mapping[str, Domain] = {
    "reals": Domain(
        ("pred", "target"), _pairs_of(_normal), _REAL_EDGES, (0, 1), perfect=_copy_target
    ),
    "positives": Domain(
        ("pred", "target"),
        _pairs_of(_positive),
        {"equal": _fixed(_ONES, _ONES), "small and huge": _fixed(1e-4 * _ONES, 1e4 * _ONES)},
        (0, 1),
        perfect=_copy_target,
    ),
    "unit": Domain(
        ("pred", "target"),
        _pairs_of(_uniform),
        {
            "both zero": _fixed(_ZEROS, _ZEROS),
            "equal": _fixed(_ONES, _ONES),
            "opposite": _fixed(_ZEROS, _ONES),
        },
        (0, 1),
        perfect=_copy_target,
    ),
    "vectors": Domain(
        ("pred", "target"), _pairs_of(_normal), _REAL_EDGES, (0, 1), perfect=_copy_target
    ),
    "positive_vectors": Domain(
        ("pred", "target"),
        _pairs_of(_positive),
        {"equal": _fixed(_ONES, _ONES), "small and huge": _fixed(1e-4 * _ONES, 1e4 * _ONES)},
        (0, 1),
        perfect=_copy_target,
    ),
    "logits_bits": Domain(
        ("logits", "target"),
        lambda rng, batch, size: Arguments(
            (_normal(rng, (*batch, size)), _bits(rng, (*batch, size)))
        ),
        _with(_BITS),
    ),
    "logits_sets": Domain(
        ("logits", "target"),
        lambda rng, batch, size: Arguments(
            (_normal(rng, (*batch, size)), _bits(rng, (*batch, size)))
        ),
        _with(_BITS) | {"none right": _fixed(_ONES, _ZEROS), "all right": _fixed(_ONES, _ONES)},
    ),
    "logits_signs": Domain(
        ("logits", "target"),
        lambda rng, batch, size: Arguments(
            (_normal(rng, (*batch, size)), _signs(rng, (*batch, size)))
        ),
        _with(2 * _BITS - 1),
    ),
    "probabilities_bits": Domain(
        ("pred", "target"),
        lambda rng, batch, size: Arguments(
            (_uniform(rng, (*batch, size)), _bits(rng, (*batch, size)))
        ),
        {"certain and right": _fixed(_BITS, _BITS), "undecided": _fixed(_ONES / 2, _BITS)},
        perfect=_copy_target,
    ),
    "logits_labels": Domain(
        ("logits", "labels"),
        lambda rng, batch, size: Arguments(
            (_normal(rng, (*batch, size)), _labels(rng, batch, size))
        ),
        _with(_CHOICES) | _MASKED,
        labels=1,
    ),
    "logits_distributions": Domain(
        ("logits", "target"),
        lambda rng, batch, size: Arguments(
            (_normal(rng, (*batch, size)), _simplex(rng, (*batch, size)))
        ),
        _with(_SOME_DISTRIBUTION) | _MASKED_DISTRIBUTION,
        (0, 1),
    ),
    "probabilities_labels": Domain(
        ("pred", "labels"),
        lambda rng, batch, size: Arguments(
            (_simplex(rng, (*batch, size)), _labels(rng, batch, size))
        ),
        {"certain and right": _fixed(_floats(np.eye(5)[_CHOICES]), _CHOICES)},
        labels=1,
    ),
    "probabilities_distributions": Domain(
        ("pred", "target"),
        lambda rng, batch, size: Arguments(
            (_simplex(rng, (*batch, size)), _simplex(rng, (*batch, size)))
        ),
        {"certain and right": _fixed(_SOME_DISTRIBUTION, _SOME_DISTRIBUTION)},
        (0, 1),
    ),
    "log_probabilities_labels": Domain(
        ("log_p", "labels"),
        lambda rng, batch, size: Arguments(
            (_log_simplex(rng, (*batch, size)), _labels(rng, batch, size))
        ),
        {
            "huge": _fixed(_HUGE - 1e4, _CHOICES),
            "impossible classes": _fixed(_MINUS_INFINITY - 3, _CHOICES),
        },
        labels=1,
    ),
    "views_labels": Domain(
        ("logits", "labels"),
        lambda rng, batch, size: Arguments(
            (_normal(rng, (*batch, 3, size)), _labels(rng, batch, size))
        ),
        {
            "equal views": _fixed(np.ones((2, 3, 5), np.float32), _CHOICES),
            "opposite views": _fixed(np.stack([_HUGE, -_HUGE, _ZEROS], 1), _CHOICES),
            "classes masked by -inf": _fixed(np.stack([_MINUS_INFINITY] * 3, 1), _CHOICES),
        },
        labels=1,
        consumed=2,
    ),
    "scores_costs_labels": Domain(
        ("scores", "cost", "labels"),
        lambda rng, batch, size: Arguments(
            (
                _normal(rng, (*batch, size)),
                _positive(rng, (*batch, size)),
                _labels(rng, batch, size),
            )
        ),
        {"tied": _fixed(_ONES, _ZEROS, _CHOICES), "huge": _fixed(_HUGE, _ONES, _CHOICES)},
        (0, 1),
        labels=2,
    ),
    "pairs_signs": Domain(
        ("x", "y", "target"),
        lambda rng, batch, size: Arguments(
            (
                _normal(rng, (*batch, size)),
                _normal(rng, (*batch, size)),
                _signs(rng, (*batch, size)),
            )
        ),
        {
            "tied": _fixed(_ONES, _ONES, 2 * _BITS - 1),
            "huge": _fixed(_HUGE, -_HUGE, 2 * _BITS - 1),
        },
        (0, 1),
    ),
    "distances_signs": Domain(
        ("distance", "target"),
        lambda rng, batch, size: Arguments(
            (_positive(rng, (*batch, size)), _signs(rng, (*batch, size)))
        ),
        {
            "zero": _fixed(_ZEROS, 2 * _BITS - 1),
            "on the margin": _fixed(_ONES, 2 * _BITS - 1),
            "huge": _fixed(np.abs(_HUGE), 2 * _BITS - 1),
        },
    ),
    "vectors_signs": Domain(
        ("x", "y", "target"),
        lambda rng, batch, size: Arguments(
            (_normal(rng, (*batch, size)), _normal(rng, (*batch, size)), _signs(rng, batch))
        ),
        {
            "zero vectors": _fixed(_ZEROS, _ONES, np.array([1.0, -1.0], np.float32)),
            "equal": _fixed(_ONES, _ONES, np.array([1.0, -1.0], np.float32)),
            "huge": _fixed(_HUGE, -_HUGE, np.array([1.0, -1.0], np.float32)),
        },
        (0, 1),
    ),
    "features_kernel_labels": Domain(
        ("features", "kernel", "labels"),
        _large_output,
        {
            "zero": _fixed(
                np.zeros((2, 3), np.float32), np.zeros((3, 6), np.float32), _CHOICES, **_SAMPLES
            ),
            "huge": _fixed(
                np.full((2, 3), 100, np.float32),
                np.full((3, 6), -10, np.float32),
                _CHOICES,
                **_SAMPLES,
            ),
        },
        (0, 1),
        labels=2,
        classes=lambda given: given.positional[1].shape[-1],
    ),
    "head_tails_labels": Domain(
        ("head_logits", "tail_logits", "labels"),
        lambda rng, batch, size: Arguments(
            (
                _normal(rng, (*batch, size)),
                [_normal(rng, (*batch, 3)), _normal(rng, (*batch, 4))],
                _labels(rng, batch, size + 5),
            )
        ),
        {
            "zero": _fixed(_ZEROS, [np.zeros((2, 3), np.float32)], _CHOICES),
            "huge": _fixed(_HUGE, [_HUGE[:, :3]], _CHOICES),
        },
        (0, 1),
        labels=2,
        classes=lambda given: (
            given.positional[0].shape[-1] + sum(tail.shape[-1] - 1 for tail in given.positional[1])
        ),
    ),
}
