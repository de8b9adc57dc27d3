"""Where to look next: strategies that are asked for candidates and told their fitness.

A strategy is a triple of pure functions over a state that is a pytree of arrays, as optimizers are
in Optax: it can be jitted, saved and resumed. Every strategy here starts from the same
distribution, a standard normal around 0, and maximises; it sees ranks only, so that fitness of
`-inf` (a candidate that broke) is a value like any other.
"""

import functools
import importlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int, Key, PyTree


class Strategy(NamedTuple):
    """How to search.

    Attributes:
        init: gives the first state.
        ask: from a key and the state, candidates and a state.
        tell: from candidates, their fitness and the state, the next state.
        guess: from the state, the best point as far as the strategy knows.
    """

    init: Callable[[Array], PyTree]
    ask: Callable[[Array, PyTree], tuple[Array, PyTree]]
    tell: Callable[[Array, Array, PyTree], PyTree]
    guess: Callable[[PyTree], Array]


class Snes(NamedTuple):
    """State of `snes`."""

    mean: Float[Array, " size"]
    sigma: Float[Array, " size"]


def snes(size: int, population: int) -> Strategy:
    """Separable natural evolution: a normal distribution with a deviation for each coordinate.

    Args:
        size: number of coordinates.
        population: candidates in a generation, at least 2.

    Reference: Schaul, Glasmachers and Schmidhuber 2011, doi:10.1145/2001576.2001692.
    """
    rate = (3 + jnp.log(size)) / (5 * jnp.sqrt(size))
    raw = jnp.maximum(0, jnp.log(population / 2 + 1) - jnp.log(jnp.arange(1, population + 1)))
    utilities = raw / raw.sum() - 1 / population

    def ask(key: Key[Array, ""], state: Snes) -> tuple[Array, Snes]:
        draws = jax.random.normal(key, (population, size))
        return state.mean + state.sigma * draws, state

    def tell(thetas: Array, fitness: Array, state: Snes) -> Snes:
        draws = ((thetas - state.mean) / state.sigma)[_ranked(fitness)]
        return Snes(
            state.mean + state.sigma * (utilities @ draws),
            state.sigma * jnp.exp(rate / 2 * (utilities @ (jnp.square(draws) - 1))),
        )

    return Strategy(
        lambda key: Snes(jnp.zeros(size), jnp.ones(size)), ask, tell, lambda state: state.mean
    )


class CmaEs(NamedTuple):
    """State of `cma_es`."""

    mean: Float[Array, " size"]
    sigma: Float[Array, ""]
    covariance: Float[Array, "size size"]
    sigma_path: Float[Array, " size"]
    covariance_path: Float[Array, " size"]
    generation: Float[Array, ""]


def cma_es(size: int, population: int) -> Strategy:
    """Evolution with a full covariance matrix that follows successful steps.

    Args:
        size: number of coordinates.
        population: candidates in a generation, at least 4.

    Reference: Hansen 2016, arXiv:1604.00772, with its default constants and positive weights.
    """
    parents = population // 2
    raw = jnp.log((population + 1) / 2) - jnp.log(jnp.arange(1, parents + 1))
    weights = raw / raw.sum()
    mass = 1 / jnp.sum(jnp.square(weights))
    sigma_rate = (mass + 2) / (size + mass + 5)
    damping = 1 + 2 * jnp.maximum(0, jnp.sqrt((mass - 1) / (size + 1)) - 1) + sigma_rate
    path_rate = (4 + mass / size) / (size + 4 + 2 * mass / size)
    one_rate = 2 / ((size + 1.3) ** 2 + mass)
    many_rate = jnp.minimum(1 - one_rate, 2 * (mass - 2 + 1 / mass) / ((size + 2) ** 2 + mass))
    length = jnp.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size**2))

    def init(key: Array) -> CmaEs:
        zeros = jnp.zeros(size)
        return CmaEs(zeros, jnp.ones(()), jnp.eye(size), zeros, zeros, jnp.zeros(()))

    def axes(covariance: Array) -> tuple[Array, Array]:
        values, vectors = jnp.linalg.eigh(covariance)
        return jnp.sqrt(jnp.maximum(values, 1e-12)), vectors

    def ask(key: Key[Array, ""], state: CmaEs) -> tuple[Array, CmaEs]:
        lengths, vectors = axes(state.covariance)
        draws = jax.random.normal(key, (population, size))
        return state.mean + state.sigma * ((draws * lengths) @ vectors.T), state

    def tell(thetas: Array, fitness: Array, state: CmaEs) -> CmaEs:
        steps = ((thetas - state.mean) / state.sigma)[_ranked(fitness)[:parents]]
        step = weights @ steps
        lengths, vectors = axes(state.covariance)
        whitened = vectors @ ((vectors.T @ step) / lengths)
        sigma_path = (1 - sigma_rate) * state.sigma_path + jnp.sqrt(
            sigma_rate * (2 - sigma_rate) * mass
        ) * whitened
        generation = state.generation + 1
        expected = jnp.sqrt(1 - (1 - sigma_rate) ** (2 * generation))
        walked = jnp.linalg.norm(sigma_path) / expected
        steady = walked < (1.4 + 2 / (size + 1)) * length
        covariance_path = (1 - path_rate) * state.covariance_path + jnp.where(
            steady, jnp.sqrt(path_rate * (2 - path_rate) * mass), 0
        ) * step
        lost = jnp.where(steady, 0, one_rate * path_rate * (2 - path_rate))
        covariance = (
            (1 - one_rate - many_rate + lost) * state.covariance
            + one_rate * jnp.outer(covariance_path, covariance_path)
            + many_rate * (steps.T * weights) @ steps
        )
        growth = sigma_rate / damping * (jnp.linalg.norm(sigma_path) / length - 1)
        return CmaEs(
            state.mean + state.sigma * step,
            state.sigma * jnp.exp(growth),
            (covariance + covariance.T) / 2,
            sigma_path,
            covariance_path,
            generation,
        )

    return Strategy(init, ask, tell, lambda state: state.mean)


class Best(NamedTuple):
    """State of `random`: the best candidate so far."""

    theta: Float[Array, " size"]
    fitness: Float[Array, ""]


def random(size: int, population: int) -> Strategy:
    """Independent draws from where the others start: the baseline that every strategy has to beat.

    Args:
        size: number of coordinates.
        population: candidates in a generation.

    Reference: Bergstra and Bengio 2012, "Random search for hyper-parameter optimization".
    """
    return Strategy(
        lambda key: Best(jnp.zeros(size), jnp.asarray(-jnp.inf)),
        lambda key, state: (jax.random.normal(key, (population, size)), state),
        _best_of,
        lambda state: state.theta,
    )


class Lineup(NamedTuple):
    """State of `lineup`: the best candidate so far, and how many there were."""

    theta: Float[Array, " two"]
    fitness: Float[Array, ""]
    asked: Int[Array, ""]


def lineup(count: int, population: int) -> Strategy:
    """Take a number of alternatives in turn, each with draws of one coordinate beside it.

    The first coordinate is the number of the alternative. The second is 0 the first time round and
    drawn from a standard normal afterwards.

    Args:
        count: of alternatives.
        population: candidates in a generation.
    """

    def ask(key: Key[Array, ""], state: Lineup) -> tuple[Array, Lineup]:
        places = state.asked + jnp.arange(population)
        draws = jnp.where(places < count, 0, jax.random.normal(key, (population,)))
        thetas = jnp.stack([(places % count).astype(draws.dtype), draws], axis=1)
        return thetas, state._replace(asked=state.asked + population)

    def tell(thetas: Array, fitness: Array, state: Lineup) -> Lineup:
        best = _best_of(thetas, fitness, Best(state.theta, state.fitness))
        return Lineup(best.theta, best.fitness, state.asked)

    return Strategy(
        lambda key: Lineup(jnp.zeros(2), jnp.asarray(-jnp.inf), jnp.zeros((), jnp.int32)),
        ask,
        tell,
        lambda state: state.theta,
    )


def from_evosax(algorithm: Any, size: int, population: int) -> Strategy:
    """A strategy of evosax that keeps a distribution, such as `evosax.algorithms.CMA_ES`.

    Args:
        algorithm: the class.
        size: number of coordinates.
        population: candidates in a generation.
    """
    inner = algorithm(population_size=population, solution=jnp.zeros(size))
    params = inner.default_params

    def tell(thetas: Array, fitness: Array, state: PyTree) -> PyTree:
        # It minimises, and its state is told the same whatever the key: that serves metrics.
        return inner.tell(jax.random.key(0), thetas, -fitness, state, params)[0]

    return Strategy(
        lambda key: inner.init(key, jnp.zeros(size), params),
        lambda key, state: inner.ask(key, state, params),
        tell,
        inner.get_mean,
    )


Make = Callable[[int, int], Strategy]

STRATEGIES: Mapping[str, Make] = {"snes": snes, "cma_es": cma_es, "random": random}
"""Strategies by name: of the number of coordinates and the size of the population."""


def find(name: str) -> Make:
    """A strategy by its name.

    Args:
        name: key of `STRATEGIES`, or `evosax:` and the name of one of its algorithms.

    Raises:
        KeyError: if there is none; the message says which there are.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    library, _, algorithm = name.partition(":")
    if library != "evosax":
        known = ", ".join(STRATEGIES)
        raise KeyError(
            f"no strategy is called {name!r}; there are: {known}, and those of evosax, such as "
            "evosax:CMA_ES"
        )
    try:
        module = importlib.import_module("evosax.algorithms")
    except ImportError:
        raise KeyError("evosax is not installed: pip install evosax") from None
    if not hasattr(module, algorithm):
        raise KeyError(f"evosax has no algorithm called {algorithm!r}")
    return functools.partial(from_evosax, getattr(module, algorithm))


def _best_of(thetas: Array, fitness: Array, state: Best) -> Best:
    place = _ranked(fitness)[0]
    better = fitness[place] > state.fitness
    return Best(
        jnp.where(better, thetas[place], state.theta),
        jnp.where(better, fitness[place], state.fitness),
    )


def _ranked(fitness: Float[Array, " population"]) -> Array:
    """Places from the best down; what is not a number comes last."""
    return jnp.argsort(-jnp.where(jnp.isnan(fitness), -jnp.inf, fitness))
