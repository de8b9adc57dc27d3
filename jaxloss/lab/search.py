"""Search for a loss on a person's data, against baselines that get the same budget.

Four contestants are trained alike: the family under search, random search in the same family, the
usual loss with its own numbers tuned, and every single loss of the catalogue that fits. All of them
tune the learning rate beside the loss, see the same seeds, and are chosen on validation rows; the
test rows are set aside before anything else and looked at once, with seeds that nobody has seen.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax
from numpy.typing import NDArray

from jaxloss import catalogue
from jaxloss.analysis.curves import Estimate, estimate
from jaxloss.lab.candidates import ADAPTERS, DEFAULTS, USUAL, candidate, fitting
from jaxloss.lab.data import Data
from jaxloss.lab.errors import LabError
from jaxloss.lab.metrics import Metric, metrics_for
from jaxloss.lab.split import Corruption, imbalanced, set_aside, split
from jaxloss.lab.train import Params, Part, Plan, apply, prepare, score
from jaxloss.search import Evaluator, Family, Strategy, evaluator, families, filters, strategies

READS: Mapping[str, families.Reads] = {
    "multiclass": "logits",
    "binary": "logit",
    "regression": "reals",
}
DEFAULT_FAMILY = {"multiclass": "taylor", "binary": "taylor", "regression": "general_robust"}
LATER, LAST = 500_000, 800_000
"""Where the seeds of choosing and of the test begin; those of the search begin at 0."""
BETWEEN = 1_000_000
"""Seeds that one search may use, from `Plan.seed` times this."""
CONFIRMED = 8
"""Candidates of each contestant that are trained again with fresh seeds before one is chosen."""
PROBE = 64
"""Examples of the cheap looks at a candidate."""

CONTESTANTS = 4
"""How many there are."""

Values = Callable[[Array, Array, Array], Array]
Arrays = dict[str, NDArray[Any]]


class Budget(NamedTuple):
    """How much each contestant may train.

    Attributes:
        generations: that it is asked for.
        population: candidates in each.
        seeds: trainings of each candidate.
        fresh: seeds of the test.
    """

    generations: int
    population: int
    seeds: int
    fresh: int

    @property
    def trainings(self) -> int:
        """Of each contestant's search."""
        return self.generations * self.population * self.seeds

    @classmethod
    def of(
        cls, generations: int, population: int, seeds: int, fresh: int, trainings: int | None
    ) -> "Budget":
        """A budget of some generations, or of as many as a number of trainings pays for.

        Args:
            generations: unless `trainings` are given.
            population: candidates in each.
            seeds: trainings of each candidate.
            fresh: seeds of the test.
            trainings: of each contestant.
        """
        if trainings is not None:
            generations = trainings // (population * seeds)
            if generations < 1:
                raise LabError(
                    f"a budget of {trainings} trainings does not pay for one generation of "
                    f"{population} candidates with {seeds} seeds each"
                )
        return cls(generations, population, seeds, fresh)


@dataclass(frozen=True)
class Draw:
    """What differs from seed to seed: rows, initial weights, batches, and the part that scores."""

    rows: Array
    target: Array
    mean: Array
    deviation: Array
    scale: Array
    params: Params
    batches: Array
    part: Part


jax.tree_util.register_dataclass(
    Draw, ["rows", "target", "mean", "deviation", "scale", "params", "batches", "part"], []
)


@dataclass(frozen=True)
class Contestant:
    """Somebody who looks for a loss.

    Attributes:
        name: key in the state and the results.
        label: for people.
        values: from a point, outputs and targets to one value per example.
        strategy: where it looks; the last coordinate is the logarithm of the learning rate, in
            units of the plan's.
        family: whose points they are, if of one; such candidates are sifted before they train.
        names: losses that the first coordinate chooses among, if there are several.
    """

    name: str
    label: str
    values: Values
    strategy: Strategy
    family: Family | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a contestant came to.

    Attributes:
        contestant: who.
        thetas: all candidates, (generations, population, coordinates).
        fitness: on validation, mean over seeds.
        trained: candidates that were trained, the others being rejected or equal to one of them.
        chosen: the candidate that was chosen on validation.
        confirmed: its fitness with the seeds of the choice.
        test: metric on the test rows, one for each fresh seed.
    """

    contestant: Contestant
    thetas: NDArray[np.float32]
    fitness: NDArray[np.float32]
    trained: int
    chosen: NDArray[np.float32]
    confirmed: float
    test: NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """A finished search; the outcome of the search itself comes first.

    Attributes:
        data: what was learned from.
        family: that was searched.
        strategy: name of how.
        plan: how every model was trained.
        budget: of each contestant.
        corruption: what was done to the training rows.
        metric: that counts.
        rows: how many train, choose and test.
        corrupted: how many training targets were replaced or disturbed.
        outcomes: of all contestants.
    """

    data: Data
    family: Family
    strategy: str
    plan: Plan
    budget: Budget
    corruption: Corruption
    metric: Metric
    rows: tuple[int, int, int]
    corrupted: int
    outcomes: tuple[Outcome, ...]

    @property
    def found(self) -> Outcome:
        """The outcome of the search."""
        return self.outcomes[0]

    @property
    def others(self) -> tuple[Outcome, ...]:
        """Those of the baselines."""
        return self.outcomes[1:]

    def lead(self, other: Outcome) -> Estimate:
        """By how much the found loss is better on the test rows, seed by seed.

        Args:
            other: outcome of a baseline.
        """
        sign = 1 if self.metric.better == "higher" else -1
        return estimate(sign * (self.found.test - other.test))

    def learning_rate(self, outcome: Outcome) -> float:
        """That an outcome was trained with."""
        return float(self.plan.learning_rate * np.exp(outcome.chosen[-1]))


def search(
    data: Data,
    *,
    family: str | None = None,
    strategy: str = "snes",
    plan: Plan,
    budget: Budget,
    corruption: Corruption | None = None,
    remembered: Mapping[str, NDArray[Any]] | None = None,
    remember: Callable[[Arrays], None] | None = None,
    progress: Callable[[int, str], None] | None = None,
) -> Found:
    """Search a family of losses and measure what was found.

    Args:
        data: the data.
        family: name; one that suits the task if None.
        strategy: name.
        plan: how to train; its learning rate is where every contestant starts.
        budget: of each contestant.
        corruption: what to do to the training rows.
        remembered: arrays that `remember` was given last, to go on from there.
        remember: called with all that is needed to go on, after each generation.
        progress: called with generations done, of all contestants, and what goes on.
    """
    ground = Ground(data, plan, corruption or Corruption())
    chosen = find_family(data, family, ground)
    field = contestants(data, chosen, strategy, budget, ground)
    memory: Arrays = dict(remembered or {})
    outcomes: list[Outcome] = []
    for place, contestant in enumerate(field):

        def advance(generation: int, place: int = place, label: str = contestant.label) -> None:
            if progress is not None:
                progress(place * budget.generations + generation, label)

        run = Run(ground, contestant, budget)
        run.look(memory, remember, advance)
        outcomes.append(run.outcome(memory))
    return Found(
        data,
        chosen,
        strategy,
        plan,
        budget,
        ground.corruption,
        ground.metric,
        ground.rows,
        ground.corrupted,
        tuple(outcomes),
    )


class Ground:
    """The data as all contestants see them.

    Attributes:
        data: the data.
        plan: how to train.
        corruption: what is done to the training rows.
        metric: that counts.
        counts: training examples of each class.
        rows: how many train, choose and test.
        corrupted: how many training targets are replaced or disturbed.
        programs: compiled ones by what they compute, for contestants that share them.
    """

    def __init__(self, data: Data, plan: Plan, corruption: Corruption) -> None:
        """Set the test rows aside."""
        self.data, self.plan, self.corruption = data, plan, corruption
        self._test = set_aside(data, plan.seed)
        first = self._split(0, 1)
        self._balanced = imbalanced(data, first)
        self.metric = metrics_for(data, balanced=self._balanced)[0]
        self.rows = (first.train.shape[1], first.validation.shape[1], first.test.shape[1])
        self.corrupted = int(first.corrupted)
        self.counts: tuple[int, ...] = ()
        if data.classes:
            counted = np.bincount(first.train_target[0], minlength=len(data.classes))
            self.counts = tuple(int(count) for count in counted)
        self.features = jnp.asarray(first.features)
        self.draws = functools.lru_cache(maxsize=8)(self._draws)
        self.programs: dict[str, Any] = {}

    def _split(self, first: int, seeds: int) -> Any:
        seed = BETWEEN * self.plan.seed + first
        return split(self.data, seeds=seeds, seed=seed, corruption=self.corruption, test=self._test)

    def _draws(self, first: int, seeds: int, part: str = "validation") -> Draw:
        """Seeds from some number on, to be scored on a part."""
        plan = replace(self.plan, seed=BETWEEN * self.plan.seed + first)
        setup = prepare(self.data, self._split(first, seeds), plan, balanced=self._balanced).seeds
        return Draw(
            rows=setup.rows,
            target=setup.target,
            mean=setup.mean,
            deviation=setup.deviation,
            scale=setup.scale,
            params=setup.params,
            batches=setup.batches,
            part=getattr(setup, part),
        )

    def trainer(self, values: Values) -> Callable[[Array, Draw, Array], Array]:
        """A training with a loss, from a point and a seed to the metric; higher is better.

        Args:
            values: from a point, outputs and targets to one value per example.
        """
        sign = 1 if self.metric.better == "higher" else -1
        # The learning rate is traced, so that it multiplies what Adam makes of the gradient.
        adam = optax.scale_by_adam()

        def train(theta: Array, draw: Draw, features: Array) -> Array:
            rate = self.plan.learning_rate * jnp.exp(theta[-1])

            def loss(params: Params, rows: Array) -> Array:
                inputs = (features[draw.rows[rows]] - draw.mean) / draw.deviation
                return values(theta[:-1], apply(params, inputs), draw.target[rows]).mean()

            def step(state: tuple[Params, Any], rows: Array) -> tuple[tuple[Params, Any], None]:
                params, memory = state
                updates, memory = adam.update(jax.grad(loss)(params, rows), memory, params)
                moved = jax.tree.map(lambda p, u: p - rate * u, params, updates)
                return (cast(Params, moved), memory), None

            start = (draw.params, adam.init(draw.params))
            (params, _), _ = lax.scan(step, start, draw.batches)
            outputs = apply(params, draw.part.inputs)
            reached = sign * score(self.data, outputs, draw.part, draw.scale)
            return jnp.where(jnp.all(jnp.isfinite(outputs)), reached, -jnp.inf)

        return train


class Run:
    """One contestant's way through its budget."""

    def __init__(self, ground: Ground, contestant: Contestant, budget: Budget) -> None:
        """Compile nothing yet."""
        self.ground, self.contestant, self.budget = ground, contestant, budget
        self._key = jax.random.fold_in(jax.random.key(ground.plan.seed), 1)
        self._ask = jax.jit(contestant.strategy.ask)
        self._tell = jax.jit(contestant.strategy.tell)
        self._program = contestant.family.name if contestant.family else contestant.name

    def look(
        self,
        memory: Arrays,
        remember: Callable[[Arrays], None] | None,
        progress: Callable[[int], None],
    ) -> None:
        """Ask and tell, generation by generation, from where the memory ends.

        Args:
            memory: of all contestants; this one's arrays are renewed in it.
            remember: called with the memory after each generation.
            progress: called before each generation with how many there were.
        """
        name, strategy = self.contestant.name, self.contestant.strategy
        leaves, structure = jax.tree.flatten(strategy.init(self._key))
        done = len(memory.get(f"{name}/fitness", ()))
        if done:
            leaves = [jnp.asarray(memory[f"{name}/state/{i}"]) for i in range(len(leaves))]
        state = jax.tree.unflatten(structure, leaves)
        for generation in range(done, self.budget.generations):
            progress(generation)
            thetas, state = self._ask(jax.random.fold_in(self._key, generation), state)
            fitness, trained = self._assess(thetas, generation * self.budget.seeds)
            state = self._tell(thetas, fitness, state)
            for key, row in (("thetas", thetas), ("fitness", fitness), ("trained", trained)):
                seen = memory.get(f"{name}/{key}")
                new = np.asarray(row)[None]
                memory[f"{name}/{key}"] = new if seen is None else np.concatenate([seen, new])
            for i, leaf in enumerate(jax.tree.leaves(state)):
                memory[f"{name}/state/{i}"] = np.asarray(leaf)
            if remember is not None:
                remember(memory)

    def outcome(self, memory: Arrays) -> Outcome:
        """Choose a candidate with fresh seeds on validation, and measure it on the test rows.

        Args:
            memory: with all generations of this contestant.
        """
        name, seeds = self.contestant.name, self.budget.seeds
        thetas, fitness = memory[f"{name}/thetas"], memory[f"{name}/fitness"]
        finalists = self._finalists(thetas, fitness, memory)
        rounds = [
            self._fitness(finalists, LATER + i * seeds) for i in range(-(-CONFIRMED // seeds))
        ]
        confirmed = np.concatenate(rounds, axis=1).mean(1)
        best = int(np.argmax(confirmed))
        chosen = np.asarray(finalists[best])
        tested = [
            self._fitness(chosen[None], LAST + i * seeds, "test")[0]
            for i in range(-(-self.budget.fresh // seeds))
        ]
        sign = 1 if self.ground.metric.better == "higher" else -1
        test = sign * np.concatenate(tested).astype(np.float64)[: self.budget.fresh]
        return Outcome(
            self.contestant,
            thetas,
            fitness,
            int(memory[f"{name}/trained"].sum()),
            chosen,
            float(confirmed[best]),
            np.where(np.isfinite(test), test, np.nan),
        )

    def _finalists(
        self, thetas: NDArray[Any], fitness: NDArray[Any], memory: Arrays
    ) -> NDArray[Any]:
        """The strategy's own guess, and the candidates with the best fitness."""
        name, strategy = self.contestant.name, self.contestant.strategy
        structure = jax.tree.structure(strategy.init(self._key))
        leaves = [jnp.asarray(memory[f"{name}/state/{i}"]) for i in range(structure.num_leaves)]
        guess = strategy.guess(jax.tree.unflatten(structure, leaves))
        order = np.argsort(-fitness.ravel(), kind="stable")
        best = thetas.reshape(-1, thetas.shape[-1])[order]
        count = min(CONFIRMED, self.budget.population)
        return np.concatenate([np.asarray(guess)[None], best[: count - 1]]).astype(np.float32)

    def _assess(self, thetas: Array, first: int) -> tuple[NDArray[np.float32], int]:
        """Mean fitness over seeds, and how many candidates were trained."""
        if self.contestant.family is None:
            return self._fitness(thetas, first).mean(1), len(thetas)
        sieve = self._shared("sieve", lambda: jax.jit(self._looked_at))
        sifted = filters.sift(*jax.device_get(sieve(thetas)))
        fitness = self._fitness(np.asarray(thetas)[sifted.kept], first)
        return sifted.spread(fitness.mean(1)), len(sifted.kept)

    def _looked_at(self, thetas: Array) -> tuple[Array, Array]:
        """Which candidates move free outputs to their targets, and what tells them apart."""
        data, values = self.ground.data, self.contestant.values
        rng = np.random.default_rng(0)
        if data.task == "regression":
            target = jnp.asarray(rng.standard_normal(PROBE), jnp.float32)
            outputs = jnp.asarray(rng.standard_normal(PROBE), jnp.float32)
            near: Callable[[Array, Array], Array] = lambda x, t: -jnp.abs(x - t).mean()
        else:
            target = jnp.asarray(np.arange(PROBE) % len(data.classes))
            shape = (PROBE, len(data.classes)) if data.task == "multiclass" else (PROBE,)
            outputs = jnp.asarray(rng.standard_normal(shape), jnp.float32)
            near = lambda x, t: ((x.argmax(-1) if x.ndim > 1 else x > 0) == t).mean()
        heads, rates = thetas[:, :-1], thetas[:, -1:]
        alive = filters.learns(values, heads, outputs, target, score=near)
        slopes = filters.directions(values, heads, outputs, target)
        return alive, jnp.concatenate([slopes, rates], axis=1)

    def _fitness(
        self, thetas: Array | NDArray[Any], first: int, part: str = "validation"
    ) -> NDArray[np.float32]:
        """Fitness of candidates with the seeds from `first` on."""
        draws, features = self.ground.draws(first, self.budget.seeds, part), self.ground.features
        count = len(thetas)
        full = np.zeros((self.budget.population, np.shape(thetas)[-1]), np.float32)
        full[:count] = thetas

        def fitted() -> Evaluator:
            # A mapped choice among losses computes all of them: one training at a time.
            size = 1 if self.contestant.names else None
            one = jax.tree.map(lambda leaf: leaf[0], draws)
            train = self.ground.trainer(self.contestant.values)
            return evaluator(train, jnp.asarray(full[0]), one, features, batch_size=size)

        run = self._shared("train", fitted)
        return np.asarray(run(jnp.asarray(full), draws, features, live=count))[:count]

    def _shared(self, what: str, make: Callable[[], Any]) -> Any:
        """A program of this contestant, or of another with the same family."""
        key = f"{what}: {self._program}"
        if key not in self.ground.programs:
            self.ground.programs[key] = make()
        return self.ground.programs[key]


def find_family(data: Data, name: str | None, ground: Ground) -> Family:
    """A family that suits the data.

    Args:
        data: the data.
        name: of the family; None for the usual one.
        ground: with the class counts.
    """
    name = name or DEFAULT_FAMILY[data.task]
    try:
        return families.find(name, READS[data.task], counts=ground.counts)
    except KeyError as error:
        raise LabError(str(error.args[0])) from None


def find_strategy(name: str) -> strategies.Make:
    """A strategy by its name.

    Args:
        name: of ours, or of evosax.
    """
    try:
        return strategies.find(name)
    except KeyError as error:
        raise LabError(str(error.args[0])) from None


def contestants(
    data: Data, family: Family, strategy: str, budget: Budget, ground: Ground
) -> tuple[Contestant, ...]:
    """The search, and those it is measured against.

    Args:
        data: the data.
        family: under search.
        strategy: name of how.
        budget: of each.
        ground: with the class counts.
    """
    search_by = find_strategy(strategy)
    reads, people = READS[data.task], budget.population
    usual = families.usual(reads)
    lineup = _lineup(data, ground, budget.generations * people)
    names, branches = tuple(lineup), tuple(lineup.values())

    def single(theta: Array, outputs: Array, target: Array) -> Array:
        return lax.switch(theta[0].astype(jnp.int32), branches, outputs, target)

    return (
        Contestant("found", "found loss", family.apply, search_by(family.size + 1, people), family),
        Contestant(
            "random",
            "random search in the same family",
            family.apply,
            strategies.random(family.size + 1, people),
            family,
        ),
        Contestant(
            "usual",
            f"tuned {usual.name}".replace("_", " "),
            usual.apply,
            search_by(usual.size + 1, people),
            usual,
        ),
        Contestant(
            "single",
            "best single loss",
            single,
            strategies.lineup(len(names), people),
            names=names,
        ),
    )


def _lineup(data: Data, ground: Ground, most: int) -> dict[str, Callable[[Array, Array], Array]]:
    """Losses of the catalogue that fit, at their defaults, the usual ones first."""
    labels = dict.fromkeys((USUAL[data.task], *DEFAULTS[data.task], *fitting(data.task)))
    found = {
        one.label: one.values
        for one in (candidate(name, data.task, len(data.classes)) for name in labels)
    }
    if data.task == "multiclass":
        counts = jnp.asarray(ground.counts, jnp.float32)
        for row in catalogue.LOSSES:
            if "skewed_labels" in row.reads and row.accepts("counts"):
                loss = functools.partial(row.loss, counts=counts)
                found[row.name] = functools.partial(ADAPTERS[data.task]["logits_labels"], loss)
    return dict(list(found.items())[:most])
