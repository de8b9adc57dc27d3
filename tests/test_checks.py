"""Errors of the first line: they name the argument, its shape or dtype, and what to do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from jaxloss import checks
from jaxloss.testing.case import float64


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: jl.regression.huber(jnp.ones((3, 1)), jnp.ones(3)),
            ValueError,
            r"expected equal shapes, got `pred` \(3, 1\), `target` \(3,\)",
        ),
        (
            lambda: jl.regression.huber(jnp.ones(3), jnp.ones(3), delta=jnp.ones(2)),
            ValueError,
            r"`delta` of shape \(2,\) does not broadcast to \(3,\)",
        ),
        (
            lambda: jl.regression.huber(jnp.ones(3), jnp.ones(3), delta=jnp.ones((2, 3))),
            ValueError,
            r"`delta` of shape \(2, 3\) does not broadcast to \(3,\)",
        ),
        (lambda: jl.regression.huber("a", 1.0), TypeError, "expected an array for `pred`, got str"),
        (lambda: jl.regression.huber(None, 1.0), TypeError, "`pred`"),
        (lambda: jl.regression.huber(1j, 1.0), TypeError, "expected real numbers for `pred`"),
        (
            lambda: jl.classification.softmax_cross_entropy(
                jnp.ones((4, 3)), jnp.ones((4, 1), int)
            ),
            ValueError,
            r"`target` of shape \(4,\), one for each row of `logits` \(4, 3\), got \(4, 1\)",
        ),
        (
            lambda: jl.classification.softmax_cross_entropy(
                jnp.ones((4, 3)), jnp.ones((4, 3), int)
            ),
            ValueError,
            "a distribution over classes must be floating point",
        ),
        (
            lambda: jl.classification.softmax_cross_entropy(jnp.ones((4, 3)), jnp.ones(4)),
            ValueError,
            r"got float32 of shape \(4,\): labels that are floating point have to be made integers",
        ),
        (
            lambda: jl.huber_loss,
            AttributeError,
            "no attribute 'huber_loss'; there is `jl.regression.huber` and",
        ),
        (lambda: jl.analysiss, AttributeError, "`jaxloss list --from torch`"),
        (
            lambda: jl.classification.nll(jnp.ones((4, 3)), jnp.ones((4, 3))),
            TypeError,
            "expected integer `labels`, got float32",
        ),
        (
            lambda: jl.agreement.cosine_distance(1.0, 1.0),
            ValueError,
            "expected `pred` with at least one axis",
        ),
        (
            lambda: jl.agreement.cosine_distance(
                jnp.ones((2, 3)), jnp.ones((2, 3)), where=[1, 1, 0]
            ),
            TypeError,
            "expected boolean `where`",
        ),
        (
            lambda: jl.agreement.cosine_distance(
                jnp.ones((2, 3)), jnp.ones((2, 3)), where=[True, False]
            ),
            ValueError,
            r"expected `where` of shape \(2, 3\), got \(2,\)",
        ),
        (
            lambda: jl.classification.softmax_cross_entropy(
                jnp.ones((2, 3)), jnp.zeros(2, int), class_weights=jnp.ones(2)
            ),
            ValueError,
            r"expected `class_weights` of shape \(3,\)",
        ),
        (
            lambda: jl.agreement.normalized_root_mean_squared_error(
                jnp.ones(2), jnp.ones(2), normalizer="variance"
            ),
            ValueError,
            "'variance'",
        ),
        (
            lambda: jl.margin.cosine_embedding(
                jnp.ones((2, 3)), jnp.ones((2, 3)), jnp.ones((2, 1))
            ),
            ValueError,
            r"expected `target` of shape \(2,\), got \(2, 1\)",
        ),
        (
            lambda: jl.sampled.negative_sampling(
                jnp.ones((2, 3)), jnp.ones((4, 5)), jnp.zeros(2, int), sampled=jnp.zeros(2, int)
            ),
            ValueError,
            r"expected `kernel` \(dim, classes\) for `features` \(2, 3\), got \(4, 5\)",
        ),
        (
            lambda: jl.sampled.adaptive_softmax(
                jnp.ones((2, 1)), [jnp.ones((2, 2))] * 2, jnp.zeros(2, int)
            ),
            ValueError,
            "no gate for each of 2 clusters",
        ),
    ],
)
def test_message(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_errors_are_raised_while_tracing():
    with pytest.raises(ValueError, match="`target`"):
        jax.jit(jl.regression.huber)(jnp.ones(3), jnp.ones((3, 1)))


def test_dtypes_are_promoted_to_float32_at_least():
    for given in (1, 1.5, True, np.int8(3), np.float16(1), np.float64(1), jnp.bfloat16(1)):
        (array,) = checks.same_shape(x=given)
        assert array.dtype == jnp.float32
    with float64():
        assert checks.same_shape(x=1.5)[0].dtype == jnp.float32, "a Python number has no width"
        assert checks.same_shape(x=np.ones(2))[0].dtype == jnp.float64


def test_hyperparameters_do_not_widen():
    with float64():
        values = jl.regression.huber(np.ones(2, np.float32), np.zeros(2, np.float32), delta=1.0)
        assert values.dtype == jnp.float32


def test_require_costs_nothing_unless_checked():
    def never() -> jax.Array:
        raise AssertionError("evaluated")

    checks.require(never, "unused")
