"""What losses of preferences read: log-probabilities of answers under a policy and a reference."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    bits,
    fixed,
    floats,
    normal,
    pairs_of,
    positive,
    uniform,
)

_ONES = np.ones((2, 3), np.float32)
_SPREAD = floats(np.array([[-0.5, -3, -1], [-2, -0.25, -7]]))
_SURE = 0 * _ONES
_HUGE = floats(np.array([[-1e4, 0, -1e4], [0, -1e4, -1]]))
_NONE = np.zeros((2, 0), np.float32)


def log_p(rng: Generator, shape: tuple[int, ...]) -> Any:
    """Log-probabilities, negative."""
    return -3 * positive(rng, shape)


def _alike(count: int, beside: int = 0) -> Any:
    """Draw so many arrays of log-probabilities, and so many of real numbers beside them."""

    def draw(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
        shape = (*batch, size)
        given = [log_p(rng, shape) for _ in range(count)]
        return Arguments((*given, *(normal(rng, shape) for _ in range(beside))))

    return draw


def _edges(*beside: Any) -> dict[str, Any]:
    """Degenerate pairs under policy and reference, with the same other arguments beside them."""
    pairs = {
        "equal answers": (_SPREAD, _SPREAD, _SPREAD - 1, _SPREAD - 1),
        "a policy that is the reference": (_SPREAD, _SPREAD[::-1], _SPREAD, _SPREAD[::-1]),
        "empty answers": (_SURE, _SURE, _SURE, _SURE),
        "a lead of 10": (_SPREAD, _SPREAD, _SPREAD - 10, _SPREAD),
        "impossible answers": (-1e4 * _ONES, -1e4 * _ONES, -1e4 * _ONES, -1e4 * _ONES),
        "huge ratios": (_HUGE, _HUGE[::-1], _HUGE[::-1], _HUGE),
        "huge reversed ratios": (_HUGE[::-1], _HUGE, _HUGE, _HUGE[::-1]),
    }
    return {
        name: fixed(*pair, *(array[:, : pair[0].shape[1]] for array in beside))
        for name, pair in pairs.items()
    }


_PAIR = ("chosen", "rejected", "ref_chosen", "ref_rejected")


def _measured(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((*_alike(4)(rng, batch, size).positional, *_lengths(rng, shape)))


def _lengths(rng: Generator, shape: tuple[int, ...]) -> list[Any]:
    return [floats(rng.integers(1, 200, shape)) for _ in range(2)]


def _judged(state: Callable[[Generator], Any] | None) -> Any:
    """Draw answers with what is thought of each, and a state of the batch."""

    def draw(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
        shape = (*batch, size)
        given = log_p(rng, shape), log_p(rng, shape), bits(rng, shape) > 0
        return Arguments((*given, *(() if state is None else (state(rng),))))

    return draw


def _judgements(*state: Any) -> dict[str, Any]:
    """Degenerate answers, desirable and not, with the same state."""
    some = np.array([[True, False, True], [False, True, False]])
    answers = {
        "the reference": (_SPREAD, _SPREAD, some),
        "all desirable": (_SPREAD, _SPREAD - 1, some | True),
        "none desirable": (_SPREAD, _SPREAD - 1, some & False),
        "empty answers": (_SURE, _SURE, some),
        "impossible answers": (-1e4 * _ONES, -1e4 * _ONES, some),
        "huge ratios": (_HUGE, _HUGE[::-1], some),
        "huge reversed ratios": (_HUGE, _HUGE[::-1], ~some),
    }
    return {name: fixed(*given, *state) for name, given in answers.items()}


def _number(value: float) -> Any:
    return floats(np.array(value))


_PLAIN = {
    "equal answers": (_SPREAD, _SPREAD),
    "certain answers": (_SURE, _SURE),
    "a certain chosen answer": (_SURE, _SPREAD),
    "a certain rejected answer": (_SPREAD, _SURE),
    "almost certain answers": (-1e-8 * _ONES, -1e-7 * _ONES),
    "impossible answers": (-1e4 * _ONES, -1e4 * _ONES),
    "huge leads": (_HUGE, _HUGE[::-1]),
}
_SETS = {
    "no pairs": fixed(_NONE, _NONE, _NONE, _NONE),
    "ties": fixed(-_ONES, -_ONES, -_ONES, -_ONES),
    "one pair": fixed(*(_SPREAD[:, i : i + 1] for i in (0, 1, 2, 0))),
    "some left out": fixed(
        _SPREAD,
        _SPREAD[::-1],
        _SPREAD - 1,
        _SPREAD,
        where=np.array([[True, False, True], [0] * 3], bool),
    ),
}
_ANSWER = ("log_p", "ref_log_p", "desirable")

DOMAINS: Mapping[str, Domain] = {
    "answer_pairs": Domain(_PAIR, _alike(4), _edges(), (0, 1)),
    "answer_sets": Domain(_PAIR, _alike(4), _edges() | _SETS, (0, 1)),
    "answer_pairs_offset": Domain(
        (*_PAIR, "offset"), _alike(4, 1), _edges(floats(np.arange(6).reshape(2, 3))), (0, 1)
    ),
    "answer_pairs_lengths": Domain(
        (*_PAIR, "chosen_length", "rejected_length"),
        _measured,
        _edges(0 * _ONES, 1e4 * _ONES),
        (0, 1),
    ),
    "answer_pairs_explored": Domain((*_PAIR, "explored"), _alike(5), _edges(_HUGE), (0, 1, 4)),
    "answers_judged": Domain(_ANSWER, _judged(None), _judgements()),
    "answers_judged_kl": Domain(
        (*_ANSWER, "kl"),
        _judged(lambda rng: uniform(rng, ())),
        _judgements(_number(-1)),
        shared=(3,),
    ),
    "answers_judged_shift": Domain(
        (*_ANSWER, "shift"),
        _judged(lambda rng: normal(rng, ())),
        _judgements(_number(1)),
        shared=(3,),
    ),
    "answers_compared": Domain(
        ("chosen", "rejected"),
        _alike(2),
        {name: fixed(*pair) for name, pair in _PLAIN.items()},
        (0, 1),
    ),
    "answers_compared_gold": Domain(
        ("chosen", "rejected", "gold"),
        _alike(3),
        {name: fixed(*pair, pair[0]) for name, pair in _PLAIN.items()},
        (0, 1, 2),
    ),
    "rewards_compared": Domain(
        ("chosen", "rejected"),
        pairs_of(normal),
        {
            "equal": fixed(_SPREAD, _SPREAD),
            "huge": fixed(_HUGE, -_HUGE),
            "huge and equal": fixed(_HUGE, _HUGE),
        },
        (0, 1),
    ),
    "answers_won": Domain(
        ("log_p", "ref_log_p", "win_rate"),
        lambda rng, batch, size: Arguments(
            (*_alike(2)(rng, batch, size).positional, uniform(rng, (*batch, size)))
        ),
        {
            "even odds": fixed(_SPREAD, _SPREAD, 0 * _ONES + 0.5),
            "certain": fixed(_SPREAD, _SPREAD, _ONES),
            "huge ratios": fixed(_HUGE, _HUGE[::-1], 0 * _ONES),
        },
    ),
    "answers_rewarded": Domain(
        ("log_p", "ref_log_p", "rewards", "best"),
        _alike(2, 2),
        {
            "the optimal policy": fixed(_SPREAD, _SPREAD, _ONES, _ONES),
            "huge ratios": fixed(_HUGE, _HUGE[::-1], _ONES, 0 * _ONES),
            "huge rewards": fixed(_SPREAD, _SPREAD, _HUGE, _ONES),
        },
    ),
}
