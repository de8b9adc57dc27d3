"""Adversarial training on handwritten digits, attacked harder than it was trained."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import NDArray
from sklearn.datasets import load_digits

import jaxloss as jl
from benchmarks.studies import Study, estimate
from jaxloss.analysis.plots import GROUNDS, drawing, png

Params = dict[str, Array]
LEVELS = 16
"""Of grey; a radius of one level is 1 / 16."""
EPS = 2 / LEVELS
RADII = np.array([0, 0.5, 1, 1.5, 2, 2.5, 3, 4]) / LEVELS
TRAINED = {"eps": EPS, "lower": 0.0, "upper": 1.0}
cross_entropy = jl.classification.softmax_cross_entropy


class Size(NamedTuple):
    """How much work a study is."""

    seeds: int
    train: int
    test: int
    hidden: int
    updates: int
    batch: int
    attack_steps: int
    strong_steps: int
    restarts: int


def model(params: Params, x: Array) -> Array:
    """Logits of a network with one hidden layer."""
    hidden = jax.nn.relu(x @ params["first"] + params["bias"])
    return hidden @ params["last"] + params["offset"]


def methods(size: Size) -> Mapping[str, Callable[..., Array]]:
    """What is minimised, by name: of parameters, a batch and a key."""
    attack = functools.partial(jl.attack.pgd, steps=size.attack_steps, **TRAINED)
    near = functools.partial(attack, init="normal")

    def plain(params: Params, x: Array, labels: Array, key: Array) -> Array:
        return jnp.mean(cross_entropy(model(params, x), labels))

    def robust(method: Callable[..., jl.attack.Robust]) -> Callable[..., Array]:
        def value(params: Params, x: Array, labels: Array, key: Array) -> Array:
            return jnp.mean(method(functools.partial(model, params), x, labels, key).values)

        return value

    return {
        "cross-entropy": plain,
        "PGD training": robust(
            functools.partial(jl.attack.adversarial, loss=cross_entropy, attack=attack)
        ),
        "TRADES": robust(functools.partial(jl.attack.trades, loss=cross_entropy, attack=near)),
        "MART": robust(functools.partial(jl.attack.mart, attack=near)),
    }


class Found(NamedTuple):
    """What one seed of a method comes to."""

    weak: Array
    strong: Array
    masking: jl.attack.Masking


def trained(value: Callable[..., Array], x: Array, labels: Array, key: Array, size: Size) -> Params:
    """Parameters after training with Adam, in one scan."""
    first, last, batches = jax.random.split(key, 3)
    normal = jax.nn.initializers.he_normal()
    params = {
        "first": normal(first, (x.shape[1], size.hidden)),
        "bias": jnp.zeros(size.hidden),
        "last": normal(last, (size.hidden, 10)),
        "offset": jnp.zeros(10),
    }
    optimizer = optax.adam(optax.cosine_decay_schedule(5e-3, size.updates))

    def update(carry: Any, key: Array) -> tuple[Any, None]:
        params, state = carry
        draw, attack = jax.random.split(key)
        chosen = jax.random.choice(draw, len(x), (size.batch,), replace=False)
        grads = jax.grad(value)(params, x[chosen], labels[chosen], attack)
        updates, state = optimizer.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), None

    carry = (params, optimizer.init(params))
    (params, _), _ = jax.lax.scan(update, carry, jax.random.split(batches, size.updates))
    return params


def attacked(params: Params, x: Array, labels: Array, key: Array, size: Size) -> Found:
    """Accuracy by radius under the attack of training and under stronger ones, and masking."""

    def right(z: Array) -> Array:
        return jnp.argmax(model(params, z), axis=-1) == labels

    def raising(loss: Callable[..., Array]) -> Callable[[Array], Array]:
        return lambda z: loss(model(params, z), labels)

    region = {"lower": 0.0, "upper": 1.0}
    often = functools.partial(jl.attack.auto_pgd, steps=size.strong_steps, **region)
    often = jl.attack.restarted(often, size.restarts)
    longer = functools.partial(jl.attack.pgd, steps=size.strong_steps, best=True, **region)

    def at(eps: Array) -> tuple[Array, Array]:
        weak = functools.partial(jl.attack.pgd, steps=size.attack_steps, **region)
        weak = weak(raising(cross_entropy), x, key, eps=eps)
        # Whoever falls to one of them has fallen.
        stands = right(x)
        for attack, loss in (
            (often, cross_entropy),
            (often, jl.adversarial.dlr),
            (longer, cross_entropy),
        ):
            stands &= right(attack(raising(loss), x, key, eps=eps))
        return jnp.mean(right(weak)), jnp.mean(stands)

    weak, strong = jax.lax.map(at, jnp.asarray(RADII, jnp.float32))
    steps = (1, size.attack_steps, size.strong_steps)
    masking = jl.attack.masking_report(
        raising(functools.partial(jl.adversarial.carlini_wagner, margin=jnp.inf)),
        right,
        x,
        key,
        eps=jnp.array([EPS / 2, EPS, 1.0]),
        steps=steps,
        **region,
    )
    return Found(weak, strong, masking)


def run(*, seeds: int = 8, quick: bool = False) -> Study:
    """Train with each method, attack the results, and compare.

    Args:
        seeds: of each method: initial parameters, batches, and what is set aside for the test.
        quick: tiny sizes, to try it out.
    """
    size = Size(seeds, 1297, 500, 96, 800, 128, 7, 50, 3)
    if quick:
        size = Size(min(seeds, 2), 256, 32, 8, 20, 32, 2, 3, 1)
    images, digits = load_digits(return_X_y=True)
    images = jnp.asarray(images / LEVELS, jnp.float32)
    digits = jnp.asarray(digits, jnp.int32)

    def one_seed(value: Callable[..., Array], key: Array) -> Found:
        split, train, test = jax.random.split(key, 3)
        order = jax.random.permutation(split, len(images))
        learn, rest = order[: size.train], order[-size.test :]
        params = trained(value, images[learn], digits[learn], train, size)
        return attacked(params, images[rest], digits[rest], test, size)

    keys = jax.random.split(jax.random.key(0), size.seeds)
    found = {
        name: jax.device_get(jax.jit(jax.vmap(functools.partial(one_seed, value)))(keys))
        for name, value in methods(size).items()
    }
    trained_at = int(np.flatnonzero(RADII == EPS)[0])
    rows = [_row(name, one, trained_at) for name, one in found.items()]
    return Study(
        title="Adversarial training on handwritten digits",
        rows=rows,
        text=_words(found, trained_at, size),
        pictures={"robust": _picture(found, size)},
        settings={**size._asdict(), "eps": EPS, "radii": RADII.tolist()},
    )


def _row(name: str, found: Found, place: int) -> dict[str, Any]:
    signs = {sign: int(np.sum(seen)) for sign, seen in found.masking.signs.items()}
    shown = [f"{sign} ({count})" for sign, count in signs.items() if count]
    return {
        "method": name,
        "clean, %": estimate(100 * found.strong[:, 0]),
        "under the attack of training, %": estimate(100 * found.weak[:, place]),
        "under the strong attacks, %": estimate(100 * found.strong[:, place]),
        "signs of masking (seeds)": ", ".join(shown) or "none",
    }


def _words(found: Mapping[str, Found], place: int, size: Size) -> str:
    strong = {name: estimate(100 * one.strong[:, place]).mean for name, one in found.items()}
    clean = {name: estimate(100 * one.strong[:, 0]).mean for name, one in found.items()}
    weak = {name: estimate(100 * one.weak[:, place]).mean for name, one in found.items()}
    best, plain = max(strong, key=lambda name: strong[name]), "cross-entropy"
    lead = estimate(100 * (found[best].strong[:, place] - found["PGD training"].strong[:, place]))
    paired = (
        "" if best == "PGD training" else f" ({lead} points above PGD training on the same seeds)"
    )
    lost = max(weak[name] - strong[name] for name in found)
    signs = sorted(
        {
            f"`{sign}` of {name}"
            for name, one in found.items()
            for sign, seen in one.masking.signs.items()
            if np.any(seen)
        }
    )
    masking = (
        f"Signs of masked gradients were seen in {', '.join(signs)}."
        if signs
        else "No seed of any method shows a sign of masked gradients."
    )
    return (
        f"A network with one hidden layer of {size.hidden} learns 8 x 8 digits with {size.updates} "
        f"updates, and is attacked within {EPS * LEVELS:g} of {LEVELS} grey levels "
        f"({size.attack_steps} steps in training). The strong attacks are AutoPGD with "
        f"cross-entropy and with the DLR loss ({size.strong_steps} steps, {size.restarts} restarts "
        f"each) and PGD with as many steps; an example counts only if it withstands all of them. "
        f"Means over {size.seeds} seeds and their standard errors.\n\n"
        f"Trained with plain cross-entropy, the network is right for {clean[plain]:.1f} % of clean "
        f"inputs and {strong[plain]:.1f} % of attacked ones. {best} does best under attack: "
        f"{strong[best]:.1f} %{paired}, at {clean[best]:.1f} % for clean inputs. The strong "
        f"attacks find up to {lost:.1f} points more than the attack of training does. {masking} "
        "These attacks are weaker than AutoAttack, which has black-box ones too, so that true "
        "robustness is at most what is shown."
    )


def _picture(found: Mapping[str, Found], size: Size) -> bytes:
    """Accuracy under the strong attacks against the radius."""
    soft = GROUNDS["light"]["soft"]
    with drawing() as colours:
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.add_subplot()
        axes.set_title("Accuracy under the strongest attack")
        for (name, one), colour, dash in zip(
            found.items(), colours, ("-", "--", ":", "-."), strict=False
        ):
            mean, error = _mean_and_error(np.asarray(one.strong))
            axes.plot(RADII * LEVELS, mean, dash, color=colour, label=name)
            axes.fill_between(
                RADII * LEVELS, mean - error, mean + error, color=colour, alpha=0.2, linewidth=0
            )
        axes.axvline(EPS * LEVELS, color=soft, linewidth=1, linestyle=(0, (1, 2)))
        axes.annotate(
            "trained",
            (EPS * LEVELS, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3, -3),
            textcoords="offset points",
            va="top",
            fontsize=8.5,
            color=soft,
        )
        axes.set_xlabel(f"radius, in grey levels of {LEVELS}")
        axes.set_ylabel(f"right of {size.test} test digits")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
        axes.xaxis.set_major_locator(MultipleLocator(1))
        axes.set_xlim(0, RADII[-1] * LEVELS)
        axes.set_ylim(0, 1)
        axes.legend(loc="lower left", handlelength=2.8)
        return png(figure)


def _mean_and_error(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    each = [estimate(column) for column in values.T]
    return np.array([one.mean for one in each]), np.nan_to_num([one.error for one in each])
