"""What losses of reinforcement learning read: steps, values of actions, and what critics say."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    fixed,
    floats,
    labels,
    normal,
    positive,
    simplex,
)

_ATOMS = 4
_CRITICS = 2
_ONES = np.ones(2, np.float32)
_Q = floats(np.array([[0.5, -1, 2], [1, 3, -2]]))
_NEXT = floats(np.array([[1, 0.5, -3], [-1, 2, 2.5]]))
_HUGE = floats(np.array([[1e4, -1e4, 0], [-1e4, 1e4, 1e4]]))
_IMPOSSIBLE = floats(np.array([[-np.inf, 1, -np.inf], [0.5, -np.inf, -2]]))
_NOTHING = np.full((2, 3), -np.inf, np.float32)
_ACTIONS = np.array([1, 0], np.int32)
_REWARDS = floats(np.array([1, -0.5]))
_DISCOUNTS = floats(np.array([0.9, 0.5]))
_STEP = (_REWARDS, _DISCOUNTS)
_END = (_REWARDS, 0 * _DISCOUNTS)
_POLICY = floats(np.array([[0.5, 0, 0.5], [0.25, 0.25, 0.5]]))
_KEPT = np.array([[True, False, True], [False, False, False]])


def _step(rng: Generator, batch: tuple[int, ...]) -> tuple[Any, Any]:
    """Rewards, and discounts that now and then are those of an end."""
    discounts = rng.uniform(0.5, 1, batch) * (rng.random(batch) > 0.2)
    return normal(rng, batch), floats(discounts)


def _of_actions(*more: Any, atoms: bool = False, **options: Any) -> Any:
    """Draw values of actions before and after a step, and what else there is by its maker."""

    def draw(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
        shape = (*batch, size, _ATOMS) if atoms else (*batch, size)
        first, after = normal(rng, shape), normal(rng, shape)
        others = [make(rng, batch, size) for make in more]
        return Arguments(
            (first, labels(rng, batch, size), *_step(rng, batch), after, *others), options
        )

    return draw


def _values(rng: Generator, batch: tuple[int, ...], size: int) -> Any:
    return normal(rng, (*batch, size))


def _policy(rng: Generator, batch: tuple[int, ...], size: int) -> Any:
    return simplex(rng, (*batch, size))


def _edges(*more: Any) -> Mapping[str, Callable[[Generator], Arguments]]:
    """Of values of actions, and of what else there is."""
    return {
        "ordinary": fixed(_Q, _ACTIONS, *_STEP, _NEXT, *more),
        "already right": fixed(0 * _Q, _ACTIONS, 0 * _REWARDS, _DISCOUNTS, 0 * _NEXT, *more),
        "the end": fixed(_Q, _ACTIONS, *_END, _NEXT, *more),
        "the end, without a state": fixed(_Q, _ACTIONS, *_END, _NOTHING, *more),
        "huge": fixed(_HUGE, _ACTIONS, *_STEP, _HUGE[::-1], *more),
        "actions that cannot be taken": fixed(_IMPOSSIBLE, _ACTIONS, *_STEP, _IMPOSSIBLE, *more),
        "nothing can be done next": fixed(_Q, _ACTIONS, *_STEP, _NOTHING, *more),
    }


def _dists(x: Any) -> Any:
    """Distributions of actions around their values."""
    return floats(x[..., None] + np.array([0.25, -1.5, 0, 2]))


def _dist_edges(*more: Any, **options: Any) -> Mapping[str, Callable[[Generator], Arguments]]:
    one = {name: array[..., :1] for name, array in options.items()}
    return {
        "ordinary": fixed(_dists(_Q), _ACTIONS, *_STEP, _dists(_NEXT), *more, **options),
        "alike": fixed(
            0 * _dists(_Q), _ACTIONS, 0 * _REWARDS, *_STEP[1:], 0 * _dists(_NEXT), *more, **options
        ),
        "the end": fixed(_dists(_Q), _ACTIONS, *_END, _dists(_NEXT), *more, **options),
        "huge": fixed(
            _dists(_HUGE),
            _ACTIONS,
            1e3 * _REWARDS,
            _DISCOUNTS,
            _dists(_HUGE[::-1]),
            *more,
            **options,
        ),
        "one": fixed(_dists(_Q)[..., :1], _ACTIONS, *_STEP, _dists(_NEXT)[..., :1], *more, **one),
    }


def _count(given: Arguments) -> int:
    """Of actions, each of which has a distribution."""
    return np.shape(given.positional[0])[-2]


def _places(count: int) -> Any:
    """Not evenly spaced."""
    return floats(np.linspace(-1.5, 2, count) ** 3)


_SUPPORT = {"support": _places(_ATOMS)}


def _number(option: str, more: int) -> Any:
    """Draw logits of bins and a number, which may lie beyond them."""

    def draw(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
        options = {option: _places(size + more)}
        return Arguments((normal(rng, (*batch, size)), normal(rng, batch)), options)

    return draw


def _number_edges(option: str, more: int) -> Mapping[str, Callable[[Generator], Arguments]]:
    places, one = {option: _places(3 + more)}, {option: _places(1 + more)}
    at = places[option]
    return {
        "ordinary": fixed(_Q, _REWARDS, **places),
        "at a place": fixed(_Q, floats(at[[1, 0]]), **places),
        "at the end": fixed(_Q, floats(at[[-1, 0]]), **places),
        "far beyond": fixed(_Q, floats(np.array([1e4, -1e4])), **places),
        "huge logits": fixed(_HUGE, _REWARDS, **places),
        "one bin": fixed(_Q[:, :1], _REWARDS, **one),
    }


def _critics(rng: Generator, shape: tuple[int, ...]) -> Any:
    return normal(rng, (*shape, _CRITICS))


def _drawn_action(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((-positive(rng, shape), _critics(rng, shape)))


def _soft_step(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    log_p = -positive(rng, shape)
    return Arguments((normal(rng, shape), *_step(rng, shape), _critics(rng, shape), log_p))


def _clone(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((normal(rng, shape), *(normal(rng, (*shape, 3)) for _ in range(2))))


def _conservative(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((normal(rng, shape), -positive(rng, shape), normal(rng, batch)))


def _alike(*makes: Any) -> Any:
    """Draw arguments of one shape, each by its maker."""
    return lambda rng, batch, size: Arguments(tuple(make(rng, (*batch, size)) for make in makes))


def _log_p(rng: Generator, shape: tuple[int, ...]) -> Any:
    return -positive(rng, shape)


def _wide(rng: Generator, shape: tuple[int, ...]) -> Any:
    """Advantages among which there are great ones."""
    return 2 * normal(rng, shape)


def _transitions(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((normal(rng, shape), *_step(rng, shape), normal(rng, shape)))


_FULL = (floats(np.array([[1, -0.5, 0]] * 2)), floats(np.array([[0.9, 0, 0.5]] * 2)))
_CRITICS_SAY = floats(np.stack([_NEXT, _NEXT[::-1]], axis=-1))
_CLONES = floats(np.stack([_Q, _NEXT], axis=-1))

DOMAINS: Mapping[str, Domain] = {
    "moved_values": Domain(
        ("values", "old_values", "returns"),
        _alike(normal, normal, normal),
        {
            "ordinary": fixed(_Q, _NEXT, _Q[::-1]),
            "unmoved": fixed(_Q, _Q, _NEXT),
            "right": fixed(_Q, _Q, _Q),
            "huge": fixed(_HUGE, _HUGE[::-1], _Q),
        },
    ),
    "transitions": Domain(
        ("values", "rewards", "discounts", "next_values"),
        _transitions,
        {
            "ordinary": fixed(_Q, *_FULL, _NEXT),
            "already right": fixed(0 * _Q, 0 * _FULL[0], _FULL[1], 0 * _NEXT),
            "the end": fixed(_Q, _FULL[0], 0 * _FULL[1], _NOTHING),
            "huge": fixed(_HUGE, *_FULL, _HUGE[::-1]),
        },
    ),
    "action_values": Domain(
        ("q", "actions", "rewards", "discounts", "next_q"), _of_actions(), _edges(), labels=1
    ),
    "action_values_chosen": Domain(
        ("q", "actions", "rewards", "discounts", "next_q", "next_actions"),
        _of_actions(labels),
        _edges(np.array([1, 2], np.int32)),
        labels=1,
    ),
    "action_values_expected": Domain(
        ("q", "actions", "rewards", "discounts", "next_q", "next_actions"),
        _of_actions(_policy),
        {name: edge for name, edge in _edges(_POLICY).items() if "cannot" not in name},
        labels=1,
    ),
    "action_values_selected": Domain(
        ("q", "actions", "rewards", "discounts", "next_q", "selector"),
        _of_actions(_values),
        _edges(_NEXT[::-1]),
        labels=1,
    ),
    "action_values_of_old": Domain(
        ("q", "actions", "rewards", "discounts", "next_q", "old_q"),
        _of_actions(_values),
        _edges(_NEXT[::-1]),
        labels=1,
    ),
    "quantile_samples": Domain(
        ("pred", "target"),
        lambda rng, batch, size: Arguments(
            (normal(rng, (*batch, size)), normal(rng, (*batch, size + 1)))
        ),
        {
            "ordinary": fixed(_Q, _dists(_Q[:, 0])),
            "alike": fixed(_Q, _Q),
            "huge": fixed(_HUGE, _HUGE[::-1]),
            "one": fixed(_Q[:, :1], _NEXT[:, :1]),
            "no samples": fixed(_Q, _NEXT[:, :0]),
        },
        floating=(0, 1),
    ),
    "action_quantiles": Domain(
        ("quantiles", "actions", "rewards", "discounts", "next_quantiles"),
        _of_actions(atoms=True),
        _dist_edges(),
        labels=1,
        consumed=2,
        classes=_count,
    ),
    "action_quantiles_chosen": Domain(
        ("quantiles", "actions", "rewards", "discounts", "next_quantiles", "next_actions"),
        _of_actions(labels, atoms=True),
        _dist_edges(np.array([1, 2], np.int32)),
        labels=1,
        consumed=2,
        classes=_count,
    ),
    "action_quantiles_expected": Domain(
        ("quantiles", "actions", "rewards", "discounts", "next_quantiles", "next_actions"),
        _of_actions(_policy, atoms=True),
        _dist_edges(_POLICY),
        labels=1,
        consumed=2,
        classes=_count,
    ),
    "action_bins": Domain(
        ("logits", "actions", "rewards", "discounts", "next_logits"),
        _of_actions(atoms=True, **_SUPPORT),
        _dist_edges(**_SUPPORT),
        labels=1,
        consumed=2,
        classes=_count,
    ),
    "action_bins_chosen": Domain(
        ("logits", "actions", "rewards", "discounts", "next_logits", "next_actions"),
        _of_actions(labels, atoms=True, **_SUPPORT),
        _dist_edges(np.array([1, 2], np.int32), **_SUPPORT),
        labels=1,
        consumed=2,
        classes=_count,
    ),
    "action_bins_expected": Domain(
        ("logits", "actions", "rewards", "discounts", "next_logits", "next_actions"),
        _of_actions(_policy, atoms=True, **_SUPPORT),
        _dist_edges(_POLICY, **_SUPPORT),
        labels=1,
        consumed=2,
        classes=_count,
    ),
    "number_places": Domain(
        ("logits", "target"), _number("support", 0), _number_edges("support", 0)
    ),
    "number_bins": Domain(("logits", "target"), _number("edges", 1), _number_edges("edges", 1)),
    "drawn_actions": Domain(
        ("log_p", "q"),
        _drawn_action,
        {
            "ordinary": fixed(-np.abs(_Q), _CRITICS_SAY),
            "critics that agree": fixed(-np.abs(_Q), np.stack([_NEXT, _NEXT], axis=-1)),
            "an impossible action": fixed(_HUGE - 1e4, _CRITICS_SAY),
            "one critic": fixed(-np.abs(_Q), _CRITICS_SAY[..., :1]),
        },
        floating=(0, 1),
    ),
    "soft_steps": Domain(
        ("q", "rewards", "discounts", "next_q", "next_log_p"),
        _soft_step,
        {
            "ordinary": fixed(_Q, *_FULL, _CRITICS_SAY, -np.abs(_Q)),
            "the end": fixed(_Q, _FULL[0], 0 * _FULL[1], _CRITICS_SAY, -np.abs(_Q)),
            "an impossible action": fixed(_Q, *_FULL, _CRITICS_SAY, _HUGE - 1e4),
            "one critic": fixed(_Q, *_FULL, _CRITICS_SAY[..., :1], -np.abs(_Q)),
        },
    ),
    "constraints": Domain(
        ("values",),
        _alike(normal),
        {"ordinary": fixed(_Q), "at the bound": fixed(0 * _Q), "huge": fixed(_HUGE)},
    ),
    "critic_of_policy": Domain(
        ("logits", "q"),
        _alike(normal, normal),
        {
            "ordinary": fixed(_Q, _NEXT),
            "undecided": fixed(0 * _Q, _NEXT),
            "all worth the same": fixed(_Q, 0 * _Q + 3),
            "decided": fixed(_HUGE, _NEXT),
            "huge": fixed(_Q, _HUGE),
            "actions that cannot be taken": fixed(_IMPOSSIBLE, _NEXT),
            "no actions": fixed(_NOTHING, _NEXT),
            "some left out": fixed(_Q, _NEXT, where=_KEPT),
            "one action": fixed(_Q[:, :1], _NEXT[:, :1]),
        },
    ),
    "weighed_actions": Domain(
        ("log_p", "q"),
        _alike(_log_p, normal),
        {
            "ordinary": fixed(-np.abs(_Q), _NEXT),
            "all worth the same": fixed(-np.abs(_Q), 0 * _Q),
            "huge": fixed(-np.abs(_Q), _HUGE),
            "impossible actions": fixed(np.full((2, 3), -1e4, np.float32), _NEXT),
            "some left out": fixed(-np.abs(_Q), _NEXT, where=_KEPT),
            "no actions": fixed(_Q[:, :0], _Q[:, :0]),
        },
    ),
    "worths": Domain(
        ("q",),
        _alike(normal),
        {
            "ordinary": fixed(_Q),
            "all worth the same": fixed(0 * _Q),
            "huge": fixed(_HUGE),
            "some left out": fixed(_Q, where=_KEPT),
            "no actions": fixed(_Q[:, :0]),
        },
    ),
    "data_actions": Domain(
        ("log_p", "advantages"),
        _alike(_log_p, _wide),
        {
            "ordinary": fixed(-np.abs(_Q), _NEXT),
            "an overflow of weights": fixed(-np.abs(_Q), _HUGE),
            "impossible actions": fixed(np.full((2, 3), -1e4, np.float32), _NEXT),
            "certain actions": fixed(0 * _Q, _NEXT),
        },
    ),
    # The scale of the critic is one of the whole batch, whose states therefore do not stand alone.
    "cloned_actions": Domain(
        ("q", "pred_actions", "actions"),
        _clone,
        {
            "ordinary": fixed(_Q, _CLONES, _CLONES[::-1]),
            "the actions of the data": fixed(_Q, _CLONES, _CLONES),
            "worth nothing": fixed(0 * _Q, _CLONES, _CLONES[::-1]),
            "huge": fixed(_HUGE, _CLONES, _CLONES[::-1]),
            "some left out": fixed(_Q, _CLONES, _CLONES[::-1], where=_KEPT),
            "an empty batch": fixed(_Q[:, :0], _CLONES[:, :0], _CLONES[:, :0]),
        },
        floating=(0, 1),
        lone=False,
    ),
    "conservative": Domain(
        ("q_drawn", "log_density", "q"),
        _conservative,
        {
            "ordinary": fixed(_Q, -np.abs(_NEXT), _REWARDS),
            "all worth the same": fixed(0 * _Q + 3, 0 * _Q, 3 * _ONES),
            "huge": fixed(_HUGE, 0 * _Q, _REWARDS),
            "impossible draws": fixed(_Q, 0 * _Q - 1e4, _REWARDS),
            "some left out": fixed(_Q, -np.abs(_NEXT), _REWARDS, where=_KEPT),
            "none drawn": fixed(_Q[:, :0], _Q[:, :0], _REWARDS),
        },
        floating=(0, 2),
    ),
}
