"""Advantages as their papers print them, a step at a time."""

import numpy as np
import numpy.typing as npt

X = npt.ArrayLike
Array = npt.NDArray[np.float64]


def _rows(rewards: X, where: X | None) -> tuple[Array, npt.NDArray[np.bool_]]:
    given = np.asarray(rewards, np.float64)
    return given, np.ones(given.shape, bool) if where is None else np.asarray(where, bool)


def group_relative(
    rewards: X, *, scale: str | None = "group", eps: X = 1e-4, where: X | None = None
) -> Array:
    """Shao 2024, section 4.1.2: (r - mean) / std; Liu 2025: without std."""
    given, kept = _rows(rewards, where)
    everything = given[kept]
    out = np.zeros_like(given)
    for row in np.ndindex(given.shape[:-1]):
        group = given[row][kept[row]]
        if not len(group):
            continue
        found = group - sum(group) / len(group)
        if scale is not None:
            of = group if scale == "group" else everything
            spread = np.std(of, ddof=1) if len(of) > 1 else 0.0
            found = found / (spread + float(np.asarray(eps)))
        out[row][kept[row]] = found
    return out


def leave_one_out(rewards: X, *, where: X | None = None) -> Array:
    """Kool 2019: each reward less the mean of the others."""
    given, kept = _rows(rewards, where)
    out = np.zeros_like(given)
    for row in np.ndindex(given.shape[:-1]):
        places = np.flatnonzero(kept[row])
        for i in places:
            others = [given[row][j] for j in places if j != i]
            if others:
                out[row][i] = given[row][i] - sum(others) / len(others)
    return out


def gae(rewards: X, discounts: X, values: X, *, decay: X = 0.95) -> Array:
    """Schulman 2016, equation 16, as the double sum."""
    r, g, v = (np.asarray(x, np.float64) for x in (rewards, discounts, values))
    out = np.zeros_like(r)
    for row in np.ndindex(r.shape[:-1]):
        for t in range(r.shape[-1]):
            weight = 1.0
            for k in range(t, r.shape[-1]):
                surprise = r[row][k] + g[row][k] * v[row][k + 1] - v[row][k]
                out[row][t] += weight * surprise
                weight *= g[row][k] * float(np.asarray(decay))
    return out


def lambda_returns(rewards: X, discounts: X, values: X, *, decay: X = 0.95) -> Array:
    """Sutton 1988: the recursion from the end."""
    r, g, v = (np.asarray(x, np.float64) for x in (rewards, discounts, values))
    lam = float(np.asarray(decay))
    out = np.zeros_like(r)
    for row in np.ndindex(r.shape[:-1]):
        later = v[row][-1]
        for t in reversed(range(r.shape[-1])):
            later = r[row][t] + g[row][t] * ((1 - lam) * v[row][t + 1] + lam * later)
            out[row][t] = later
    return out


def vtrace(
    rewards: X, discounts: X, values: X, log_ratios: X, *, decay: X = 1.0, rho: X = 1.0, c: X = 1.0
) -> tuple[Array, Array]:
    """Espeholt 2018, equation 1 as the sum of products, and the advantage below equation 4."""
    r, g, v, logs = (np.asarray(x, np.float64) for x in (rewards, discounts, values, log_ratios))
    lam, top, cut = (float(np.asarray(x)) for x in (decay, rho, c))
    steps = r.shape[-1]
    targets, advantages = np.zeros_like(r), np.zeros_like(r)
    for row in np.ndindex(r.shape[:-1]):
        ratio = [np.exp(x) for x in logs[row]]
        for s in range(steps):
            targets[row][s] = v[row][s]
            weight = 1.0
            for t in range(s, steps):
                surprise = r[row][t] + g[row][t] * v[row][t + 1] - v[row][t]
                targets[row][s] += weight * min(top, ratio[t]) * surprise
                weight *= g[row][t] * lam * min(cut, ratio[t])
        for s in range(steps):
            after = targets[row][s + 1] if s + 1 < steps else v[row][steps]
            gain = r[row][s] + g[row][s] * after - v[row][s]
            advantages[row][s] = min(top, ratio[s]) * gain
    return targets, advantages


def n_step_returns(rewards: X, discounts: X, values: X, *, steps: int) -> Array:
    """Sutton & Barto 2018, equation 7.1: discounted rewards of n steps, then a value."""
    r, g, v = (np.asarray(x, np.float64) for x in (rewards, discounts, values))
    out = np.zeros_like(r)
    for row in np.ndindex(r.shape[:-1]):
        for t in range(r.shape[-1]):
            end, weight = min(t + steps, r.shape[-1]), 1.0
            for k in range(t, end):
                out[row][t] += weight * r[row][k]
                weight *= g[row][k]
            out[row][t] += weight * v[row][end]
    return out


def off_policy_returns(rewards: X, discounts: X, values: X, taken: X, traces: X) -> Array:
    """Munos 2016, equation 3: Q + sum gamma^(t - s) (prod c) (r + gamma E Q(s') - Q)."""
    r, g, v, q, c = (np.asarray(x, np.float64) for x in (rewards, discounts, values, taken, traces))
    out = np.zeros_like(r)
    for row in np.ndindex(r.shape[:-1]):
        for s in range(r.shape[-1]):
            out[row][s] = q[row][s]
            weight = 1.0
            for t in range(s, r.shape[-1]):
                weight *= c[row][t] if t > s else 1.0
                out[row][s] += weight * (r[row][t] + g[row][t] * v[row][t + 1] - q[row][t])
                weight *= g[row][t]
    return out
