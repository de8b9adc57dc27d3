"""A language model of characters, by a fused head and a plain one, and then taught to please.

The text is Python's own: the topics that `help()` explains. A small transformer learns it twice,
with all logits held and with none, which must come to the same. Then answers are asked of it that
have many vowels: by preferences between pairs of answers, and by rewards of groups of them.
"""

import platform
from collections.abc import Callable, Mapping, Sequence
from pydoc_data import topics
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax
from matplotlib.figure import Figure

import jaxloss as jl
from benchmarks.studies import Study, estimate
from jaxloss.analysis.plots import BLUE, GROUNDS, VERMILLION, Floats, drawing, png

VOWELS = "aeiouAEIOU"
LEARNING_RATE = 3e-3
CLIP, KL, BETA = 0.2, 0.05, 0.1
"""Of GRPO, the clip of its ratios and the weight of the divergence from the model before; of DPO,
its temperature."""
TUNING_RATE = 3e-4
CHUNK = 256
"""Tokens whose logits the fused head holds at a time."""

Params = dict[str, Array]


class Size(NamedTuple):
    """How much work a study is.

    Attributes:
        seeds: of tuning by preferences and by rewards.
        features: width of the model.
        layers: of attention.
        context: characters that it sees.
        batch: windows of text in a step.
        steps: of learning the text.
        pairs: of answers that preferences are between.
        groups: of answers in a step of rewards.
        answers: in a group.
        answer: characters of each.
        tuning: steps of either way of tuning.
    """

    seeds: int
    features: int
    layers: int
    context: int
    batch: int
    steps: int
    pairs: int
    groups: int
    answers: int
    answer: int
    tuning: int


class Text(NamedTuple):
    """Characters as numbers.

    Attributes:
        learn: the first nine tenths.
        validate: the last tenth.
        letters: the characters in order of their numbers.
    """

    learn: Array
    validate: Array
    letters: str


def text() -> Text:
    """All that `help()` has to say, topic after topic."""
    everything = "\n".join(topics.topics[name] for name in sorted(topics.topics))
    letters = "".join(sorted(set(everything)))
    place = {letter: number for number, letter in enumerate(letters)}
    ids = jnp.asarray([place[letter] for letter in everything], jnp.int32)
    cut = len(ids) * 9 // 10
    return Text(ids[:cut], ids[cut:], letters)


def initial(key: Array, letters: int, size: Size) -> Params:
    """Parameters of a transformer, as many heads as fit 16 features each."""
    d = size.features
    shapes = {"table": (letters, d), "places": (size.context, d), "head": (d, letters)}
    for layer in range(size.layers):
        shapes |= {
            f"attend{layer}": (d, 3 * d),
            f"merge{layer}": (d, d),
            f"widen{layer}": (d, 4 * d),
            f"narrow{layer}": (4 * d, d),
        }
    keys, small = jax.random.split(key, len(shapes)), ("table", "places")
    return {
        name: (0.02 if name in small else shape[0] ** -0.5) * jax.random.normal(key, shape)
        for key, (name, shape) in zip(keys, shapes.items(), strict=True)
    }


def features(params: Params, ids: Array) -> Array:
    """What the head reads at each place of windows `batch places`, which sees what is before."""
    length = ids.shape[1]
    x = params["table"][ids] + params["places"][:length]
    layers = sum(name.startswith("merge") for name in params)
    for layer in range(layers):
        q, k, v = jnp.split(_normed(x) @ params[f"attend{layer}"], 3, axis=-1)
        heads = [a.reshape(*a.shape[:2], -1, 16) for a in (q, k, v)]
        mixed = jax.nn.dot_product_attention(*heads, is_causal=True)
        x += mixed.reshape(x.shape) @ params[f"merge{layer}"]
        x += jax.nn.gelu(_normed(x) @ params[f"widen{layer}"]) @ params[f"narrow{layer}"]
    return _normed(x)


def _normed(x: Array) -> Array:
    return x * lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + 1e-6)


def plain(params: Params, windows: Array) -> Array:
    """Mean cross-entropy of windows, all logits at once."""
    x, labels = features(params, windows[:, :-1]), windows[:, 1:]
    return jl.mean(jl.classification.softmax_cross_entropy(x @ params["head"], labels))


def fused(params: Params, windows: Array) -> Array:
    """The same, of which no more logits are held than those of a chunk."""
    x, labels = features(params, windows[:, :-1]), windows[:, 1:]
    loss = jl.fused.linear_softmax_cross_entropy
    return loss(x, params["head"], labels, chunk=CHUNK, schedule="tokens").value


HEADS: Mapping[str, Callable[[Params, Array], Array]] = {"plain": plain, "fused": fused}


def _windows(key: Array, ids: Array, count: int, length: int) -> Array:
    starts = jax.random.randint(key, (count,), 0, len(ids) - length)
    return ids[starts[:, None] + jnp.arange(length)]


class Learned(NamedTuple):
    """A model and how it came to be.

    Attributes:
        params: at the end.
        train: loss of each step, in nats a character.
        validation: loss on text that it has not seen, likewise.
        temp_bytes: of the compiled gradient of the loss.
    """

    params: Params
    train: Floats
    validation: float
    temp_bytes: int


def learned(loss: Callable[[Params, Array], Array], ids: Text, size: Size) -> Learned:
    """Learn the text with Adam.

    Args:
        loss: one of `HEADS`.
        ids: the text.
        size: of the study.
    """
    params = initial(jax.random.key(0), len(ids.letters), size)
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, LEARNING_RATE, max(1, size.steps // 20), size.steps
    )
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))

    def step(carry: Any, key: Array) -> tuple[Any, Array]:
        params, state = carry
        windows = _windows(key, ids.learn, size.batch, size.context + 1)
        value, grads = jax.value_and_grad(loss)(params, windows)
        updates, state = optimizer.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), value

    keys = jax.random.split(jax.random.key(1), size.steps)
    start = params, optimizer.init(params)
    (params, _), train = jax.jit(lambda start: lax.scan(step, start, keys))(start)
    windows = _windows(jax.random.key(2), ids.validate, 8 * size.batch, size.context + 1)
    program = jax.jit(jax.value_and_grad(loss)).lower(params, windows[: size.batch]).compile()
    analysis: Any = program.memory_analysis()
    return Learned(
        params,
        np.asarray(train, np.float64),
        float(jax.jit(plain)(params, windows)),
        int(analysis.temp_size_in_bytes),
    )


class Answers(NamedTuple):
    """Windows whose last characters the model has written.

    Attributes:
        windows: prompts and answers.
        rewards: share of vowels in each answer.
    """

    windows: Array
    rewards: Array


class Tutor(NamedTuple):
    """What both ways of tuning know.

    Attributes:
        ids: the text.
        size: of the study.
        vowels: whether each letter is one.
    """

    ids: Text
    size: Size
    vowels: Array

    def prompts(self, key: Array, count: int) -> Array:
        """Beginnings from the text, with room for answers."""
        length = self.size.context - self.size.answer
        return _windows(key, self.ids.learn, count, length)

    def answers(self, params: Params, key: Array, prompts: Array) -> Answers:
        """Write an answer to each prompt, character by character."""
        empty = jnp.zeros((len(prompts), self.size.answer), jnp.int32)
        start = jnp.concatenate([prompts, empty], axis=1)

        def write(windows: Array, at: tuple[Array, Array]) -> tuple[Array, None]:
            place, key = at
            x = features(params, windows)[:, place - 1]
            drawn = jax.random.categorical(key, x @ params["head"])
            return windows.at[:, place].set(drawn), None

        places = jnp.arange(prompts.shape[1], self.size.context)
        windows, _ = lax.scan(write, start, (places, jax.random.split(key, len(places))))
        written = windows[:, prompts.shape[1] :]
        return Answers(windows, jnp.mean(self.vowels[written], axis=1))

    def log_probs(self, params: Params, windows: Array) -> Array:
        """Log-probability of each character of the answers, without logits of all letters."""
        first = self.size.context - self.size.answer
        x = features(params, windows[:, :-1])[:, first - 1 :]
        ids = windows[:, first:, None]
        return jl.fused.linear_log_probs(x, params["head"], ids, chunk=CHUNK).log_probs[..., 0]


class Tuned(NamedTuple):
    """What tuning came to, for one seed.

    Attributes:
        rewards: mean reward of answers that were just written, by step; of DPO, at a few.
        divergence: of the model before, in nats a character, at the end.
        before: reward of the model before.
        after: reward at the end.
    """

    rewards: Floats
    divergence: float
    before: float
    after: float


def by_preferences(tutor: Tutor, base: Params, seed: int) -> Tuned:
    """DPO on pairs of answers of the model before, the one with more vowels preferred.

    Args:
        tutor: what is known.
        base: the model before.
        seed: of prompts and answers.
    """
    size = tutor.size
    of_prompts, of_first, of_second, of_batches = jax.random.split(jax.random.key(seed), 4)
    prompts = tutor.prompts(of_prompts, size.pairs)
    write = jax.jit(tutor.answers)
    first, second = write(base, of_first, prompts), write(base, of_second, prompts)
    leads = (first.rewards > second.rewards)[:, None]
    chosen = jnp.where(leads, first.windows, second.windows)
    rejected = jnp.where(leads, second.windows, first.windows)
    differ = first.rewards != second.rewards
    whole = jax.jit(lambda params, windows: tutor.log_probs(params, windows).sum(-1))
    reference = whole(base, chosen), whole(base, rejected)

    def loss(params: Params, rows: Array) -> Array:
        values = jl.preference.dpo(
            whole(params, chosen[rows]),
            whole(params, rejected[rows]),
            reference[0][rows],
            reference[1][rows],
            beta=BETA,
        )
        return jl.mean(values, where=differ[rows])

    count = size.groups * size.answers // 2
    batches = jax.random.randint(of_batches, (size.tuning, count), 0, size.pairs)
    return _tuned(tutor, base, seed, lambda params, _, at: loss(params, batches[at]))


def by_rewards(tutor: Tutor, base: Params, seed: int) -> Tuned:
    """GRPO: answers that are better than others of their group become likelier.

    Args:
        tutor: what is known.
        base: the model before.
        seed: of prompts and answers.
    """
    size = tutor.size

    def loss(params: Params, key: Array, _: Array) -> Array:
        of_prompts, of_answers = jax.random.split(key)
        prompts = jnp.repeat(tutor.prompts(of_prompts, size.groups), size.answers, axis=0)
        written = tutor.answers(lax.stop_gradient(params), of_answers, prompts)
        rewards = written.rewards.reshape(size.groups, size.answers)
        advantages = jl.advantages.group_relative(rewards).reshape(-1, 1)
        log_p = tutor.log_probs(params, written.windows)
        old = lax.stop_gradient(log_p)
        spread = jnp.broadcast_to(advantages, log_p.shape)
        gain = jl.policy.ppo_clip(log_p, old, spread, low=CLIP, high=CLIP)
        drift = jl.policy.kl_k3(log_p, tutor.log_probs(base, written.windows))
        return jl.mean(gain + KL * drift)

    return _tuned(tutor, base, seed, loss)


def _tuned(
    tutor: Tutor, base: Params, seed: int, loss: Callable[[Params, Array, Array], Array]
) -> Tuned:
    size = tutor.size
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(TUNING_RATE))
    of_steps, of_test, of_answers = jax.random.split(jax.random.key(1000 + seed), 3)
    test = tutor.prompts(of_test, size.pairs)

    def step(carry: Any, at: tuple[Array, Array]) -> tuple[Any, Array]:
        params, state = carry
        number, key = at
        of_loss, of_prompts, of_reward = jax.random.split(key, 3)
        grads = jax.grad(loss)(params, of_loss, number)
        updates, state = optimizer.update(grads, state, params)
        moved: Any = optax.apply_updates(params, updates)
        params = moved
        prompts = tutor.prompts(of_prompts, size.groups * size.answers)
        reward = jnp.mean(tutor.answers(params, of_reward, prompts).rewards)
        return (params, state), reward

    @jax.jit
    def everything(base: Params) -> tuple[Array, Array, Array, Array]:
        steps = jnp.arange(size.tuning), jax.random.split(of_steps, size.tuning)
        (params, _), rewards = lax.scan(step, (base, optimizer.init(base)), steps)
        before = tutor.answers(base, of_answers, test)
        after = tutor.answers(params, of_answers, test)
        ratio = tutor.log_probs(params, after.windows) - tutor.log_probs(base, after.windows)
        return rewards, jnp.mean(ratio), jnp.mean(before.rewards), jnp.mean(after.rewards)

    rewards, *rest = everything(base)
    return Tuned(np.asarray(rewards, np.float64), *map(float, rest))


WAYS: Mapping[str, Callable[[Tutor, Params, int], Tuned]] = {
    "DPO": by_preferences,
    "GRPO": by_rewards,
}


def run(*, seeds: int = 3, quick: bool = False) -> Study:
    """Learn the text with both heads, then tune what was learned.

    Args:
        seeds: of tuning.
        quick: tiny sizes, to try it out.
    """
    size = (
        Size(min(seeds, 2), 16, 1, 16, 4, 6, 8, 2, 4, 8, 3)
        if quick
        else Size(seeds, 96, 2, 64, 32, 1200, 1024, 16, 8, 24, 60)
    )
    ids = text()
    models = {name: learned(loss, ids, size) for name, loss in HEADS.items()}
    vowels = jnp.asarray([letter in VOWELS for letter in ids.letters], jnp.float32)
    tutor = Tutor(ids, size, vowels)
    base = models["plain"].params
    tuned = {
        name: [way(tutor, base, seed) for seed in range(size.seeds)] for name, way in WAYS.items()
    }
    written = _written(tutor, base)
    return Study(
        title="A language model of characters, and what it is taught to write",
        rows=[_row(name, all_of) for name, all_of in tuned.items()],
        text=_words(models, tuned, ids, size, written),
        pictures={"language": _picture(models, tuned)},
        settings={**size._asdict(), "python": platform.python_version()},
    )


def _written(tutor: Tutor, params: Params) -> str:
    window = tutor.answers(params, jax.random.key(5), tutor.prompts(jax.random.key(6), 1)).windows
    letters = "".join(tutor.ids.letters[int(number)] for number in window[0])
    cut = tutor.size.context - tutor.size.answer
    return f"{letters[:cut]!r} and then {letters[cut:]!r}"


def _row(name: str, all_of: Sequence[Tuned]) -> dict[str, Any]:
    return {
        "way": name,
        "vowels before, %": estimate([100 * one.before for one in all_of]),
        "vowels after, %": estimate([100 * one.after for one in all_of]),
        "gain, points": estimate([100 * (one.after - one.before) for one in all_of]),
        "divergence, nats a character": f"{np.mean([one.divergence for one in all_of]):.3f}",
    }


def _words(
    models: Mapping[str, Learned],
    tuned: Mapping[str, Sequence[Tuned]],
    ids: Text,
    size: Size,
    written: str,
) -> str:
    plain, fused = models["plain"], models["fused"]
    apart = np.abs(plain.train - fused.train)
    memory = {name: one.temp_bytes / 2**20 for name, one in models.items()}
    gains = ", ".join(
        f"{name} by {estimate([100 * (one.after - one.before) for one in all_of])} points"
        for name, all_of in tuned.items()
    )
    return (
        f"The text is what `help()` of Python explains: {len(ids.learn) + len(ids.validate)} "
        f"characters, {len(ids.letters)} different ones, the last tenth kept for validation. A "
        f"transformer of {size.layers} layers and {size.features} features, which sees "
        f"{size.context} characters, learns it in {size.steps} steps of {size.batch} windows.\n\n"
        f"- Plain and fused head: the losses of all {size.steps} steps differ by at most "
        f"{apart.max():.1e} nats, {plain.train[-1]:.4f} and {fused.train[-1]:.4f} at the end; on "
        f"unseen text {plain.validation:.4f} and {fused.validation:.4f} nats a character. The "
        f"gradient holds {memory['plain']:.1f} MiB of temporaries with the plain head, "
        f"{memory['fused']:.1f} MiB with the fused one; with {len(ids.letters)} letters, logits "
        "are a small part of either.\n"
        f"- After a prompt of the text, it writes: {written}.\n"
        f"- The reward is the share of vowels in {size.answer} characters. {gains} raise it on "
        f"new prompts, over {size.seeds} seeds. DPO saw {size.pairs} pairs of answers of the model "
        f"before, written once; GRPO writes {size.groups} groups of {size.answers} anew at each of "
        f"its {size.tuning} steps. Both take their log-probabilities from "
        "`jl.fused.linear_log_probs`."
    )


def _picture(models: Mapping[str, Learned], tuned: Mapping[str, Sequence[Tuned]]) -> bytes:
    """The curve of both heads, how far they are apart, and rewards along tuning."""
    with drawing():
        figure = Figure(figsize=(11, 3.4), layout="constrained")
        curve, apart, reward = figure.subplots(1, 3)
        steps = np.arange(1, 1 + len(models["plain"].train))
        for (name, one), colour, line in zip(
            models.items(), (BLUE, VERMILLION), ("-", "--"), strict=True
        ):
            curve.plot(steps, one.train, line, color=colour, label=f"{name} head")
        curve.set(
            xlabel="step", ylabel="training loss, nats a character", title="learning the text"
        )
        curve.legend()
        difference = np.abs(models["plain"].train - models["fused"].train)
        apart.plot(steps, np.maximum(difference, 1e-9), color=BLUE, linewidth=0.8)
        apart.axhline(1e-4, color=GROUNDS["light"]["soft"], linestyle=":", label="1e-4")
        apart.set(
            xlabel="step", ylabel="difference, nats", title="plain against fused", yscale="log"
        )
        apart.legend()
        for (name, all_of), colour, line in zip(
            tuned.items(), (BLUE, VERMILLION), ("-", "--"), strict=True
        ):
            runs = 100 * np.array([one.rewards for one in all_of])
            steps = np.arange(1, 1 + runs.shape[1])
            reward.plot(steps, runs.mean(0), line, color=colour, label=name)
            reward.fill_between(steps, runs.min(0), runs.max(0), color=colour, alpha=0.15)
        before = 100 * np.mean([one.before for all_of in tuned.values() for one in all_of])
        reward.axhline(before, color=GROUNDS["light"]["soft"], linestyle=":", label="before")
        reward.set(xlabel="step", ylabel="vowels in answers, %", title="reward (bands: all seeds)")
        reward.legend()
        return png(figure)
