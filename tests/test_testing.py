"""Every property of the contract fails on a loss that breaks it, and `check` says which."""

import itertools

import jax
import jax.numpy as jnp
import pytest

from jaxloss import checks, classification, numerics, regression, testing
from jaxloss.domains import DOMAINS
from jaxloss.testing import claims, properties


def averaging(pred, target):
    return jnp.mean(regression.squared_error(pred, target))


def whole_batch(pred, target):
    pred, target = checks.same_shape(pred=pred, target=target)
    return jnp.square(pred - target - jnp.mean(pred))


def counting():
    calls = itertools.count()
    return lambda pred, target: regression.squared_error(pred, target) + next(calls)


def wrong_slope(pred, target):
    value = regression.squared_error(pred, target)
    return 2 * value - jax.lax.stop_gradient(value)


_wrong_curvature = numerics.with_partials(
    jnp.square, lambda x: 2 * (2 * x - jax.lax.stop_gradient(x))
)


def wrong_curvature(pred, target):
    pred, target = checks.same_shape(pred=pred, target=target)
    return _wrong_curvature(pred - target)


def unsafe_root(pred, target):
    return jnp.sqrt(regression.squared_error(pred, target))


def half_precision(pred, target):
    pred, target = jnp.asarray(pred), jnp.asarray(target)
    return jnp.square(pred - target).astype(jnp.float32)


def arrays_only(pred, target):
    return regression.squared_error(pred.astype(pred.dtype), target)


def broadcasting(pred, target):
    return jnp.square(jnp.asarray(pred) - jnp.asarray(target))


def python_branch(pred, target, *, delta=1.0):
    value = regression.squared_error(pred, target)
    return value if delta > 0 else -value


def unready_for_nothing(pred, target):
    return regression.squared_error(pred, target) + 0 * jnp.max(jnp.asarray(pred))


def coupled(pred, target):
    pred, target = checks.same_shape(pred=pred, target=target)
    return jnp.square(pred - target) + jnp.mean(pred)


def clamping(logits, labels):
    logits, labels = jnp.asarray(logits, jnp.float32), jnp.asarray(labels)
    return numerics.logsumexp(logits) - numerics.pick(logits, labels)


def counting_masked(pred, target, *, where=None):
    values = regression.squared_error(pred, target)
    return jnp.mean(values if where is None else jnp.where(where, values, 0), axis=-1)


def sized(pred, target):
    return jnp.shape(pred)[0] * regression.squared_error(pred, target)


def signed(pred, target):
    pred, target = checks.same_shape(pred=pred, target=target)
    return pred - target


def offset(pred, target):
    return regression.squared_error(pred, target) + 1


def lopsided(pred, target):
    return regression.quantile_huber(pred, target, quantile=0.9)


def concave(pred, target):
    return numerics.safe_sqrt(regression.absolute_error(pred, target))


BROKEN = {
    properties.gives_stated_shape_and_dtype: (averaging, "reals", "element"),
    properties.is_the_same_under_jit: (counting(), "reals", "element"),
    properties.maps_over_the_batch: (whole_batch, "reals", "element"),
    properties.differentiates_exactly: (wrong_slope, "reals", "element"),
    properties.differentiates_twice: (wrong_curvature, "reals", "element"),
    properties.is_finite_at_edges: (unsafe_root, "reals", "element"),
    properties.computes_in_float32: (half_precision, "reals", "element"),
    properties.welcomes_numpy_and_lists: (arrays_only, "reals", "element"),
    properties.rejects_unequal_shapes: (broadcasting, "reals", "element"),
    properties.keeps_strict_promotion: (broadcasting, "reals", "element"),
    properties.traces_hyperparameters: (python_branch, "reals", "element"),
    properties.serves_empty_batches: (unready_for_nothing, "reals", "element"),
    properties.ignores_masked_inputs: (coupled, "reals", "element"),
    properties.is_loud_about_unknown_labels: (clamping, "logits_labels", "row"),
    properties.raises_when_checked: (clamping, "logits_labels", "row"),
    properties.leaves_out_what_where_masks: (counting_masked, "vectors", "row"),
    properties.works_in_scan_and_checkpoint: (sized, "reals", "element"),
    properties.lifts_to_trees: (counting(), "reals", "element"),
    properties.shards_over_devices: (counting(), "reals", "element"),
    claims.never_falls_below_zero: (signed, "reals", "element"),
    claims.is_zero_for_perfect_predictions: (offset, "reals", "element"),
    claims.is_symmetric: (lopsided, "reals", "element"),
    claims.is_convex: (concave, "reals", "element"),
    claims.is_bounded: (regression.squared_error, "reals", "element"),
    claims.is_shift_invariant: (regression.squared_error, "reals", "element"),
    claims.is_scale_invariant: (regression.squared_error, "reals", "element"),
    claims.holds_weights_constant: (regression.squared_error, "reals", "element"),
}


def test_every_property_has_a_loss_that_breaks_it():
    assert set(BROKEN) == {*testing.PROPERTIES, *testing.CLAIMED.values()}


@pytest.mark.parametrize("prove", BROKEN, ids=lambda prove: prove.__name__)
def test_property_can_fail(prove):
    loss, domain, gives = BROKEN[prove]
    with pytest.raises((AssertionError, TypeError, ValueError, AttributeError)):
        prove(testing.Case(loss, DOMAINS[domain], gives))


def test_check_names_the_property():
    with pytest.raises(AssertionError) as caught:
        testing.check(wrong_slope, reads="reals", gives="element")
    assert "differentiates_exactly" in caught.value.__notes__[0]


def test_check_accepts_a_good_loss_with_claims():
    testing.check(
        regression.huber,
        reads="reals",
        gives="element",
        claims=("nonnegative", "zero_at_target", "convex"),
    )


def test_cost_sensitive_loss_of_ones_own():
    """False negatives cost ten times: by `pos_weight`, by hand, under the same contract."""

    def fraud(logits, target, *, miss=10.0):
        logits, target, miss = checks.elementwise(
            logits=logits, target=target, hyper={"miss": miss}
        )
        return miss * target * numerics.softplus(-logits) + (1 - target) * numerics.softplus(logits)

    testing.check(fraud, reads="logits_bits", gives="element", claims=("nonnegative", "convex"))
    logits, target = jnp.array([-2.0, 0.5]), jnp.array([1.0, 0.0])
    expected = classification.sigmoid_cross_entropy(logits, target, pos_weight=10.0)
    assert jnp.allclose(fraud(logits, target), expected)
