"""Adversarial objectives: what to minimise so that attacks do little.

A model is a function of inputs alone that closes over its parameters, and an attack takes an
objective, inputs and a key, with all of its options bound:

    attack = functools.partial(jl.attack.pgd, eps=8 / 255, steps=10, lower=0.0, upper=1.0)

    def terms(params, batch, key):
        parts = jl.attack.trades(
            lambda x: net.apply(params, x),
            batch["image"],
            batch["label"],
            key,
            loss=jl.classification.softmax_cross_entropy,
            attack=attack,
        )
        return {"clean": jl.average(parts.clean), "gap": jl.average(parts.gap)}

    objective = jl.objective(terms, weights={"gap": 6.0})

Values stand for examples, or for whatever the loss gives values for (the pixels of a mask), and are
to be averaged, masks and all. `parts.values` is what the paper minimises, and terms of the parts
with weights are the same, with each of them in the report; a compiled step does not compute what it
does not use. Attacks see the parameters as constants, and `eval_model` instead of the model if it
is given, for dropout and batch norm to hold still.

Adversarial weight perturbation (Wu et al. 2020, arXiv:2004.05884) moves the parameters, too, where
these objectives grow, before the gradient is taken. Optax has all of it: `optax.contrib.sam` around
an ascent that moves each layer in proportion to its size. The attacked inputs stay what they were:

    >>> import functools, jax, optax, jaxloss as jl
    >>> ascent = optax.chain(optax.scale_by_trust_ratio(), optax.sgd(5e-3))
    >>> optimizer = optax.contrib.sam(optax.sgd(0.1), ascent, opaque_mode=True)
    >>> def step(params, state, x, labels, key):
    ...     def value(params, attack):
    ...         model = lambda x: x @ params
    ...         parts = adversarial(model, x, labels, key, loss=loss, attack=attack)
    ...         return jnp.mean(parts.values), parts.attacked
    ...     attack = functools.partial(jl.attack.pgd, eps=0.1)
    ...     grads, attacked = jax.grad(value, has_aux=True)(params, attack)
    ...     again = lambda params, _: jax.grad(value, has_aux=True)(params, lambda *_: attacked)[0]
    ...     updates, state = optimizer.update(grads, state, params, grad_fn=again)
    ...     return optax.apply_updates(params, updates), state
    >>> loss = jl.classification.softmax_cross_entropy
    >>> params, x, labels = jnp.eye(2), jnp.eye(2), jnp.array([0, 1])
    >>> params, _ = jax.jit(step)(params, optimizer.init(params), x, labels, jax.random.key(0))
    >>> params
    Array([[ 1.0..., -0.0...],
           [-0.0...,  1.0...]], dtype=float32)

`optax.partition` with `optax.set_to_zero` leaves out biases and norms, as the paper does.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int, PyTree

from jaxloss.core.checks import labels as check_labels, vectors
from jaxloss.core.numerics import known, log_softmax, logsumexp, one_hot, pick
from jaxloss.objectives.attack.perturb import Attack

Model = Callable[[Any], Any]
Loss = Callable[[Any, Any], Array]


class Robust(NamedTuple):
    """An adversarial objective and its parts, one value for each example.

    Attributes:
        values: the objective, as the paper weighs its parts.
        clean: loss of the inputs as they are.
        robust: loss of the attacked inputs.
        gap: what the attack did to the outputs, as the method measures it.
        outputs: of the model for the inputs as they are.
        robust_outputs: of the model for the attacked inputs.
        attacked: the attacked inputs, a constant.
    """

    values: Float[Array, "*batch"]
    clean: Float[Array, "*batch"]
    robust: Float[Array, "*batch"]
    gap: Float[Array, "*batch"]
    outputs: PyTree[Array]
    robust_outputs: PyTree[Array]
    attacked: PyTree[Array]


def adversarial(
    model: Model,
    x: PyTree[ArrayLike],
    target: PyTree[ArrayLike],
    key: Array | None,
    *,
    loss: Loss,
    attack: Attack,
    eval_model: Model | None = None,
) -> Robust:
    """Reward a low loss on attacked inputs: adversarial training, for any model and loss.

    Formula: `loss(model(x'), target)`, where the attack makes `x'` raise this loss; `gap` is how
    much it did.

    Args:
        model: from inputs to outputs.
        x: inputs.
        target: whatever the loss compares outputs with.
        key: for the attack.
        loss: of outputs and target, a value for each example (or more, which are then added up for
            the attack).
        attack: an attack with its options bound.
        eval_model: what the attack sees instead of the model.

    Returns:
        The objective and its parts.

    Example:
        >>> import jax, jaxloss as jl
        >>> from functools import partial
        >>> attack = partial(jl.attack.pgd, eps=0.5, steps=3)
        >>> model = lambda x: 2 * x[:, 0]
        >>> loss = jl.regression.squared_error
        >>> x, target, key = jnp.array([[1.0]]), jnp.array([3.0]), jax.random.key(0)
        >>> parts = adversarial(model, x, target, key, loss=loss, attack=attack)
        >>> parts.clean, parts.robust
        (Array([1.], dtype=float32), Array([4.], dtype=float32))

    Reference: Madry et al. 2018, arXiv:1706.06083.
    """
    inner = model if eval_model is None else eval_model
    attacked = attack(lambda z: _by_example(loss(inner(z), target)), x, key)
    outputs, robust_outputs = model(x), model(attacked)
    clean, robust = loss(outputs, target), loss(robust_outputs, target)
    return Robust(robust, clean, robust, robust - clean, outputs, robust_outputs, attacked)


def trades(
    model: Model,
    x: PyTree[ArrayLike],
    target: PyTree[ArrayLike],
    key: Array | None,
    *,
    loss: Loss,
    attack: Attack,
    beta: ArrayLike = 6.0,
    eval_model: Model | None = None,
) -> Robust:
    """Reward a low loss on clean inputs, and the same probabilities for attacked ones.

    Formula: `loss(model(x), target) + beta * gap` with `gap = kl(p, p')`, the divergence of the
    probabilities for `x` from those for `x'`, which the attack makes grow. Its gradient at `x` is
    zero: attack from noise, as `pgd` does unless told otherwise, not by `fgsm`.

    Args:
        model: from inputs to logits, classes on the last axis.
        x: inputs.
        target: whatever the loss compares logits with; the attack does not look at it.
        key: for the attack.
        loss: of logits and target, a value for each row of logits.
        attack: an attack with its options bound; the paper's starts from `init="normal"`.
        beta: weight of the gap, the inverse of the paper's lambda; non-negative.
        eval_model: what the attack sees instead of the model.

    Returns:
        The objective and its parts.

    Example:
        >>> import jax, jaxloss as jl
        >>> from functools import partial
        >>> attack = partial(jl.attack.pgd, eps=0.5, steps=3)
        >>> loss = jl.classification.softmax_cross_entropy
        >>> model = lambda x: jnp.concatenate([x, -x], axis=-1)
        >>> x, labels, key = jnp.array([[1.0]]), jnp.array([0]), jax.random.key(0)
        >>> parts = trades(model, x, labels, key, loss=loss, attack=attack)
        >>> parts.clean, parts.gap
        (Array([0.1269], dtype=float32), Array([0.0409], dtype=float32))

    Reference: Zhang et al. 2019, arXiv:1901.08573.
    """
    outputs = model(x)
    attacked = _divergent(model, outputs, x, key, attack, eval_model)
    robust_outputs = model(attacked)
    gap = _kl(_log_p(outputs), _log_p(robust_outputs))
    clean, robust = loss(outputs, target), loss(robust_outputs, target)
    return Robust(clean + beta * gap, clean, robust, gap, outputs, robust_outputs, attacked)


def mart(
    model: Model,
    x: PyTree[ArrayLike],
    labels: Int[ArrayLike, "*batch"],
    key: Array | None,
    *,
    attack: Attack,
    beta: ArrayLike = 6.0,
    eval_model: Model | None = None,
) -> Robust:
    """Reward right and clear answers to attacked inputs, above all where clean ones are wrong.

    Formula: `robust + beta * gap` with `robust = -log(p'[label]) - log(1 - max(p'[wrong]))` and
    `gap = kl(p, p') * (1 - p[label])`, of the probabilities `p` for `x` and `p'` for `x'`; the
    attack makes the cross-entropy `-log(p'[label])` grow. Nothing is clipped (the authors' code
    adds 1e-4 within the logarithm).

    Args:
        model: from inputs to logits, classes on the last axis.
        x: inputs.
        labels: class of each row of logits; NaN with gradient 0 for one out of range.
        key: for the attack.
        attack: an attack with its options bound.
        beta: weight of the gap, the paper's lambda; non-negative.
        eval_model: what the attack sees instead of the model.

    Returns:
        The objective and its parts; `clean` is the cross-entropy.

    Example:
        >>> import jax, jaxloss as jl
        >>> from functools import partial
        >>> attack = partial(jl.attack.pgd, eps=0.5, steps=3)
        >>> model = lambda x: jnp.concatenate([x, -x], axis=-1)
        >>> x, labels, key = jnp.array([[1.0]]), jnp.array([0]), jax.random.key(0)
        >>> parts = mart(model, x, labels, key, attack=attack)
        >>> parts.robust, parts.gap
        (Array([0.6265], dtype=float32), Array([0.008], dtype=float32))

    Reference: Wang et al. 2020, https://openreview.net/forum?id=rklOg6EFwS.
    """
    inner = model if eval_model is None else eval_model

    def of_labels(logits: Array) -> tuple[Array, Array, Array]:
        scores, right = check_labels(logits, labels)
        log_p = log_softmax(scores)
        return log_p, right, -pick(log_p, right)

    attacked = attack(lambda z: _by_example(of_labels(inner(z))[2]), x, key)
    outputs, robust_outputs = model(x), model(attacked)
    (log_p, right, clean), (log_q, _, robust) = of_labels(outputs), of_labels(robust_outputs)
    robust = robust - _log_without_best_wrong(log_q, right)
    gap = _kl(log_p, log_q) * -jnp.expm1(-clean)
    # Last, since what is NaN for an unknown label must not be a factor of what has a gradient.
    clean, robust, gap = (known(part, right, log_p.shape[-1]) for part in (clean, robust, gap))
    return Robust(robust + beta * gap, clean, robust, gap, outputs, robust_outputs, attacked)


def alp(
    model: Model,
    x: PyTree[ArrayLike],
    target: PyTree[ArrayLike],
    key: Array | None,
    *,
    loss: Loss,
    attack: Attack,
    beta: ArrayLike = 0.5,
    eval_model: Model | None = None,
) -> Robust:
    """Reward a low loss on clean and on attacked inputs, and logits alike: logit pairing.

    Formula: `(clean + robust) / 2 + beta * gap` with `gap = sum((model(x) - model(x'))**2)` over
    the classes, where the attack makes the loss `robust` of `x'` grow.

    Args:
        model: from inputs to logits, classes on the last axis.
        x: inputs.
        target: whatever the loss compares logits with.
        key: for the attack.
        loss: of logits and target, a value for each row of logits.
        attack: an attack with its options bound.
        beta: weight of the gap, the paper's lambda; non-negative.
        eval_model: what the attack sees instead of the model.

    Returns:
        The objective and its parts.

    Example:
        >>> import jax, jaxloss as jl
        >>> from functools import partial
        >>> attack = partial(jl.attack.pgd, eps=0.5, steps=3)
        >>> loss = jl.classification.softmax_cross_entropy
        >>> model = lambda x: jnp.concatenate([x, -x], axis=-1)
        >>> x, labels, key = jnp.array([[1.0]]), jnp.array([0]), jax.random.key(0)
        >>> alp(model, x, labels, key, loss=loss, attack=attack).gap
        Array([0.5], dtype=float32)

    Reference: Kannan et al. 2018, arXiv:1803.06373.
    """
    parts = adversarial(model, x, target, key, loss=loss, attack=attack, eval_model=eval_model)
    clean, robust = vectors(outputs=parts.outputs, robust_outputs=parts.robust_outputs)
    gap = jnp.sum(jnp.square(clean - robust), axis=-1)
    return parts._replace(values=(parts.clean + parts.robust) / 2 + beta * gap, gap=gap)


def virtual_adversarial(
    model: Model,
    x: PyTree[ArrayLike],
    key: Array | None,
    *,
    attack: Attack,
    eval_model: Model | None = None,
) -> Float[Array, "*batch"]:
    """Reward the same probabilities all around an input, without a label.

    Formula: `kl(p, p')` of the probabilities `p` for `x`, a constant, and `p'` for `x'`.

    Args:
        model: from inputs to logits, classes on the last axis.
        x: inputs, labelled or not.
        key: for the attack.
        attack: an attack with its options bound; the paper's is `power_iteration`.
        eval_model: what the attack sees instead of the model.

    Returns:
        One value for each row of logits; a term beside any loss of labelled inputs.

    Example:
        >>> import jax, jaxloss as jl
        >>> from functools import partial
        >>> attack = partial(jl.attack.power_iteration, eps=0.5)
        >>> model = lambda x: jnp.stack([x[:, 0], -x[:, 0]], axis=-1)
        >>> virtual_adversarial(model, jnp.zeros((1, 2)), jax.random.key(0), attack=attack)
        Array([0.1201], dtype=float32)

    Reference: Miyato et al. 2018, arXiv:1704.03976.
    """
    outputs = model(x)
    attacked = _divergent(model, outputs, x, key, attack, eval_model)
    return _kl(lax.stop_gradient(_log_p(outputs)), _log_p(model(attacked)))


def _divergent(
    model: Model,
    outputs: Array,
    x: PyTree[ArrayLike],
    key: Array | None,
    attack: Attack,
    eval_model: Model | None,
) -> PyTree[Array]:
    """Inputs that an attack moves away from what a model says of them."""
    inner = model if eval_model is None else eval_model
    reference = _log_p(outputs if eval_model is None else eval_model(x))
    return attack(lambda z: _by_example(_kl(reference, _log_p(inner(z)))), x, key)


def _by_example(values: Array) -> Array:
    """Values summed over all axes but the first, for the attack."""
    return jnp.sum(values, axis=tuple(range(1, values.ndim)))


def _log_p(logits: ArrayLike) -> Array:
    (scores,) = vectors(logits=logits)
    return log_softmax(scores)


def _kl(log_p: Array, log_q: Array) -> Array:
    """Divergence of `q` from `p` over the last axis; classes without probability count nothing."""
    possible = log_p > -jnp.inf
    gap = jnp.where(possible, log_p, 0) - jnp.where(possible, log_q, 0)
    return jnp.sum(jnp.exp(log_p) * gap, axis=-1)


def _log_without_best_wrong(log_p: Array, labels: Array) -> Array:
    """Log of what all classes but the likeliest wrong one add up to: of 1 less its probability."""
    count = log_p.shape[-1]
    wrong = jnp.where(one_hot(labels, count), -jnp.inf, lax.stop_gradient(log_p))
    best = one_hot(jnp.argmax(wrong, axis=-1), count) & (wrong > -jnp.inf)
    return logsumexp(log_p, where=~best)
