"""Verdicts on curves that were made to deserve them, and on runs that were made to fail."""

import typing

import numpy as np
import pytest

from benchmarks.studies import diagnosis
from jaxloss.analysis.verdict import Name, diagnose

TIME = np.arange(60.0)
FALLING = 0.2 + 1.8 * np.exp(-TIME / 6)  # down to a plateau of 0.2
RISING = FALLING + 0.6 * np.clip((TIME - 25) / 35, 0, None)
LEARNS_NOTHING = 2.28 + 0.02 * np.exp(-TIME / 6)
STEEP = 2.0 * np.exp(-TIME / 40)
SCATTER = FALLING * (1 + 0.5 * np.where(TIME % 2, 1, -1) * (TIME > 30))
WITH_NAN = np.where(TIME > 40, np.nan, FALLING)
SPIKES = FALLING + np.where(np.isin(TIME, (34, 41, 42, 55)), 1.5, 0.0)
LOST = FALLING + np.where(TIME > 45, 1.5, 0.0)
EXPLODES = FALLING + np.exp(np.clip(TIME - 52, -50, None))
BOTH_UP = 0.2 + 1.8 * np.exp(-TIME / 3) + 0.06 * np.clip((TIME - 48) / 11, 0, None)
LEARNS_BY_HEART = 1.8 * np.exp(-TIME / 20)
BASE = {"baseline": 2.3}

VERDICTS = [
    ("diverged", WITH_NAN, FALLING, {}),
    ("diverged", EXPLODES, EXPLODES, {}),
    ("unstable", SPIKES, SPIKES, {}),
    ("collapsed", LOST, LOST, {}),
    ("not learning", LEARNS_NOTHING, LEARNS_NOTHING, BASE),
    ("not learning", LEARNS_NOTHING, LEARNS_NOTHING, {}),
    ("overfitting", FALLING, RISING, BASE),
    ("overfitting", 2 * np.exp(-TIME / 8), np.minimum(RISING, 0.55), BASE),
    ("both losses rising", BOTH_UP, BOTH_UP + 0.02, BASE),
    ("still improving", STEEP, STEEP + 0.05, BASE),
    ("validation below training", FALLING + 0.5, FALLING, BASE | {"gap_error": 0.02}),
    ("underfitting", FALLING + 1.2, FALLING + 1.21, BASE | {"target": 1.0}),
    ("widening generalisation gap", LEARNS_BY_HEART, FALLING + 0.4, BASE),
    ("steady generalisation gap", FALLING, FALLING + 0.6, BASE | {"gap_error": 0.02}),
    ("noisy validation", FALLING, SCATTER, BASE),
    ("healthy", FALLING, FALLING + 0.01, BASE | {"target": 0.5}),
]
EACH = pytest.mark.parametrize(
    ("name", "train", "validation", "options"), VERDICTS, ids=[case[0] for case in VERDICTS]
)


def noisy(curve, rng, share=0.02):
    return curve * (1 + share * rng.standard_normal(curve.shape))


@EACH
def test_verdict(name, train, validation, options):
    verdict = diagnose(train, validation, **options)
    assert verdict.name == name, verdict
    assert verdict.reason.endswith(".")
    assert verdict.advice.endswith(".")
    assert verdict.source
    assert all(type(number) is float for number in verdict.numbers.values())


def test_every_verdict_is_given_to_some_curve():
    assert {name for name, *_ in VERDICTS} == set(typing.get_args(Name))


@EACH
def test_verdict_does_not_depend_on_the_unit_of_the_loss(name, train, validation, options):
    for unit in (1e-6, 1e6):
        scaled = {key: unit * value for key, value in options.items()}
        assert diagnose(unit * train, unit * validation, **scaled).name == name


@pytest.mark.parametrize("kind", diagnosis.KINDS)
def test_kinds_of_runs_get_the_verdict_that_is_right(kind):
    truth, _ = diagnosis.KINDS[kind]
    given = [diagnosis.draw(kind, seed).verdict() for seed in range(1000, 1025)]
    assert given.count(truth) >= 24, given


def test_runs_are_drawn_anew_for_each_seed_and_alike_for_the_same():
    one, again, other = (diagnosis.draw("healthy", seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.train, again.train)
    assert one.train.shape != other.train.shape or (one.train != other.train).any()


def test_noise_with_a_memory_costs_little():
    right, alarms = diagnosis.rates(diagnosis.confusion(range(1000, 1010), memory=0.5))
    assert right >= 0.95
    assert alarms <= 0.05


@pytest.mark.parametrize(
    ("run", "name"),
    [("overfits", "overfitting"), ("underfits", "underfitting")],
)
def test_trainings_made_to_fail_are_found_out(run, name):
    verdict = diagnosis.trained(run, seeds=2)
    assert verdict.name == name, verdict


def test_study_counts_and_draws(monkeypatch):
    monkeypatch.setattr(diagnosis, "MEMORIES", (0.5,))
    found = diagnosis.run(seeds=1, quick=True)
    assert [row["kind of run"] for row in found.rows] == list(diagnosis.KINDS)
    assert "of the verdicts are right" in found.text
    assert found.pictures["diagnosis"].startswith(b"\x89PNG")


def test_verdict_tells_the_best_step():
    verdict = diagnose(FALLING, RISING, steps=25 * TIME, baseline=2.3)
    assert verdict.numbers["best_step"] == pytest.approx(25 * 25, abs=100)
    assert f"step {verdict.numbers['best_step']:g}" in verdict.reason
    assert f"Stop at step {verdict.numbers['best_step']:g}" in verdict.advice


def test_prechelts_generalization_loss():
    # Down to 1 and up again by a tenth: GL = 100 (1.1 / 1 - 1) = 10.
    flat = np.full(40, 1.0)
    flat[:10] = np.linspace(3, 1, 10)
    up = np.where(np.arange(40) < 30, flat, 1.1)
    verdict = diagnose(flat, up)
    assert verdict.name == "overfitting"
    assert verdict.numbers["validation_rise"] == pytest.approx(10)
    assert diagnose(flat, up, generalization_loss=11.0).name == "healthy"


def test_factor_of_a_spike_and_their_count():
    level = np.full(60, 1.0)
    level[:3] = (4.0, 2.0, 1.5)
    spiky = level.copy()
    spiky[[35, 45, 46]] = (2.0, 3.0, 3.0)
    numbers = diagnose(spiky, level).numbers
    assert numbers["spikes"] == 2
    assert numbers["highest_spike"] == pytest.approx(3)
    assert diagnose(spiky, level).name == "healthy"
    assert diagnose(spiky, level, spikes=2).name == "unstable"


def test_loss_near_zero_is_not_judged_by_ratios_of_tiny_numbers():
    train = 2 * np.exp(-TIME / 2)
    validation = train + 1e-6 * TIME  # it rises by half, and nothing beside the baseline
    assert diagnose(train, validation, baseline=2.3).name == "healthy"
    assert diagnose(train, validation, baseline=2.3, resolution=1e-9).name == "overfitting"


def test_negative_losses_are_measured_from_a_floor_below_their_own():
    verdict = diagnose(FALLING - 5, RISING - 5, baseline=2.3 - 5, floor=None)
    assert verdict.name == "overfitting"
    same = diagnose(FALLING - 5, RISING - 5, baseline=2.3 - 5)  # 0 is no floor: they are below it
    assert same == verdict


def test_a_log_that_begins_when_all_is_learned_is_judged_by_the_baseline():
    flat = noisy(np.full(60, 0.3), np.random.default_rng(0))
    assert diagnose(flat, flat, baseline=2.3).name == "healthy"
    verdict = diagnose(flat, flat)
    assert verdict.name == "not learning"
    assert "if all was not learned before the first step" in verdict.reason


def test_the_error_of_the_gap_can_be_told():
    validation = FALLING + 0.6
    assert diagnose(FALLING, validation, gap_error=0.1).name == "steady generalisation gap"
    assert diagnose(FALLING, validation, gap_error=0.5).name == "healthy"


def test_losses_without_finite_squares():
    huge = np.where(TIME > 50, 1e250, FALLING)
    assert diagnose(huge, huge).name == "diverged"


def test_healthy_curves_are_rarely_called_overfitted():
    rng = np.random.default_rng(0)
    names = [
        diagnose(noisy(FALLING, rng), noisy(FALLING + 0.02, rng), baseline=2.3).name
        for _ in range(300)
    ]
    assert names.count("healthy") >= 297


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
    assert diagnose(FALLING[:5], FALLING[:5]).name == "still improving"
