"""What losses of ranked lists read: scores of items, and how relevant each item is."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jaxloss.domains.base import Arguments, Domain, Generator, fixed, floats, normal

_GRADES = floats(np.array([[2, 0, 1, 0], [0, 3, 0, 1]]))
_SCORES = floats(np.array([[0.5, -1, 2, 0.25], [3, 0, -2.5, 1]]))
_HUGE = 1e4 * floats(np.array([[1, -1, 0, 1], [-1, 1, 1, -1]]))
_INF = np.float32(np.inf)


def _lists(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    """Grades from 0 to 3; every list has an irrelevant item and one of each of two grades."""
    grades = rng.integers(0, 4, (*batch, size))
    if size >= 3:
        grades[..., :3] = [0, 2, 1]
    return Arguments((normal(rng, (*batch, size)), floats(rng.permuted(grades, axis=-1))))


def _edges() -> dict[str, Callable[[Generator], Arguments]]:
    masked = np.where(np.arange(4) < 2, _SCORES, -_INF)
    nothing = np.zeros((2, 4), bool)
    return {
        "one item": fixed(_SCORES[:, :1], _GRADES[:, :1]),
        "two items": fixed(_SCORES[:, :2], _GRADES[:, :2]),
        "empty lists": fixed(_SCORES[:, :0], _GRADES[:, :0]),
        "nothing relevant": fixed(_SCORES, 0 * _GRADES),
        "one relevant": fixed(_SCORES, floats(np.arange(4) == 2) * np.ones_like(_SCORES)),
        "equal relevance": fixed(_SCORES, np.ones_like(_SCORES)),
        "tied scores": fixed(0 * _SCORES, _GRADES),
        "some tied scores": fixed(np.round(_SCORES / 3), _GRADES),
        "huge scores": fixed(_HUGE, _GRADES),
        "huge reversed scores": fixed(-_HUGE, _GRADES),
        "items masked by -inf": fixed(masked, _GRADES),
        "all items masked by -inf": fixed(np.full_like(_SCORES, -_INF), _GRADES),
        "all masked": fixed(_SCORES, _GRADES, where=nothing),
        "one list masked": fixed(_SCORES, _GRADES, where=np.array([[True] * 4, [False] * 4])),
        "one item kept": fixed(_SCORES, _GRADES, where=(np.arange(4) == 1) & ~nothing),
    }


_FIVE = floats(np.array([0, 1, -2, 1e4, -1e4]))


def _quartets(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments(tuple(normal(rng, (*batch, size)) for _ in range(4)))


def _matches(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    outcomes = floats(rng.integers(-1, 2, (*batch, size)))
    return Arguments((normal(rng, (*batch, size)), normal(rng, (*batch, size)), outcomes))


def _copied(given: Arguments) -> Arguments:
    return Arguments((given.positional[2], given.positional[3], *given.positional[2:]))


def _outcomes(x: Any, y: Any) -> dict[str, Callable[[Generator], Arguments]]:
    names = {"won": 1, "tied": 0, "lost": -1}
    return {name: fixed(x, y, np.full_like(x, sign)) for name, sign in names.items()}


DOMAINS: Mapping[str, Domain] = {
    "lists": Domain(
        ("scores", "relevance"),
        _lists,
        _edges(),
        perfect=lambda given: Arguments((given.positional[1], given.positional[1])),
    ),
    "score_quartets": Domain(
        ("positive", "negative", "teacher_positive", "teacher_negative"),
        _quartets,
        {"huge": fixed(_FIVE, -_FIVE, _FIVE, _FIVE), "equal": fixed(_FIVE, _FIVE, _FIVE, _FIVE)},
        (0, 1),
        perfect=_copied,
    ),
    "matches": Domain(
        ("x", "y", "outcome"),
        _matches,
        {
            **_outcomes(_FIVE, -_FIVE),
            **{f"{k}, equal": v for k, v in _outcomes(_FIVE, _FIVE).items()},
        },
        (0, 1),
    ),
}
