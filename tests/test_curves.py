"""Figures from curves whose answer is known."""

import numpy as np
import pytest

from jaxloss.analysis.curves import (
    average_curve,
    best_point,
    estimate,
    final_values,
    half_life,
    normalized_progress,
    rising_strips,
    share_reached,
    slope,
    smooth,
    steps_to_target,
)


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
    flat = np.full(60, 0.2)
    assert smooth(flat) == pytest.approx(flat)
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


def test_share_reached_of_an_exponential_is_one_minus_its_remainder():
    time = np.linspace(0, 1, 1001)
    curves = [3 + 2 * np.exp(-time / constant) for constant in (0.1, 0.4)]
    given = share_reached(curves, (0.1, 0.5, 0.9), best=3.0)
    for row, constant in zip(given, (0.1, 0.4), strict=True):
        expected = [1 - np.exp(-part / constant) for part in (0.1, 0.5, 0.9)]
        assert row == pytest.approx(expected, abs=1e-4)


def test_share_reached_takes_the_best_so_far_and_draws_lines_between_points():
    curve = np.array([4.0, 2.0, 3.0, 0.0])
    assert share_reached(curve, (0, 1 / 6, 1 / 3, 2 / 3, 5 / 6, 1)) == pytest.approx(
        [0, 0.25, 0.5, 0.5, 0.75, 1]
    )
    assert share_reached([1.0, 2.0, 3.0]).tolist() == [0, 0, 0]
    assert np.isnan(share_reached([1.0, np.nan, 0.5])).all()
    assert share_reached(1000 * curve - 7) == pytest.approx(share_reached(curve))


@pytest.mark.parametrize("known", [3.0, 40.0, 700.0])
@pytest.mark.parametrize(("level", "height"), [(0.0, 1.0), (-5e3, 2e3), (7.0, 1e-3)])
def test_half_life_of_an_exponential(known, level, height):
    steps = np.arange(0, 1000, 2)
    values = level + height * 0.5 ** (steps / known)
    assert half_life(steps, values) == pytest.approx(known, rel=1e-4)


def test_half_life_under_noise_and_of_uneven_steps():
    rng = np.random.default_rng(0)
    steps = np.cumsum(rng.integers(1, 9, 400))
    values = 2 + 0.5 ** (steps / 150) + 0.01 * rng.standard_normal(400)
    assert half_life(steps, values) == pytest.approx(150, rel=0.05)


def test_half_life_of_what_does_not_fall_like_that():
    steps = np.arange(50)
    assert half_life(steps, 5.0 - 0.1 * steps) == np.inf
    assert half_life(steps, 1 - 0.5 ** (steps / 5)) == np.inf
    assert half_life(steps, np.full(50, 3.0)) == np.inf
    assert np.isnan(half_life(steps, np.where(steps > 40, np.nan, 1.0)))


def test_final_values_over_seeds():
    curves = [[5.0, 1.0, 4.0, 2.0, 3.0], [5.0, 6.0, 2.0, 8.0, 4.0]]
    found = final_values([0, 10, 20, 30, 40], curves, last=3)
    assert found.best == estimate([1.0, 2.0])
    assert found.best_step == estimate([10.0, 20.0])
    assert found.last == estimate([3.0, 4.0])
    higher = final_values([0, 10, 20, 30, 40], curves, last=1, better="higher")
    assert (higher.best.mean, higher.best_step.mean, higher.last.mean) == (6.5, 15, 3.5)


def test_final_values_of_one_curve_and_of_one_that_broke():
    assert final_values([0, 1, 2], [3.0, 2.0, 2.5], last=2).last.mean == 2.25
    broken = final_values([0, 1, 2], [[3.0, 1.0, np.nan], [3.0, 2.0, 1.0]], last=1)
    assert broken.best.mean == 1
    assert np.isnan(broken.last.mean)
