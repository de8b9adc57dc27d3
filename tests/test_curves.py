"""Figures and verdicts from curves whose answer is known."""

import numpy as np
import pytest

from jaxloss.analysis.curves import (
    average_curve,
    best_point,
    estimate,
    normalized_progress,
    rising_strips,
    slope,
    smooth,
    steps_to_target,
)
from jaxloss.analysis.verdict import diagnose

TIME = np.arange(60.0)
FALLING = 0.2 + 1.8 * np.exp(-TIME / 6)  # down to a plateau of 0.2
FLAT = np.full(60, 0.2)


def noisy(curve, rng, share=0.02):
    return curve * (1 + share * rng.standard_normal(curve.shape))


def test_steps_to_target_is_the_first_recorded_step_that_reaches_it():
    steps, accuracy = [0, 25, 50, 75], [[0.1, 0.8, 0.7, 0.9], [0.1, 0.2, 0.3, 0.4]]
    assert steps_to_target(steps, accuracy, 0.8, better="higher").tolist() == [25, np.inf]
    assert steps_to_target(steps, [4.0, 2.0, 1.0, 0.5], 1.0).item() == 50


def test_steps_to_target_never_reached_by_nan():
    assert steps_to_target([0, 1], [np.nan, np.nan], 1.0).item() == np.inf


def test_progress_of_an_exponential_is_its_time_constant():
    time = np.linspace(0, 1, 2001)
    for constant in (0.02, 0.05, 0.1):
        area = normalized_progress(3 + 2 * np.exp(-time / constant), best=3.0)
        assert area == pytest.approx(constant, rel=2e-3)


def test_progress_ignores_the_unit_of_a_loss_and_takes_the_best_so_far():
    curve = np.array([4.0, 1.0, 3.0, 0.0])
    assert normalized_progress(10 * curve + 7) == pytest.approx(normalized_progress(curve))
    expected = ((1 + 0.25) / 2 + 0.25 + 0.125) / 3
    assert normalized_progress(curve) == pytest.approx(expected)


def test_progress_of_a_loss_that_never_falls_is_one_and_of_a_broken_one_nan():
    curves = [[1.0, 1.0, 2.0], [1.0, np.nan, 0.5]]
    assert normalized_progress(curves).tolist() == pytest.approx([1.0, np.nan], nan_ok=True)


def test_estimate_is_mean_and_standard_error():
    given = estimate([1.0, 3.0, 5.0, 7.0])
    assert given.mean == 4
    assert given.error == pytest.approx(np.sqrt(20 / 3) / 2)
    assert np.isnan(estimate([1.0]).error)
    assert np.isnan(estimate([1.0, np.inf]).mean)


def test_average_curve_agrees_with_estimate_at_each_point():
    curves = np.random.default_rng(0).normal(size=(5, 7))
    mean, error = average_curve(curves)
    for i in range(7):
        assert (mean[i], error[i]) == pytest.approx(
            (estimate(curves[:, i]).mean, estimate(curves[:, i]).error)
        )


def test_smoothing_keeps_constants_and_forgets_a_spike_geometrically():
    assert smooth(FLAT) == pytest.approx(FLAT)
    spike = np.array([0.0, 1.0, 0.0, 0.0])
    assert smooth(spike, 0.6) == pytest.approx([0, 0.4, 0.24, 0.144])


def test_slope_and_t_value_of_a_textbook_fit():
    # y = 1, 3, 2, 4: slope 0.8, residual variance 0.9, sum of squares of time 5
    rise, t_value = slope([1.0, 3.0, 2.0, 4.0])
    assert rise == pytest.approx(0.8)
    assert t_value == pytest.approx(0.8 / np.sqrt(0.9 / 5))
    assert slope([2.0, 2.0, 2.0]) == (0.0, 0.0)


def test_rising_strips_are_counted_from_the_end():
    levels = np.repeat([5.0, 3.0, 1.0, 2.0, 4.0], 5)
    assert rising_strips(levels) == 2
    assert rising_strips(np.repeat([1.0, 2.0, 3.0, 2.0], 5)) == 0
    assert rising_strips(np.arange(15.0)) == 2


def test_best_point_never_is_a_nan():
    assert best_point([[np.nan, 2.0, 1.0], [0.0, 1.0, np.inf]]).tolist() == [2, 0]
    assert best_point([0.1, 0.9, np.nan], "higher").item() == 1


RISING = FALLING + 0.6 * np.clip((TIME - 25) / 35, 0, None)
LEARNS_NOTHING = 2.28 + 0.02 * np.exp(-TIME / 6)
STEEP = 2.0 * np.exp(-TIME / 40)
SCATTER = FALLING * (1 + 0.5 * np.where(TIME % 2, 1, -1) * (TIME > 30))
WITH_NAN = np.where(TIME > 40, np.nan, FALLING)
BLOW_UP = FALLING + np.where(TIME > 45, 1.5, 0.0)
BOTH_UP = 0.2 + 1.8 * np.exp(-TIME / 3) + 0.06 * np.clip((TIME - 48) / 11, 0, None)

VERDICTS = [
    ("diverged", WITH_NAN, FALLING, {}),
    ("unstable", BLOW_UP, BLOW_UP, {}),
    ("not learning", LEARNS_NOTHING, LEARNS_NOTHING, {"baseline": 2.3}),
    ("overfitting", FALLING, RISING, {"baseline": 2.3}),
    ("overfitting", 2 * np.exp(-TIME / 8), np.minimum(RISING, 0.55), {"baseline": 2.3}),
    ("both losses rising", BOTH_UP, BOTH_UP + 0.02, {"baseline": 2.3}),
    ("still improving", STEEP, STEEP + 0.05, {"baseline": 2.3}),
    ("validation below training", FALLING + 0.5, FALLING, {"baseline": 2.3, "gap_error": 0.02}),
    ("underfitting", FALLING + 1.2, FALLING + 1.21, {"baseline": 2.3, "target": 1.0}),
    ("steady generalisation gap", FALLING, FALLING + 0.6, {"baseline": 2.3, "gap_error": 0.02}),
    ("noisy validation", FALLING, SCATTER, {"baseline": 2.3}),
    ("healthy", FALLING, FALLING + 0.01, {"baseline": 2.3, "target": 0.5}),
]


@pytest.mark.parametrize(
    ("name", "train", "validation", "options"), VERDICTS, ids=[case[0] for case in VERDICTS]
)
def test_verdict(name, train, validation, options):
    verdict = diagnose(train, validation, **options)
    assert verdict.name == name, verdict
    assert verdict.reason.endswith(".")
    assert verdict.source
    assert verdict.numbers


@pytest.mark.parametrize(
    ("name", "train", "validation", "options"), VERDICTS[1:], ids=[c[0] for c in VERDICTS[1:]]
)
def test_verdict_does_not_depend_on_the_unit_of_the_loss(name, train, validation, options):
    scaled = {key: 1000 * value for key, value in options.items()}
    assert diagnose(1000 * train, 1000 * validation, **scaled).name == name


def test_verdict_tells_the_best_step():
    verdict = diagnose(FALLING, RISING, steps=25 * TIME, baseline=2.3)
    assert verdict.numbers["best_step"] == pytest.approx(25 * 25, abs=100)
    assert f"step {verdict.numbers['best_step']:g}" in verdict.reason


def test_loss_near_zero_is_not_judged_by_ratios_of_tiny_numbers():
    train = 2 * np.exp(-TIME / 2)
    validation = train + 1e-6 * TIME  # it rises by half, and nothing beside the baseline
    assert diagnose(train, validation, baseline=2.3).name == "healthy"
    assert diagnose(train, validation, baseline=2.3, resolution=1e-9).name == "overfitting"


def test_negative_losses_are_measured_from_their_own_floor():
    verdict = diagnose(FALLING - 5, RISING - 5, baseline=2.3 - 5, floor=None)
    assert verdict.name == "overfitting"


def test_healthy_curves_are_rarely_called_overfitted():
    rng = np.random.default_rng(0)
    names = [
        diagnose(noisy(FALLING, rng), noisy(FALLING + 0.02, rng), baseline=2.3).name
        for _ in range(300)
    ]
    assert names.count("overfitting") <= 3


def test_overfitted_curves_are_always_found():
    rng = np.random.default_rng(1)
    for _ in range(300):
        turn, rise = rng.uniform(15, 35), rng.uniform(0.3, 1.0)
        train = noisy(0.05 + 1.9 * np.exp(-TIME / 8), rng)
        validation = noisy(FALLING + rise * np.clip((TIME - turn) / 25, 0, None), rng)
        verdict = diagnose(train, validation, baseline=2.3)
        assert verdict.name == "overfitting", verdict


def test_curves_must_agree_and_be_long_enough():
    with pytest.raises(ValueError, match=r"at least 5 points, got \(4,\)"):
        diagnose(FALLING[:4], FALLING[:4])
    with pytest.raises(ValueError, match="of one length"):
        diagnose(FALLING, FALLING[:-1])
