"""What is peculiar to generative losses: functions as arguments, noise levels at their ends."""

import itertools
from decimal import Decimal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from tests.oracles import critic as critics, diffusion as levels, flow as flows, score_matching

X = np.array([[0.5, -1.0], [2.0, 0.25], [0.0, 0.0]], np.float32)
Y = np.array([[1.0, 1.0], [-2.0, 0.5], [0.25, 0.0]], np.float32)
SHAPE = np.array([[2.0, 0.5], [0.0, 1.0]], np.float32)


def close(given, expected, rtol=1e-5):
    np.testing.assert_allclose(given, expected, rtol=rtol, atol=1e-6)


def finite(tree):
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree))


def bowl(x):
    return jnp.sum((x @ SHAPE) * x, axis=1)


def bowl_of_decimals(x):
    a, b, c = (Decimal(float(s)) for s in (SHAPE[0, 0], SHAPE[0, 1], SHAPE[1, 1]))
    return a * x[0] * x[0] + b * x[0] * x[1] + c * x[1] * x[1]


PENALTIES = {
    "two_sided": {"target": 2.0},
    "one_sided": {"bound": 0.5},
    "zero_centered": {},
}


@pytest.mark.parametrize("name", PENALTIES)
def test_penalties_know_the_slope(name):
    options, penalty = PENALTIES[name], getattr(jl.critic, name)
    found = jax.jit(lambda x: penalty(bowl, x, **options))(X)
    close(found, getattr(critics, name)(bowl_of_decimals, X, **options))


@pytest.mark.parametrize("name", PENALTIES)
def test_a_flat_critic_has_finite_gradients(name):
    def total(weights):
        return jnp.sum(getattr(jl.critic, name)(lambda x: jnp.tanh(x @ weights), X))

    zero = jnp.zeros(2)
    value, grad, curvature = jax.jit(
        lambda w: (*jax.value_and_grad(total)(w), jax.hessian(total)(w))
    )(zero)
    assert value == (3 if name == "two_sided" else 0)
    assert grad.tolist() == [0, 0]
    finite(curvature)


def test_penalties_train_the_critic_and_nothing_else():
    grad = jax.grad(lambda x: jnp.sum(jl.critic.zero_centered(bowl, x)))(X)
    assert not grad.any()


def test_scores_of_patches_add_up():
    images = X.reshape(3, 2, 1)
    patches = jl.critic.zero_centered(lambda x: 3 * x[..., 0], images)
    close(patches, [2 * 9 / 2] * 3)


def test_a_critic_must_score_each_example():
    with pytest.raises(ValueError, match=r"each of 3 examples, got shape \(\)"):
        jl.critic.zero_centered(jnp.sum, X)


def test_points_between_and_around():
    key = jax.random.key(0)
    share = jax.random.uniform(key, (3, 1), jnp.float32)
    close(jl.critic.between(X, Y, key), critics.between(X, Y, share))
    noise = jax.random.normal(key, (3, 2), jnp.float32)
    close(jl.critic.around(X, key, scale=0.25), critics.around(X, noise, scale=0.25))
    empty = jnp.zeros((0, 2))
    assert jl.critic.around(empty, key).shape == jl.critic.between(empty, empty, key).shape


def test_consistency_of_scores():
    found = jl.critic.consistency(lambda x: jnp.stack([x[:, 0], x[:, 1] ** 2], 1), X, Y)
    close(found, critics.consistency(lambda x: [x[0], x[1] ** 2], X, Y))


def test_path_length():
    def curved(w):
        return [w[0] * w[1], w[0], w[1] * w[1]]

    directions = np.array([[1, 0.5, -1], [0, 2, 1], [1, 1, 1]], np.float32)

    def generator(w):
        return jnp.stack(curved(w.T), axis=1)

    values, average = jax.jit(lambda w: jl.critic.path_length(generator, w, directions, 0.5))(X)
    expected, moved = critics.path_length(curved, X, directions, 0.5)
    close(values, expected)
    close(average, moved)

    def total(scale):
        return jnp.sum(jl.critic.path_length(lambda w: scale * w, X, Y, 1.0)[0])

    finite(jax.jit(jax.grad(total))(0.0))
    with pytest.raises(ValueError, match=r"`directions` of the shape of the examples \(3, 3\)"):
        jl.critic.path_length(generator, X, Y, 0.5)


WEIGHTS = {
    "log_uniform_weight": {},
    "log_truncated_snr_weight": {},
    "log_min_snr_weight": {"gamma": 3.0},
    "log_p2_weight": {"gamma": 0.5, "k": 2.0},
    "log_sigmoid_weight": {"bias": 1.0},
    "log_edm_weight": {"sigma_data": 0.25},
}
LEVELS = np.array([-20.0, -3.0, -0.5, 0.25, 1.0, 4.0, 20.0], np.float32)


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_are_the_papers(name):
    function, options = getattr(jl.diffusion, name), WEIGHTS[name]
    run = jax.jit(lambda x, options: function(x, **options))
    close(run(LEVELS, options), getattr(levels, name)(LEVELS, **options))
    if not options:
        for kind in ("noise", "data", "velocity"):
            if name == "log_uniform_weight":
                expected = levels.log_uniform_weight(LEVELS, predicts=kind)
                close(function(LEVELS, predicts=kind), expected)

    def total(x, options):
        return jnp.sum(jnp.exp(jnp.minimum(function(x, **options), 80)))

    slopes = jax.jit(jax.value_and_grad(total, (0, 1)))
    for far in (np.inf, -np.inf, 1e4, -1e4):
        finite(slopes(jnp.float32(far), options))


@pytest.mark.parametrize("kind", ["noise", "data", "velocity"])
def test_uniform_weights_cancel_at_every_level(kind):
    log_snr = jnp.array([jnp.inf, -jnp.inf, 1e4, -1e4, 0.0])
    pred = jnp.arange(10.0).reshape(5, 2)

    def total(pred, log_snr):
        weight = jl.diffusion.log_uniform_weight(log_snr, predicts=kind)
        values = jl.diffusion.prediction(
            pred, jnp.ones_like(pred), log_snr, predicts=kind, log_weight=weight
        )
        return jnp.sum(values), values

    run = jax.jit(jax.value_and_grad(total, (0, 1), has_aux=True))
    (_, values), grads = run(pred, log_snr)
    close(values, np.mean((np.arange(10.0).reshape(5, 2) - 1) ** 2, axis=1))
    close(grads[0], pred - 1)
    close(grads[1], np.zeros(5))


def test_three_predictions_of_one_model_cost_the_same():
    log_snr = jnp.array([-2.0, 0.0, 3.0])
    alpha, sigma = jl.diffusion.scales(log_snr)
    data, noise = jnp.asarray(X), jnp.asarray(Y)
    x = alpha[:, None] * data + sigma[:, None] * noise
    target = {
        "noise": noise,
        "data": data,
        "velocity": alpha[:, None] * noise - sigma[:, None] * data,
    }
    guess = noise + 0.5
    costs = []
    for kind, right in target.items():
        pred = jl.diffusion.convert(guess, x, alpha, sigma, given="noise", to=kind)
        costs.append(jl.diffusion.prediction(pred, right, log_snr, predicts=kind))
    for cost in costs:
        close(cost, [0.25] * 3, rtol=1e-4)


KINDS = ("noise", "data", "velocity")


@pytest.mark.parametrize(("given", "to"), [*itertools.product(KINDS, (*KINDS, "score"))])
def test_conversions(given, to):
    alpha, sigma = np.array([0.8, 0.0, 1.0], np.float32), np.array([0.6, 1.0, 0.0], np.float32)

    def convert(*arrays):
        return jl.diffusion.convert(*arrays, given=given, to=to)

    def total(*arrays):
        return jnp.sum(convert(*arrays))

    arrays = (X, Y, alpha, sigma)
    values, grads = jax.jit(lambda *a: (convert(*a), jax.grad(total, (0, 1, 2, 3))(*a)))(*arrays)
    close(values, levels.convert(*arrays, given=given, to=to))
    finite(grads)


def test_schedule_and_scales():
    t = np.linspace(0, 1, 9).astype(np.float32)
    close(jl.diffusion.cosine_log_snr(t), levels.cosine_log_snr(t), rtol=1e-4)
    finite(jax.jit(jax.vmap(jax.grad(jl.diffusion.cosine_log_snr)))(t))
    ends = np.array([np.inf, -np.inf, 0.5], np.float32)
    for found, expected in zip(jl.diffusion.scales(ends), levels.scales(ends), strict=True):
        close(found, expected)
    finite(jax.jit(jax.jacrev(jl.diffusion.scales))(ends))


def test_edm_is_the_papers_error_of_the_denoiser():
    sigma = np.array([0.1, 1.0, 50.0], np.float32)
    skip, out, scale, label = jl.diffusion.edm_preconditioning(sigma)
    expected = levels.edm_preconditioning(sigma)
    for one, other in zip((skip, out, scale, label), expected, strict=True):
        close(one, other)
    noisy = X + sigma[:, None] * Y
    pred = jnp.sin(scale[:, None] * noisy)
    denoised = skip[:, None] * noisy + out[:, None] * pred
    weight = (sigma**2 + 0.25) / (sigma * 0.5) ** 2
    paper = weight * np.mean((denoised - X) ** 2, axis=1)
    close(jl.diffusion.edm(pred, X, Y, sigma), paper, rtol=1e-3)
    slopes = jax.jit(jax.jacrev(jl.diffusion.edm_preconditioning))
    finite(slopes(jnp.array([0.0, 1e30])))


@pytest.mark.parametrize("where", [(3, 1), (2,)])
def test_levels_lead_the_axes_of_examples(where):
    with pytest.raises(ValueError, match=r"`log_snr` with one number for each example"):
        jl.diffusion.prediction(X, Y, np.zeros(where))


def test_images_have_one_level_each():
    images = np.arange(24, dtype=np.float32).reshape(2, 2, 3, 2)
    found = jl.diffusion.prediction(images, 0 * images, [0.0, 1.0])
    close(found, np.mean(images**2, axis=(1, 2, 3)))


def gaussian_velocity(x, t, mean, spread):
    """Mean velocity of lines from standard normal noise to a normal distribution."""
    t = t[:, None]
    slope = (t * spread**2 - (1 - t)) / ((1 - t) ** 2 + t**2 * spread**2)
    return mean + slope * (x - t * mean)


def test_the_exact_flow_leads_to_the_data():
    mean, spread = jnp.array([2.0, -1.0]), jnp.array([0.5, 3.0])
    run = jax.jit(
        lambda z: jl.flow.transported(lambda x, t: gaussian_velocity(x, t, mean, spread), z)
    )
    close(run(X), mean + spread * X, rtol=5e-3)


def test_a_mean_velocity_is_the_minimum_of_flow_matching():
    # Two lines through one point: least squares is their mean.
    noise, data = jnp.array([[0.0], [4.0]]), jnp.array([[4.0], [0.0]])
    points = jl.flow.interpolated(noise, data, [0.5, 0.5])
    assert points.tolist() == [[2], [2]]
    slope = jax.grad(lambda v: jl.mean(jl.flow.flow_matching(v + 0 * points, noise, data)))(0.0)
    assert slope == 0


def test_steps_of_a_flow_equal_the_oracle():
    found = jl.flow.transported(lambda x, t: jnp.sin(x) * t[:, None], X, steps=5)
    close(found, flows.transported(lambda x, t: np.sin(x) * t[:, None], X, steps=5))


def test_pairs_are_the_shortest():
    rng = np.random.default_rng(0)
    for n, m in ((5, 5), (3, 6), (1, 1), (0, 0)):
        noise, data = rng.standard_normal((n, 2, 2)), rng.standard_normal((m, 2, 2))
        found = jax.jit(jl.flow.paired)(noise, data)
        assert found.tolist() == flows.paired(noise, data).tolist()
    with pytest.raises(ValueError, match="at least as many data"):
        jl.flow.paired(noise=X, data=X[:2])


def mean_model(lib, power=1.0):
    return lambda x, begin, end: power * lib.sin(x) * begin[:, None] + x * end[:, None] ** 2


def test_mean_flow_holds_its_target():
    begin, end = np.array([0.1, 0.5, 0.5], np.float32), np.array([0.9, 0.5, 1.0], np.float32)

    def values(power):
        return jl.flow.mean_flow(mean_model(jnp, power), X, Y, begin, end)

    teacher = mean_model(np)
    close(jax.jit(values)(1.0), flows.mean_flow(teacher, X, Y, begin, end), rtol=1e-4)

    def oracle(power):
        return flows.mean_flow(mean_model(np, power), X, Y, begin, end, held=teacher).sum()

    slope = (oracle(1 + 1e-5) - oracle(1 - 1e-5)) / 2e-5
    close(jax.jit(jax.grad(lambda power: jnp.sum(values(power))))(1.0), slope, rtol=1e-4)


def test_where_times_are_equal_mean_flow_is_flow_matching():
    time = np.full(3, 0.25, np.float32)
    model = mean_model(jnp)
    pred = model(jl.flow.interpolated(X, Y, time), time, time)
    close(jl.flow.mean_flow(model, X, Y, time, time), jl.flow.flow_matching(pred, X, Y))


def test_consistency_training_holds_the_nearer_end():
    low, high = np.array([0.1, 0.5, 1.0], np.float32), np.array([0.3, 2.0, 1.0], np.float32)

    def model(lib, slope):
        return lambda x, sigma: lib.tanh(slope * x) / (1 + sigma[:, None])

    def values(slope):
        return jl.flow.consistency_training(model(jnp, slope), X, Y, low, high, delta=0.1)

    def both(slope):
        return jnp.sum(values(slope)), values(slope)

    (_, found), grad = jax.jit(jax.value_and_grad(both, has_aux=True))(1.0)
    close(found, flows.consistency_training(model(np, 1.0), X, Y, low, high, delta=0.1))
    near = model(np, 1.0)(X + low[:, None] * Y, low)

    def total(slope):
        far = model(jnp, slope)(X + high[:, None] * Y, high)
        return jnp.sum(jl.flow.consistency(far, near, delta=0.1)[:2] / (high - low)[:2])

    close(grad, jax.jit(jax.grad(total))(1.0))


def gaussian_score(x):
    return -(x @ SHAPE)


def test_score_matching_of_a_gaussian():
    exact = -np.trace(SHAPE) + np.sum((X @ SHAPE) ** 2, axis=1) / 2
    close(jl.score_matching.implicit(gaussian_score, X), exact)
    close(score_matching.implicit(gaussian_score, X), exact)
    signs = [
        np.broadcast_to(np.array(s, np.float32), X.shape)
        for s in itertools.product((-1, 1), repeat=2)
    ]
    each = jnp.stack([jl.score_matching.sliced(gaussian_score, X, v) for v in signs])
    close(jnp.mean(each, axis=0), exact)
    close(each[1], score_matching.sliced(gaussian_score, X, signs[1]))


def test_the_score_of_the_data_is_the_minimum():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4000, 1)).astype(np.float32) * 2
    variance = float(np.mean(x**2))

    def total(precision):
        return jnp.mean(jl.score_matching.implicit(lambda x: -precision * x, x))

    close(jax.grad(total)(1 / variance), 0.0)
    assert jax.grad(jax.grad(total))(1 / variance) > 0


def test_score_matching_of_images():
    images = X.reshape(3, 1, 2)
    values = jl.score_matching.implicit(lambda x: x**3, images)
    close(values, np.sum(3 * X**2 + X**6 / 2, axis=1))
    with pytest.raises(ValueError, match=r"a score of the shape of `x` \(3, 2\), got \(3,\)"):
        jl.score_matching.implicit(lambda x: x[:, 0], X)


def test_the_estimated_risk_is_the_true_one():
    rng = np.random.default_rng(0)
    clean, sigma = np.tile(np.array([2.0, -0.5]), (200_000, 1)), 0.5
    noisy = clean + sigma * rng.standard_normal(clean.shape)
    signs = rng.choice([-1.0, 1.0], clean.shape)
    pred, change = jax.jvp(jnp.tanh, (jnp.asarray(noisy),), (jnp.asarray(signs),))
    estimated = jl.score_matching.sure(pred, noisy, change, signs, sigma=sigma)
    np.testing.assert_allclose(
        np.mean(estimated, axis=0), np.mean((pred - clean) ** 2, axis=0), atol=5e-3
    )


def test_masked_tokens_cost_what_all_do_on_average():
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((3, 4)), np.array([0, 3, 1])
    masks = np.array([*itertools.product((False, True), repeat=3)])
    rate = 0.3
    chances = np.prod(np.where(masks, rate, 1 - rate), axis=1)
    each = jax.vmap(lambda where: jl.discrete_diffusion.masked(logits, labels, rate, where=where))
    whole = jnp.sum(jl.classification.softmax_cross_entropy(logits, labels))
    close(np.sum(chances * each(masks)), whole)


def test_labels_that_were_not_masked_do_not_matter():
    run = jax.value_and_grad(
        lambda z: jl.discrete_diffusion.masked(z, jnp.array([7, 1]), 0.5, where=[False, True])
    )
    value, grad = run(jnp.array([[jnp.nan, 0.0], [0.0, 0.0]]))
    close(value, 2 * np.log(2))
    assert grad[0].tolist() == [0, 0]


def test_codes_are_passed_through():
    book = jnp.array([[0.0, 0.0], [1.0, 1.0]])
    codes = book[jl.variational.nearest_codes(X, book)]
    values, pull = jax.vjp(lambda x: jl.variational.straight_through(x, codes), jnp.asarray(X))
    assert (values == codes).all()
    assert (pull(jnp.asarray(Y))[0] == Y).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jl.gan.lecam(X, Y, X, 0.0), r"a scalar `real_average`, got shape \(3, 2\)"),
        (lambda: jl.gan.relativistic_average(X, Y[0]), r"`behind` of shape \(\*batch, m\)"),
        (lambda: jl.variational.elbo(X, Y, 0.0), r"`log_likelihood` of shape \(3,\), got \(\)"),
        (lambda: jl.discrete_diffusion.masked(X[0], 1, 1.0), r"`logits` of shape \(\.\.\., length"),
        (lambda: jl.discrete_diffusion.masked(X, [1, 1, 0], [1.0] * 3), r"`rate` of shape \(\)"),
        (lambda: jl.critic.zero_centered(bowl, 1.0), r"`x` with an axis of examples"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_averages_move():
    assert jl.gan.moved_average(2.0, np.zeros((0, 3))) == 2
    close(jl.gan.moved_average(2.0, X, momentum=0.5), 1 + X.mean() / 2)
    assert jax.grad(lambda x: jl.gan.moved_average(x, X))(1.0) == 0
