"""What losses of policies and values read: log-probabilities of what was done, and what it gave."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    copy_target,
    fixed,
    floats,
    normal,
    positive,
)

_ONES = np.ones((2, 3), np.float32)
_LOG_P = floats(np.array([[-0.5, -3, -1], [-2, -0.25, -7]]))
_ADVANTAGES = floats(np.array([[1, -1, 0.5], [-2, 0, 3]]))
_HUGE = floats(np.array([[-1e4, 0, -1e4], [0, -1e4, -1]]))
_HALF = np.array([[True, False, True], [False, False, False]])


def _log_p(rng: Generator, shape: tuple[int, ...]) -> Any:
    return -positive(rng, shape)


def _near(rng: Generator, log_p: Any) -> Any:
    """Log-probabilities under another policy."""
    return log_p + floats(1.5 * rng.standard_normal(log_p.shape))


def _policies(count: int, per_answer: bool = False) -> Any:
    """Draw log-probabilities under so many policies, and advantages of tokens or of answers."""

    def draw(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
        log_p = _log_p(rng, (*batch, size))
        others = [_near(rng, log_p) for _ in range(count - 1)]
        return Arguments((log_p, *others, normal(rng, batch if per_answer else (*batch, size))))

    return draw


def _two(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    log_p = _log_p(rng, (*batch, size))
    return Arguments((log_p, _near(rng, log_p)))


_PAIRS = {
    "the same policy": (_LOG_P, _LOG_P),
    "almost the same policy": (_LOG_P, _LOG_P + floats(np.array(1e-4))),
    "an overflow of ratios": (_HUGE, _HUGE[::-1]),
    "an underflow of ratios": (_HUGE[::-1], _HUGE),
    "impossible tokens": (-1e4 * _ONES, -1e4 * _ONES),
    "certain tokens": (0 * _ONES, 0 * _ONES),
}
_ANSWERS = {name: fixed(log_p, old, _ADVANTAGES[:, 0]) for name, (log_p, old) in _PAIRS.items()} | {
    "an answer that is empty": fixed(_LOG_P, _LOG_P - 1, _ADVANTAGES[:, 0], where=_HALF),
    "one token": fixed(_LOG_P[:, :1], _LOG_P[:, :1] - 1, _ADVANTAGES[:, 0]),
    "no tokens": fixed(_LOG_P[:, :0], _LOG_P[:, :0], _ADVANTAGES[:, 0]),
    "no advantages": fixed(_LOG_P, _LOG_P - 1, 0 * _ADVANTAGES[:, 0]),
}

DOMAINS: Mapping[str, Domain] = {
    "steps_taken": Domain(
        ("log_p", "advantages"),
        _policies(1),
        {
            "ordinary": fixed(_LOG_P, _ADVANTAGES),
            "impossible tokens": fixed(-1e4 * _ONES, _ADVANTAGES),
            "certain tokens": fixed(0 * _ONES, _ADVANTAGES),
        },
    ),
    "steps": Domain(
        ("log_p", "old_log_p", "advantages"),
        _policies(2),
        {name: fixed(*pair, _ADVANTAGES) for name, pair in _PAIRS.items()}
        | {"no advantages": fixed(_LOG_P, _LOG_P - 1, 0 * _ONES)},
    ),
    "policies": Domain(
        ("log_p", "ref_log_p"),
        _two,
        {name: fixed(*pair) for name, pair in _PAIRS.items()},
        perfect=copy_target,
    ),
    "answer_steps": Domain(
        ("log_p", "old_log_p", "advantages"), _policies(2, per_answer=True), _ANSWERS
    ),
    # The ratio of an answer is one of all its tokens, which therefore do not stand alone.
    "answer_tokens": Domain(
        ("log_p", "old_log_p", "advantages"),
        _policies(2, per_answer=True),
        {name: edge for name, edge in _ANSWERS.items() if name != "no tokens"},
        lone=False,
    ),
    "tokens_taken": Domain(
        ("log_p", "old_log_p", "advantages"),
        _policies(2),
        {name: fixed(*pair, _ADVANTAGES) for name, pair in _PAIRS.items()}
        | {
            "an answer that is empty": fixed(_LOG_P, _LOG_P - 1, _ADVANTAGES, where=_HALF),
            "one token": fixed(_LOG_P[:, :1], _LOG_P[:, :1] - 1, _ADVANTAGES[:, :1]),
        },
        lone=False,
    ),
    "actions": Domain(
        ("logits",),
        lambda rng, batch, size: Arguments((normal(rng, (*batch, size)),)),
        {
            "undecided": fixed(0 * _ONES),
            "huge": fixed(_HUGE),
            "an action masked by -inf": fixed(np.where(_HALF, -np.inf, _LOG_P)),
            "no actions": fixed(np.full((2, 3), -np.inf, np.float32)),
            "one action": fixed(_ONES[:, :1]),
        },
    ),
}
