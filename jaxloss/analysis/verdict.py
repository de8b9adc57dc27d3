"""A verdict on over- and underfitting from a training and a validation curve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from jaxloss.analysis.curves import Curve, rising_strips, slope, smooth

Name = Literal[
    "diverged",
    "unstable",
    "not learning",
    "overfitting",
    "both losses rising",
    "still improving",
    "validation below training",
    "underfitting",
    "steady generalisation gap",
    "noisy validation",
    "healthy",
]

PRECHELT = "Prechelt 1998, Early stopping - but when?"
PLAYBOOK = "Godbole et al. 2023, Deep Learning Tuning Playbook"
OWN = "jaxloss: threshold of its own"


@dataclass(frozen=True)
class Verdict:
    """What two curves say up to their last step.

    Attributes:
        name: the verdict, one of `Name`.
        numbers: the figures that it rests on; losses are in the unit of the curves.
        reason: one sentence with the decisive figures.
        source: where the criterion comes from.
    """

    name: Name
    numbers: Mapping[str, float]
    reason: str
    source: str


def diagnose(
    train: ArrayLike,
    validation: ArrayLike,
    *,
    steps: ArrayLike | None = None,
    baseline: float | None = None,
    target: float | None = None,
    gap_error: float | None = None,
    floor: float | None = 0.0,
    window: int = 10,
    strip: int = 5,
    smoothing: float = 0.6,
    resolution: float = 0.05,
    blow_up: float = 1.5,
    unlearned: float = 0.9,
    generalization_loss: float = 5.0,
    clear_loss: float = 50.0,
    t_value: float = 2.0,
    strips_rising: int = 3,
    still_falling: float = 0.02,
    gap_errors: float = 2.0,
    wide_gap: float = 0.1,
    plateau: float = 10.0,
    noise: float = 0.3,
) -> Verdict:
    """What a training and a validation curve say, up to their last step; the first match wins.

    The two curves are means of one loss under one reduction, without penalty terms and with
    dropout off. The generalisation loss is taken on a smoothed validation curve and needs a rise
    that is more than noise, because the minimum of a noisy curve lies too low: taken raw it calls
    every third healthy curve overfitted. Differences below `resolution` of the baseline count as
    nothing, so that a loss near zero is not judged by ratios of tiny numbers. A loss that rises
    now may fall again later: the verdict speaks of the steps it has seen.

    Args:
        train: training loss at each recorded step, evenly spaced; at least five points.
        validation: validation loss at the same steps.
        steps: the recorded steps, for the wording; 0, 1, 2 ... if None.
        baseline: loss of the best constant prediction; without it "not learning" is not judged
            and the first training loss takes its place as the yardstick.
        target: training loss that would be good enough; without it underfitting is not judged.
        gap_error: standard error of validation minus training loss at the end; the scatter of the
            gap over the window if None.
        floor: lowest value that the loss can take; the lowest of the curves if None or if they
            go below it.
        window: number of last points that slopes, gap and noise are taken over.
        strip: points per strip (Prechelt's k).
        smoothing: decay of the moving average.
        resolution: share of (baseline - floor) below which ratios are not resolved.
        blow_up: unstable if the last training losses exceed the lowest one by this factor.
        unlearned: not learning if the lowest training loss exceeds this share of the baseline.
        generalization_loss: overfitting from this percentage above the best validation loss, ...
        clear_loss: ... and without asking for a present rise from this percentage on.
        t_value: t value from which a slope counts.
        strips_rising: number of successive rising strips that count as a rise.
        still_falling: fall over the window, as a share, from which a loss is still improving.
        gap_errors: gap in standard errors from which it counts.
        wide_gap: gap as a share of (baseline - floor) from which it is worth a word.
        plateau: training progress (Prechelt's P, per mille) below which training stands still.
        noise: scatter of the validation loss over the window, as a share, that is called noisy.

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
    broken = ~(np.isfinite(train) & np.isfinite(validation))
    if broken.any():
        first = float(at[broken.argmax()])
        reason = f"A loss is no longer finite from step {first:g} on: lower the learning rate."
        return Verdict("diverged", {"step": first}, reason, PLAYBOOK)

    scale = _Scale(train, validation, baseline, floor, resolution)
    n = _figures(train, validation, scale, window, strip, smoothing)
    n["best_step"] = float(at[int(n.pop("best_index"))])
    error = gap_error if gap_error is not None else n["gap_scatter"]
    n["gap_in_errors"] = n["gap"] / max(error, 1e-12 * scale.height)

    rises = n["validation_t"] > t_value or n["strips_rising"] >= strips_rising
    worse = (n["generalization_loss"] > generalization_loss and rises) or n[
        "generalization_loss"
    ] > clear_loss
    train_rises = n["train_t"] > t_value and n["train_change"] > still_falling
    falls = all(
        n[f"{part}_t"] < -t_value and n[f"{part}_change"] < -still_falling
        for part in ("train", "validation")
    )
    wide = abs(n["gap"]) > wide_gap * scale.height
    small_gap = n["gap_in_errors"] < gap_errors or not wide
    grows = n["gap_t"] > t_value and n["gap_change"] > still_falling
    last = f"over the last {min(window, train.size)} recorded points"
    # Rows in order of precedence: name, whether it holds, the reason in words, the source.
    rules: tuple[tuple[Name, bool, str, str], ...] = (
        (
            "unstable",
            n["blow_up"] > blow_up,
            f"The training loss {last} is {n['blow_up']:.1f} times its lowest value: lower the "
            "learning rate or clip the gradient.",
            PLAYBOOK,
        ),
        (
            "not learning",
            baseline is not None and n["train_share"] >= unlearned,
            f"The training loss never fell below {n['train_share']:.0%} of what the best constant "
            "prediction has.",
            OWN,
        ),
        (
            "both losses rising",
            worse and train_rises,
            f"Training and validation loss both rise {last}; the validation loss stands "
            f"{n['generalization_loss']:.0f} % above its best: lower the learning rate.",
            PLAYBOOK,
        ),
        (
            "overfitting",
            worse,
            f"Up to this step the validation loss stands {n['generalization_loss']:.0f} % above "
            f"its best, at step {n['best_step']:g}, while the training loss does not rise: stop "
            "earlier or regularise.",
            PRECHELT,
        ),
        (
            "still improving",
            falls,
            f"Training and validation loss fell by {-n['train_change']:.0%} and "
            f"{-n['validation_change']:.0%} {last}: train longer.",
            PLAYBOOK,
        ),
        (
            "validation below training",
            n["gap_in_errors"] < -gap_errors and wide,
            f"The validation loss is {-n['gap']:.3g} below the training loss "
            f"({-n['gap_in_errors']:.1f} standard errors): noise or regularisation in training "
            "only, a leak, or an easier validation part.",
            OWN,
        ),
        (
            "underfitting",
            target is not None
            and n["train_progress"] < plateau
            and small_gap
            and n["train_last"] > target,
            f"The training loss stands still at {n['train_share']:.0%} of the best constant "
            "prediction and validation keeps up with it: a larger model or better features may "
            "help, unless the rest is noise.",
            OWN,
        ),
        (
            "steady generalisation gap",
            n["gap_in_errors"] > gap_errors and wide and not grows,
            f"The validation loss stays {n['gap']:.3g} above the training loss "
            f"({n['gap_in_errors']:.1f} standard errors) and the gap does not grow: more data or "
            "regularisation.",
            PLAYBOOK,
        ),
        (
            "noisy validation",
            n["validation_noise"] > noise and n["validation_noise"] > abs(n["validation_change"]),
            f"The validation loss scatters by {n['validation_noise']:.0%} {last}, more than it "
            "moves: a larger validation part would say more.",
            OWN,
        ),
        (
            "healthy",
            True,
            "Training and validation loss came down together and stay there up to this step.",
            PLAYBOOK,
        ),
    )
    name, _, reason, source = next(rule for rule in rules if rule[1])
    return Verdict(name, n, reason, source)


class _Scale:
    """Turns losses into heights above the floor, never less than the resolution."""

    def __init__(
        self,
        train: Curve,
        validation: Curve,
        baseline: float | None,
        floor: float | None,
        resolution: float,
    ) -> None:
        lowest = min(float(train.min()), float(validation.min()))
        self.floor = lowest if floor is None else min(floor, lowest)
        top = float(train[0]) if baseline is None else baseline
        self.height = max(top - self.floor, 1e-300)
        self.least = resolution * self.height

    def above(self, loss: float) -> float:
        return max(float(loss) - self.floor, self.least)


def _figures(
    train: Curve, validation: Curve, scale: _Scale, window: int, strip: int, smoothing: float
) -> dict[str, float]:
    """The numbers that the rules compare with their thresholds."""
    calm_train, calm = smooth(train, smoothing), smooth(validation, smoothing)
    end = slice(-min(window, train.size), None)
    best, points = int(calm.argmin()), train[end].size
    train_end, validation_end, last_strip = train[end], validation[end], calm_train[-strip:]
    changes: dict[str, float] = {}
    for part, curve, level in (
        ("train", train_end, scale.above(train_end.mean())),
        ("validation", validation_end, scale.above(validation_end.mean())),
        ("gap", validation_end - train_end, scale.above(validation_end.mean())),
    ):
        rise, changes[f"{part}_t"] = slope(curve)
        changes[f"{part}_change"] = rise * (points - 1) / level
    time = np.arange(points) - (points - 1) / 2
    detrended = validation_end - slope(validation_end)[0] * time
    return changes | {
        "best_index": float(best),
        "best_validation": float(calm[best]),
        "generalization_loss": 100 * (scale.above(calm[-1]) / scale.above(calm[best]) - 1),
        "strips_rising": float(rising_strips(validation, strip)),
        "blow_up": scale.above(float(np.median(train_end))) / scale.above(train.min()),
        "train_last": float(train_end.mean()),
        "train_share": (float(train.min()) - scale.floor) / scale.height,
        "train_progress": 1000
        * (scale.above(last_strip.mean()) / scale.above(last_strip.min()) - 1),
        "validation_noise": float(np.ptp(detrended)) / scale.above(validation_end.mean()),
        "gap": float((validation_end - train_end).mean()),
        "gap_scatter": float((validation_end - train_end).std(ddof=1)),
    }
