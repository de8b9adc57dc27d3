"""Answers, policies and students: what carries no gradient, and answers of no or odd tokens."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from jaxloss.catalogue import answers, distillation, steps
from jaxloss.domains import DOMAINS
from jaxloss.testing import Case

ROWS = (*answers.ROWS, *steps.ROWS, *distillation.ROWS)
HELD = {
    "ref_chosen": "the reference is the frozen starting point (Rafailov 2023)",
    "ref_rejected": "as `ref_chosen`",
    "ref_log_p": "as `ref_chosen`; the estimates of Schulman 2020 are of the policy's divergence",
    "old_log_p": "the policy that took the actions is data (Schulman 2017)",
    "sampled_log_p": "as `old_log_p`",
    "advantages": "estimates, which the likelihood ratio weighs (Williams 1992)",
    "rewards": "as `advantages`",
    "best": "the optimal value is estimated before training (Brantley 2025)",
    "win_rate": "a judge's answer (Munos 2023)",
    "kl": "the reference point is not backpropagated through (Ethayarajh 2024)",
    "shift": "a moving average of rewards (Jung 2024)",
    "offset": "a function of the scores of the data (Amini 2024)",
    "chosen_length": "a fact of the data (Park 2024)",
    "rejected_length": "as `chosen_length`",
    "teacher_logits": "the teacher is trained already (Hinton 2015)",
    "teacher_log_p": "as `teacher_logits`",
    "teacher_features": "as `teacher_logits` (Romero 2015)",
    "teacher_first": "as `teacher_features`",
    "teacher_second": "as `teacher_features`",
    "target": "the teacher's features (Ahn 2019)",
    "margins": "of the teacher's statistics (Heo 2019)",
}
"""Arguments that no gradient reaches, with the reason."""

LEARNED = {
    "chosen": "what the policy, or the reward model, says",
    "rejected": "as `chosen`",
    "explored": "the policy's view of the reference's answer: its optimism (Xie 2024)",
    "gold": "the policy's likelihood of the best answer (Saeidi 2024)",
    "log_p": "the policy",
    "logits": "the policy, or the student",
    "features": "the student",
    "first": "the student",
    "second": "the student",
    "pred": "what the student tells of the teacher",
    "scores": "the variances are fitted with the student (Ahn 2019)",
    "positive": "a linear embedding of the teacher is trained along (Tian 2020)",
    "negatives": "as `positive`",
}
"""Arguments that are learned, with the reason why they are not held constant."""

WEIGHTS = {
    "confidence": (jl.completions.confidence, ([[-1.0, -2.0]], [[-0.5, -0.25]])),
    "optimal_value": (jl.reward.optimal_value, ([0.0, 1.0],)),
    "moved_shift": (jl.preference_unpaired.moved_shift, (0.5, [1.0, 3.0])),
}
"""Helpers whose results weigh a loss or stand in it as constants."""


def floating(row):
    """Arguments of floating point by name, and the other arguments of a draw."""
    given = Case(row.loss, DOMAINS[row.reads[0]], row.gives).draw(seed=0)
    named = dict(zip(DOMAINS[row.reads[0]].arguments, given.positional, strict=True))
    return {k: jnp.asarray(x) for k, x in named.items() if x.dtype.kind == "f"}, named


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_only_what_is_learned_has_a_gradient(row):
    floats, named = floating(row)
    unknown = set(floats) - (set(HELD) ^ set(LEARNED))
    assert not unknown, f"say whether these are held constant, and why: {unknown}"

    def total(floats):
        return jnp.sum(row.loss(*(named | floats).values()))

    for name, grad in jax.jit(jax.grad(total))(floats).items():
        if name in HELD:
            np.testing.assert_array_equal(grad, 0, err_msg=f"{name}: {HELD[name]}")
        else:
            assert np.any(grad), f"`{name}` is learned: {LEARNED[name]}"


@pytest.mark.parametrize(("function", "given"), WEIGHTS.values(), ids=WEIGHTS)
def test_weights_have_no_gradient(function, given):
    given = tuple(map(jnp.asarray, given))
    grads = jax.grad(lambda *a: jnp.sum(function(*a)), range(len(given)))(*given)
    assert all(not grad.any() for grad in grads)


TIME = 3
SPREAD = np.float32([[-0.5, -3, -1], [-2, -0.25, -7]])
NAN, ALL, FIRST, NONE = np.float32(np.nan), [True] * TIME, [True, False, False], [False] * TIME
# Log-probabilities of the tokens of answers under the policy, under the other one, and which exist.
ODD = {
    "ordinary": (SPREAD, SPREAD[::-1], ALL),
    "empty": (SPREAD, SPREAD, NONE),
    "all padding": (NAN, NAN, NONE),
    "one token": (np.where(FIRST, SPREAD, NAN), np.where(FIRST, -1, NAN), FIRST),
    "certain": (0, 0, ALL),
    "impossible": (-1e4, -1e4, ALL),
    "now certain": (0, -1e4, ALL),
    "now impossible": (-1e4, 0, ALL),
    "as before": (SPREAD, SPREAD, ALL),
}
POLICY, OTHER, KEPT = (
    jnp.stack([jnp.broadcast_to(jnp.asarray(case[place]), SPREAD.shape) for case in ODD.values()])
    for place in range(3)
)
POLICY, OTHER = POLICY.astype(jnp.float32), OTHER.astype(jnp.float32)
BESIDE = {"offset", "chosen_length", "rejected_length", "desirable", "kl", "shift"}
BESIDE |= {"win_rate", "rewards", "best"}
EMPTY = np.array([not np.any(kept) for _, _, kept in ODD.values()])


def slopes(values_of, given):
    """Values, and gradients of their sum in the floating arguments."""

    def total(given):
        values = values_of(given)
        return jnp.sum(values), values

    (_, values), grads = jax.jit(jax.value_and_grad(total, has_aux=True))(given)
    return values, grads


@pytest.mark.parametrize("over", ["total", "mean"])
@pytest.mark.parametrize("row", answers.ROWS, ids=lambda row: row.name)
def test_answers_of_odd_tokens(row, over):
    """From tokens to a loss of answers, of which one or both are empty or odd."""
    _, named = floating(row)
    # Answers of either kind in turn, so that a pair also has one that is odd and one that is not.
    plain = (jnp.broadcast_to(SPREAD, POLICY.shape), jnp.ones_like(KEPT))
    odd, before = (POLICY, KEPT), (OTHER, KEPT)
    made_of = {
        "both": dict.fromkeys(LEARNED, odd) | dict.fromkeys(HELD, before),
        "one": dict.fromkeys(LEARNED, plain) | dict.fromkeys(HELD, plain),
    }
    made_of["one"] |= {"rejected": odd, "ref_rejected": before, "explored": odd}
    rest = {
        name: x if x.ndim == 0 else jnp.broadcast_to(x[0, :2], POLICY.shape[:2])
        for name, x in named.items()
        if name in BESIDE
    }
    of_tokens = named.keys() - rest.keys()

    def values_of(tokens):
        read = {
            name: jl.completions.reduced(tokens[name], where=kept[name], over=over)
            for name in of_tokens
        }
        return row.loss(*({name: (rest | read)[name] for name in named}).values())

    for answers_of in made_of.values():
        tokens = {name: answers_of[name][0] for name in of_tokens}
        kept = {name: answers_of[name][1] for name in of_tokens}
        values, grads = slopes(values_of, tokens)
        assert np.isfinite(values).all()
        for name, grad in grads.items():
            assert np.isfinite(grad).all(), name
            np.testing.assert_array_equal(grad[~kept[name]], 0, err_msg=f"padding of {name}")


def of_tokens(rows):
    """Losses of log-probabilities of tokens."""
    return [row for row in rows if DOMAINS[row.reads[0]].arguments[0] == "log_p"]


@pytest.mark.parametrize(
    "row", of_tokens((*steps.ROWS, *distillation.ROWS)), ids=lambda row: row.name
)
def test_policies_of_odd_tokens(row):
    """Averaged as the variants of GRPO do it, an answer without tokens is worth nothing."""
    names = DOMAINS[row.reads[0]].arguments
    own = row.accepts("where")
    loss = row.loss if own else jl.masked(row.loss)
    per_answer = row.reads[0].startswith("answer")
    sign = np.float32([1, -2])
    advantages = sign if per_answer else sign[:, None] * np.ones(TIME, np.float32)
    given = {name: OTHER for name in names} | {"log_p": POLICY, "advantages": advantages}
    shape = POLICY.shape[:-1] if per_answer else POLICY.shape
    given["advantages"] = jnp.broadcast_to(given["advantages"], shape)

    def values_of(given):
        values = loss(*(given[name] for name in names), where=KEPT)
        return values if row.gives == "row" else jl.mean(values, where=KEPT, axis=-1)

    values, grads = slopes(values_of, given)
    assert np.isfinite(values).all()
    assert np.isfinite(grads["log_p"]).all()
    np.testing.assert_array_equal(values[EMPTY], 0)
    np.testing.assert_array_equal(grads["log_p"][~KEPT], 0)


CLASSES = 4
LOGITS = np.float32([[0.5, -1, 2, 0], [1, 3, -2, -0.5], [0, 0, 0, 0]])
SURE = np.float32(1e4 * np.eye(TIME, CLASSES))
TAUGHT = {
    "ordinary": (LOGITS, LOGITS[::-1], ALL),
    "all padding": (NAN, NAN, NONE),
    "one token": (
        np.where(np.c_[FIRST], LOGITS, NAN),
        np.where(np.c_[FIRST], LOGITS[::-1], NAN),
        FIRST,
    ),
    "a sure student": (SURE, LOGITS, ALL),
    "a sure teacher": (LOGITS, SURE, ALL),
    "sure of something else": (SURE, -SURE, ALL),
    "equal": (LOGITS, LOGITS, ALL),
}


@pytest.mark.parametrize(
    "row",
    [
        r
        for r in distillation.ROWS
        if r.reads[0] in ("scores_of_teacher", "scores_of_other_teacher")
    ],
    ids=lambda row: row.name,
)
def test_students_of_odd_tokens(row):
    """A mean over the tokens of each answer, which may have none, or probabilities of exp(-1e4)."""
    student, teacher = (
        jnp.stack([jnp.broadcast_to(jnp.asarray(x[i], jnp.float32), LOGITS.shape) for x in cases])
        for cases in [TAUGHT.values()]
        for i in range(2)
    )
    kept = jnp.asarray([case[2] for case in TAUGHT.values()])

    def values_of(student):
        values = jl.masked(row.loss)(student, teacher, where=kept)
        return jl.mean(values, where=kept, axis=-1)

    values, grads = slopes(values_of, student)
    assert np.isfinite(values).all()
    assert np.isfinite(grads).all()
    np.testing.assert_array_equal(values[~np.any(kept, -1)], 0)
    np.testing.assert_array_equal(grads[~kept], 0)
