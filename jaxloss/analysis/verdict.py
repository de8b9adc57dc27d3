"""A verdict on over- and underfitting from a training and a validation curve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import median_filter

from jaxloss.analysis.curves import Curve, rising_strips, slope

Name = Literal[
    "diverged",
    "unstable",
    "collapsed",
    "not learning",
    "both losses rising",
    "overfitting",
    "still improving",
    "validation below training",
    "underfitting",
    "widening generalisation gap",
    "steady generalisation gap",
    "noisy validation",
    "healthy",
]

PRECHELT = "Prechelt 1998, Early stopping - but when?"
PLAYBOOK = "Godbole et al. 2023, Deep Learning Tuning Playbook"
TEXTBOOK = "Goodfellow, Bengio and Courville 2016, Deep Learning, chapter 11"
OWN = "jaxloss: threshold of its own"
SPIKE_WIDTH = 7  # points of the running median that spikes stand out from
SPIKE_DEVIATIONS = 6.0  # of the noise, below which nothing is a spike
NORMAL_MEDIAN = 0.6745  # of the distance of normal noise from its mean, in deviations
FEW = 3  # points at the start, or at the end, that tell where a curve began or went


@dataclass(frozen=True)
class Verdict:
    """What two curves say up to their last step.

    Attributes:
        name: the verdict, one of `Name`.
        numbers: the figures that it rests on; losses are in the unit of the curves.
        reason: one sentence with the decisive figures.
        advice: what to try next.
        source: where the criterion comes from.
    """

    name: Name
    numbers: Mapping[str, float]
    reason: str
    advice: str
    source: str


# Losses of 1e200 have no finite squares: their noise is infinite, which is as well.
@np.errstate(over="ignore", invalid="ignore")
def diagnose(
    train: ArrayLike,
    validation: ArrayLike,
    *,
    steps: ArrayLike | None = None,
    baseline: float | None = None,
    target: float | None = None,
    gap_error: float | None = None,
    floor: float | None = 0.0,
    window: int | None = None,
    resolution: float = 0.05,
    room: float = 1.0,
    blow_up: float = 1.5,
    spikes: int = 3,
    unlearned: float = 0.9,
    generalization_loss: float = 5.0,
    rise_errors: float = 6.0,
    t_value: float = 3.0,
    still_falling: float = 0.02,
    gap_errors: float = 3.0,
    wide_gap: float = 0.1,
    noise: float = 0.12,
) -> Verdict:
    """What a training and a validation curve say, up to their last step; the first match wins.

    The two curves are means of one loss under one reduction, without penalty terms and with
    dropout off. What counts is the height of a loss above its floor, and no difference counts
    that is less than the noise of the curve allows: the lowest point of a noisy curve lies too
    low, so that Prechelt's generalisation loss, taken raw, calls every third healthy curve
    overfitted. It is taken between means of strips of half a window here, and in their standard
    errors too. Differences below `resolution` of the baseline count as nothing, so that a loss
    near zero is not judged by ratios of tiny numbers. A loss that rises now may fall again later:
    the verdict speaks of the steps it has seen. The 5 % of the generalisation loss are Prechelt's;
    the other thresholds are our own, set on made-up runs whose fate is known
    (`python -m benchmarks study diagnosis`).

    Args:
        train: training loss at each recorded step, evenly spaced; at least five points.
        validation: validation loss at the same steps.
        steps: the recorded steps, for the wording; 0, 1, 2 ... if None.
        baseline: loss of the best constant prediction; without it the first training losses take
            its place as the yardstick.
        target: training loss that would be good enough; without it underfitting is not judged.
        gap_error: standard error of validation minus training loss at the end; that of their
            scatter over the window if None.
        floor: lowest value that the loss can take. If None, or if the curves go below it, it is
            put below the lowest of them, by `room` times their range.
        window: number of last points that slopes, gap and noise are taken over; a sixth of all,
            but six at least, if None.
        resolution: share of (baseline - floor) below which ratios are not resolved.
        room: see `floor`.
        blow_up: factor from which a rise of the training loss is more than noise: of single
            points (a spike), of its end against its best (collapsed) or its start (diverged).
        spikes: how many spikes in the second half of the run make it unstable.
        unlearned: not learning if the training loss ends above this share of the baseline.
        generalization_loss: overfitting from this percentage above the best validation loss
            (Prechelt's GL with his 5), ...
        rise_errors: ... if that is as many standard errors, too.
        t_value: t value from which a slope counts.
        still_falling: fall over the window, as a share, from which a loss is still improving.
        gap_errors: gap in standard errors from which it counts.
        wide_gap: gap as a share of (baseline - floor) from which it is worth a word.
        noise: scatter of the validation loss around its trend, as a share, that is called noisy.

    Raises:
        ValueError: if the curves differ in length or have fewer than five points.

    Reference: Prechelt 1998, doi:10.1007/3-540-49430-8_3; Godbole et al. 2023, "Deep Learning
    Tuning Playbook".
    """
    train, validation = np.asarray(train, np.float64), np.asarray(validation, np.float64)
    if train.ndim != 1 or train.shape != validation.shape or train.size < 5:
        raise ValueError(
            "expected `train` and `validation` of one length, at least 5 points, "
            f"got {train.shape} and {validation.shape}"
        )
    at = np.arange(train.size) if steps is None else np.asarray(steps)
    calmer = "Lower the learning rate, warm it up, or clip the gradient."
    broken = ~(np.isfinite(train) & np.isfinite(validation))
    if broken.any():
        first = float(at[broken.argmax()])
        reason = f"A loss is no longer finite from step {first:g} on."
        return Verdict("diverged", {"step": first}, reason, calmer, PLAYBOOK)

    window = min(max(6, train.size // 6) if window is None else window, train.size)
    scale = _Scale(train, validation, baseline, floor, resolution, room)
    seen = _Seen(train, scale, window, blow_up)
    held_out = _Seen(validation, scale, window, blow_up)
    n = _figures(seen, held_out, scale)
    n["best_step"] = float(at[held_out.best_index])
    error = n["gap_error"] if gap_error is None else gap_error
    n["gap_in_errors"] = n["gap"] / max(error, 1e-12 * scale.height)

    train_rises, validation_rises = (
        n[f"{part}_rise"] > generalization_loss and n[f"{part}_rise_in_errors"] > rise_errors
        for part in ("train", "validation")
    )
    train_falls, validation_falls = (
        n[f"{part}_change"] < -still_falling and n[f"{part}_t"] < -t_value
        for part in ("train", "validation")
    )
    fell = max(n["train_fall_in_errors"], n["validation_fall_in_errors"]) > t_value
    learned = n["train_share"] < unlearned and (fell or baseline is not None)
    wide = abs(n["gap"]) > wide_gap * scale.height
    widens = n["gap_change"] > still_falling and n["gap_t"] > t_value
    last = f"over the last {window} recorded points"
    yardstick = (
        "what it began with" if baseline is None else "what the best constant prediction has"
    )
    above_best = (
        f"the validation loss stands {n['validation_rise']:.0f} % above its best, at step "
        f"{n['best_step']:g}"
    )
    # Rows in order of precedence: name, whether it holds, reason, advice, source.
    rules: tuple[tuple[Name, bool, str, str, str], ...] = (
        (
            "diverged",
            n["blow_up"] > seen.spike_factor,
            f"The training loss ends at {n['blow_up']:.3g} times what it began with.",
            calmer,
            PLAYBOOK,
        ),
        (
            "unstable",
            n["spikes"] >= spikes,
            f"The training loss jumped up and came back {n['spikes']:.0f} times in the second half "
            f"of the run, by a factor of up to {n['highest_spike']:.1f}.",
            calmer,
            PLAYBOOK,
        ),
        (
            "collapsed",
            n["train_rise"] > 100 * (blow_up - 1) and train_rises,
            "The training loss had come down and was lost again: it ends at "
            f"{1 + n['train_rise'] / 100:.1f} times its best.",
            f"{calmer} Go on from a checkpoint before the rise.",
            PLAYBOOK,
        ),
        (
            "not learning",
            not learned and not (fell and train_falls),
            f"The training loss is at {100 * n['train_share']:.0f} % of {yardstick}"
            + ("." if baseline is not None else ", if all was not learned before the first step."),
            "Try other learning rates, and whether a few examples can be learned by heart; "
            "check inputs and targets.",
            TEXTBOOK,
        ),
        (
            "both losses rising",
            train_rises and validation_rises,
            f"The training loss stands {n['train_rise']:.0f} % above its best, and {above_best}.",
            "Lower the learning rate, or let it decay.",
            PLAYBOOK,
        ),
        (
            "overfitting",
            validation_rises,
            f"Up to this step {above_best}, while the training loss does not rise.",
            f"Stop at step {n['best_step']:g}, regularise, augment, or get more data.",
            PRECHELT,
        ),
        (
            "still improving",
            train_falls and validation_falls,
            f"Training and validation loss fell by {-100 * n['train_change']:.0f} % and "
            f"{-100 * n['validation_change']:.0f} % {last}.",
            "Train longer, or with a higher learning rate.",
            PLAYBOOK,
        ),
        (
            "validation below training",
            n["gap_in_errors"] < -gap_errors and wide,
            f"The validation loss is {-n['gap']:.3g} below the training loss "
            f"({-n['gap_in_errors']:.1f} standard errors).",
            "Look for noise or regularisation in training only (dropout, augmentation, penalty "
            "terms in the loss), a leak, or an easier validation part.",
            OWN,
        ),
        (
            "underfitting",
            target is not None
            and not train_falls
            and n["train_last"] > target
            and not (wide and n["gap_in_errors"] > gap_errors),
            f"The training loss stands still at {n['train_last']:.3g}, "
            f"{100 * n['train_share']:.0f} % of {yardstick}, and validation keeps up with it.",
            "Try a larger model, better features or less regularisation, unless the rest is noise.",
            TEXTBOOK,
        ),
        (
            "widening generalisation gap",
            wide and n["gap_in_errors"] > gap_errors and widens and train_falls,
            f"The training loss falls, by {-100 * n['train_change']:.0f} % {last}, and the "
            f"validation loss does not follow: it is {n['gap']:.3g} higher.",
            "More steps will not help: regularise, augment, or get more data.",
            TEXTBOOK,
        ),
        (
            "steady generalisation gap",
            wide and n["gap_in_errors"] > gap_errors,
            f"The validation loss stays {n['gap']:.3g} above the training loss "
            f"({n['gap_in_errors']:.1f} standard errors).",
            "Get more data or regularise; see whether both parts come from one distribution.",
            TEXTBOOK,
        ),
        (
            "noisy validation",
            n["validation_noise"] > noise,
            f"The validation loss scatters by {100 * n['validation_noise']:.0f} % from point to "
            "point.",
            "Measure on more validation examples, or average the weights over steps.",
            PLAYBOOK,
        ),
        (
            "healthy",
            True,
            "Training and validation loss came down together and stay there up to this step.",
            "Nothing asks for a change; a larger model may still do better.",
            PLAYBOOK,
        ),
    )
    name, _, reason, advice, source = next(rule for rule in rules if rule[1])
    return Verdict(name, n, reason, advice, source)


class _Scale:
    """Turns losses into heights above the floor, never less than the resolution."""

    def __init__(
        self,
        train: Curve,
        validation: Curve,
        baseline: float | None,
        floor: float | None,
        resolution: float,
        room: float,
    ) -> None:
        lowest = min(float(train.min()), float(validation.min()))
        top = float(train[:FEW].max()) if baseline is None else baseline
        below = lowest - room * (max(top, float(train[:FEW].max())) - lowest)
        self.floor = below if floor is None or lowest < floor else floor
        self.height = max(top - self.floor, 1e-300)
        self.least = resolution * self.height

    def above(self, losses: ArrayLike) -> Curve:
        """Heights of losses above the floor."""
        return np.maximum(np.asarray(losses, np.float64) - self.floor, self.least)


class _Seen:
    """One curve, its spikes cut to the running median, measured by its own noise."""

    def __init__(self, values: Curve, scale: _Scale, window: int, blow_up: float) -> None:
        self.values, self.window, self.scale = values, window, scale
        middle = median_filter(values, min(SPIKE_WIDTH, values.size), mode="nearest")
        factor = scale.above(values) / scale.above(middle)
        usual = float(np.median(np.abs(np.log(factor)))) / NORMAL_MEDIAN
        self.spike_factor = max(blow_up, float(np.exp(SPIKE_DEVIATIONS * usual)))
        spiky = factor > self.spike_factor
        self.calm = np.where(spiky, middle, values)
        self.late_spikes = np.where(spiky, factor, 1.0)[values.size // 2 :]
        self.end = self.calm[-window:]
        self.level = float(scale.above(self.end.mean()))
        self.bends = _bends(values, window)
        self.noise = max(self.bends, _rest(self.end))
        length = max(3, window // 2)
        strips = np.lib.stride_tricks.sliding_window_view(self.calm, length)
        means = strips.mean(-1)
        lowest = int(means.argmin())
        self.best_index = lowest + int(strips[lowest].argmin())
        self.best, self.last = float(means[lowest]), float(means[-1])
        self.error = max(self.noise / length**0.5, 1e-12 * scale.height)
        self.start_error = self.error * (1 + length / FEW) ** 0.5
        self.first = float(scale.above(values[0]))
        self.start = float(self.calm[:FEW].mean())

    @property
    def rise(self) -> float:
        """Percent that the end stands above the best (Prechelt's GL)."""
        return 100 * float(self.scale.above(self.last) / self.scale.above(self.best) - 1)


def _trend(end: Curve, noise: float, level: float) -> tuple[float, float]:
    """Change over a window as a share of a level, and its t value under some noise."""
    rise, _ = slope(end)
    points = end.size
    error = noise * (12 / (points * (points**2 - 1))) ** 0.5
    return rise * (points - 1) / level, rise / max(float(error), 1e-14 * level)


def _bends(values: Curve, window: int) -> float:
    """Scatter of the later points by their second differences, which a slope leaves alone."""
    recent = values[-max(2 * window, values.size // 2) :]
    return float(np.median(np.abs(np.diff(recent, 2)))) / (NORMAL_MEDIAN * 6**0.5)


def _rest(values: Curve) -> float:
    """Scatter of some points around a straight line; it sees noise that is alike nearby, too."""
    time = np.arange(values.size) - (values.size - 1) / 2
    rest = values - values.mean() - slope(values)[0] * time
    return float(np.sqrt((rest**2).sum() / max(values.size - 2, 1)))


def _runs(marked: NDArray[np.bool_]) -> int:
    """How many stretches of marked points there are."""
    return int(np.count_nonzero(np.diff(marked.astype(int), prepend=0) > 0))


def _figures(train: _Seen, validation: _Seen, scale: _Scale) -> dict[str, float]:
    """The numbers that the rules compare with their thresholds."""
    gap = validation.end - train.end
    gap_noise = max(_bends(validation.values - train.values, train.window), _rest(gap))
    figures: dict[str, float] = {}
    for part, one in (("train", train), ("validation", validation)):
        figures[f"{part}_change"], figures[f"{part}_t"] = _trend(one.end, one.noise, one.level)
        figures[f"{part}_rise"] = one.rise
        figures[f"{part}_rise_in_errors"] = (one.last - one.best) / one.error
        figures[f"{part}_fall_in_errors"] = (one.start - one.last) / one.start_error
    figures["gap_change"], figures["gap_t"] = _trend(gap, gap_noise, validation.level)
    return figures | {
        "window": float(train.window),
        "best_validation": validation.best,
        "strips_rising": float(rising_strips(validation.values)),
        "blow_up": float(scale.above(np.median(train.values[-FEW:])) / train.first),
        "spikes": float(_runs(train.late_spikes > 1)),
        "highest_spike": float(train.late_spikes.max()),
        "train_last": float(train.end.mean()),
        "train_share": (train.last - scale.floor) / scale.height,
        "validation_noise": validation.bends / validation.level,
        "gap": float(gap.mean()),
        "gap_error": gap_noise / train.window**0.5,
    }
