"""What losses of a student read: its scores or features, and those of its teacher."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    copy_target,
    fixed,
    floats,
    labels,
    normal,
    pairs_of,
)

_CLASSES, _OTHERS, _CHOSEN = 4, 6, 2
_STUDENT = floats(np.array([[0.5, -1, 2, 0], [1, 3, -2, -0.5]]))
_TEACHER = floats(np.array([[1, 0, 0.5, -2], [-1, 0.25, 2, 2]]))
_ZEROS, _ONES = np.zeros((2, 4), np.float32), np.ones((2, 4), np.float32)
_HUGE = floats(1e4 * np.array([[1, 1, 1, -1], [-1, 1, 0, -1]]))
_OUT = floats(np.array([[0, -np.inf, 0, 0], [-np.inf, 0, 0, -np.inf]]))
_GONE = np.full((2, 4), -np.inf, np.float32)
_LABELS = np.array([2, 0], np.int32)


def _score_edges(*rest: Any) -> dict[str, Callable[[Generator], Arguments]]:
    pairs = {
        "identical": (_TEACHER, _TEACHER),
        "tied scores of both": (_ZEROS, _ONES),
        "tied scores of the student": (_ZEROS, _TEACHER),
        "tied scores of the teacher": (_STUDENT, _ONES),
        "huge scores of both": (_HUGE, _HUGE),
        "huge scores of the student": (_HUGE, _TEACHER),
        "huge scores of the teacher": (_STUDENT, _HUGE),
        "huge and opposite": (_HUGE, -_HUGE),
        "the same classes masked by -inf": (_STUDENT + _OUT, _TEACHER + _OUT),
        "classes of the student masked": (_STUDENT + _OUT, _TEACHER),
        "classes of the teacher masked": (_STUDENT, _TEACHER + _OUT),
        "all classes masked by -inf": (_GONE, _GONE),
    }
    return {name: fixed(z, t, *rest) for name, (z, t) in pairs.items()}


def _labelled(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    z, t = pairs_of(normal)(rng, batch, size).positional
    return Arguments((z, t, labels(rng, batch, size)))


def _uneven(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), normal(rng, (*batch, _OTHERS))))


def _top(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    masses = rng.dirichlet(np.full(size, 2.0), batch)[..., :_CHOSEN]
    every = np.broadcast_to(np.arange(size, dtype=np.int32), (*batch, size))
    index = rng.permuted(every, axis=-1)[..., :_CHOSEN]
    return Arguments((normal(rng, (*batch, size)), floats(np.log(masses)), index))


def _sampled(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    scores = (normal(rng, (*shape, _CLASSES)) for _ in range(2))
    return Arguments((*scores, labels(rng, shape, _CLASSES)))


def _log_p(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments(tuple(floats(-np.exp(rng.standard_normal(shape))) for _ in range(3)))


_WIDE = floats(np.concatenate([_TEACHER, _STUDENT[:, :2]], axis=-1))
_HALF, _SURE = np.log(floats(np.full((2, 2), 0.25))), floats(np.array([[0, -1e4], [-1e4, 0]]))
_EVERY = np.tile(np.arange(4, dtype=np.int32), (2, 1))
_PLACES = np.array([[2, 0], [1, 3]], np.int32)
_STEPS = np.stack([_STUDENT, _STUDENT[::-1], _TEACHER], axis=1)
_TAUGHT = np.stack([_TEACHER, _STUDENT, _STUDENT[::-1]], axis=1)
_TOKENS = np.array([[2, 0, 1], [3, 1, 1]], np.int32)
_SOME = np.array([[True, False, True], [False, True, True]])
_KEPT, _NAN = _SOME[..., None], np.float32(np.nan)
_NEVER = _SOME & False


def _in_steps(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([x] * 3, axis=1)


DOMAINS: Mapping[str, Domain] = {
    "scores_of_teacher": Domain(
        ("logits", "teacher_logits"),
        pairs_of(normal),
        _score_edges()
        | {
            "one class": fixed(_STUDENT[:, :1], _TEACHER[:, :1]),
            "no classes": fixed(_STUDENT[:, :0], _TEACHER[:, :0]),
        },
        perfect=copy_target,
    ),
    "scores_of_teacher_labels": Domain(
        ("logits", "teacher_logits", "labels"),
        _labelled,
        _score_edges(_LABELS)
        | {"one class": fixed(_ZEROS[:, :1], _ONES[:, :1], np.zeros(2, np.int32))},
        labels=2,
        perfect=lambda given: Arguments((given.positional[1], *given.positional[1:])),
    ),
    "scores_of_other_teacher": Domain(
        ("logits", "teacher_logits"),
        _uneven,
        _score_edges()
        | {
            "more classes of the teacher": fixed(_STUDENT, _WIDE),
            "fewer classes of the teacher": fixed(_WIDE, _TEACHER),
            "one class": fixed(_STUDENT[:, :1], _TEACHER),
        },
    ),
    "scores_of_top": Domain(
        ("logits", "teacher_log_p", "index"),
        _top,
        {
            "tied scores": fixed(_ZEROS, _HALF, _PLACES),
            "huge scores": fixed(_HUGE, _HALF, _PLACES),
            "huge reversed scores": fixed(-_HUGE, _HALF, _PLACES),
            "classes masked by -inf": fixed(_STUDENT + _OUT, _HALF, _PLACES),
            "nothing left over": fixed(_STUDENT, floats(_HALF + np.log(2)), _PLACES),
            "all but certain": fixed(_STUDENT, _SURE, _PLACES),
            "every class": fixed(_STUDENT, np.full((2, 4), np.float32(-1.386294)), _EVERY),
            "no class": fixed(_STUDENT, _HALF[:, :0], _PLACES[:, :0]),
        },
        labels=2,
    ),
    # Each token has a value of its own, where a property of labels looks for one of a sequence.
    "sampled_of_teacher": Domain(
        ("logits", "teacher_logits", "tokens"),
        _sampled,
        {
            "identical": fixed(_TAUGHT, _TAUGHT, _TOKENS),
            "tied scores": fixed(0 * _STEPS, _TAUGHT, _TOKENS),
            "huge scores": fixed(_in_steps(_HUGE), _TAUGHT, _TOKENS),
            "huge scores of the teacher": fixed(_STEPS, _in_steps(_HUGE), _TOKENS),
            "all classes masked by -inf": fixed(_in_steps(_GONE), _in_steps(_GONE), _TOKENS),
            "gaps": fixed(
                np.where(_KEPT, _STEPS, _NAN),
                np.where(_KEPT, _TAUGHT, _NAN),
                np.where(_SOME, _TOKENS, -100),
                where=_SOME,
            ),
            "all padding": fixed(_STEPS * _NAN, _TAUGHT * _NAN, 0 * _TOKENS - 100, where=_NEVER),
            "one token": fixed(_STEPS[:, :1], _TAUGHT[:, :1], _TOKENS[:, :1]),
        },
        lone=False,
    ),
    "log_p_of_teacher": Domain(
        ("log_p", "teacher_log_p", "sampled_log_p"),
        _log_p,
        {
            "identical": fixed(-_ONES, -_ONES, -_ONES),
            "unlikely": fixed(-_ONES, -1e4 * _ONES, -_ONES),
            "sampled long ago": fixed(-1e4 * _ONES, -_ONES, -_ONES / 2),
            "padding": fixed(
                np.where(_SOME, -_ONES[:, :3], _NAN),
                np.where(_SOME, -_ONES[:, :3] / 2, _NAN),
                np.where(_SOME, -_ONES[:, :3] / 4, _NAN),
                where=_SOME,
            ),
            "all padding": fixed(*[_ONES[:, :3] * _NAN] * 3, where=_NEVER),
            "one token": fixed(-_ONES[:, :1], -_ONES[:, :1] / 2, -_ONES[:, :1]),
        },
        lone=False,
    ),
}
