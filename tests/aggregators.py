"""Aggregators of gradients straight from their papers: float64, on the gradients themselves.

Each takes the matrix of gradients, one row for each task, and gives the aggregated gradient.
"""

from itertools import combinations

import numpy as np
import scipy.optimize


def mean_of(count):
    return np.full(count, 1 / count)


def mgda(jacobian):
    """Nearest to 0 of the affine hulls of all subsets, among those that lie in the convex hull."""
    found = []
    for size in range(1, len(jacobian) + 1):
        for subset in combinations(range(len(jacobian)), size):
            rows = jacobian[list(subset)]
            spread = (rows[1:] - rows[0]).T
            steps = np.linalg.lstsq(spread, -rows[0], rcond=None)[0]
            weights = np.concatenate([[1 - steps.sum()], steps])
            if np.all(weights > -1e-10):
                found.append(weights @ rows)
    return min(found, key=np.linalg.norm)


def projected(jacobian, vector):
    """Nearest point of the dual cone {d: jacobian @ d >= 0}: the vector plus a cone of rows."""
    added, _ = scipy.optimize.nnls(jacobian.T, -vector)
    return vector + added @ jacobian


def dual_proj(jacobian, preference=None):
    preference = mean_of(len(jacobian)) if preference is None else preference
    return projected(jacobian, preference @ jacobian)


def upgrad(jacobian, preference=None):
    preference = mean_of(len(jacobian)) if preference is None else preference
    return sum(
        projected(jacobian, share * row) for share, row in zip(preference, jacobian, strict=True)
    )


def worst_gain(jacobian, vector):
    """What CAGrad maximises."""
    return (jacobian @ vector).min()


def cagrad_bound(jacobian, c):
    """No vector within reach of the mean gains more at worst: minimum of the dual, by SLSQP."""
    count = len(jacobian)
    center = jacobian.mean(0)
    reach = c * np.linalg.norm(center)

    def dual(weights):
        vector = weights @ jacobian
        return vector @ center + reach * np.linalg.norm(vector)

    starts = [mean_of(count), *(0.9 * np.eye(count) + 0.1 / count)]
    return min(
        scipy.optimize.minimize(
            dual,
            start,
            method="SLSQP",
            bounds=[(0, 1)] * count,
            constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
            options={"ftol": 1e-15, "maxiter": 500},
        ).fun
        for start in starts
    )


def nash_mtl(jacobian):
    """`gramian @ a = 1 / a`, as the minimum over log(a) of a convex function."""
    gramian = jacobian @ jacobian.T
    scale = np.sqrt(np.diag(gramian))
    unit = gramian / np.outer(scale, scale)

    def value(logs):
        a = np.exp(logs)
        return a @ unit @ a / 2 - logs.sum(), a * (unit @ a) - 1

    found = scipy.optimize.minimize(
        value, np.zeros(len(scale)), jac=True, method="BFGS", options={"gtol": 1e-11}
    )
    return (np.exp(found.x) / scale) @ jacobian


def imtl_g(jacobian):
    """Equations 5 and 6 of the paper, for gradients that do not depend on each other."""
    units = jacobian / np.linalg.norm(jacobian, axis=1, keepdims=True)
    apart, between = jacobian[0] - jacobian[1:], units[0] - units[1:]
    rest = jacobian[0] @ between.T @ np.linalg.inv(apart @ between.T)
    return np.concatenate([[1 - rest.sum()], rest]) @ jacobian


def config(jacobian, preference=None):
    preference = np.ones(len(jacobian)) if preference is None else preference
    units = jacobian / np.linalg.norm(jacobian, axis=1, keepdims=True)
    direction = np.linalg.pinv(units) @ preference
    direction = direction / np.linalg.norm(direction)
    return (jacobian @ direction).sum() * direction


def aligned_mtl(jacobian, preference=None, mode="min"):
    """All singular values made equal."""
    preference = mean_of(len(jacobian)) if preference is None else preference
    left, values, right = np.linalg.svd(jacobian, full_matrices=False)
    kept = values > 1e-7 * values[0]
    left, values, right = left[:, kept], values[kept], right[kept]
    length = {
        "min": values[-1],
        "median": sorted(values)[(len(values) - 1) // 2],
        "rmse": np.sqrt(np.mean(values**2)),
    }[mode]
    return length * (preference @ left) @ right


def pcgrad(jacobian, orders=None):
    """Algorithm 1."""
    total = np.zeros(jacobian.shape[1])
    for i, row in enumerate(jacobian):
        vector = row.copy()
        for j in range(len(jacobian)) if orders is None else orders[i]:
            product = vector @ jacobian[j]
            if j != i and product < 0:
                vector = vector - product / (jacobian[j] @ jacobian[j]) * jacobian[j]
        total += vector
    return total


def gradvac(jacobian, targets, decay):
    """Algorithm 1 in the tasks' own order; the targets are changed in place."""
    total = np.zeros(jacobian.shape[1])
    for i, row in enumerate(jacobian):
        vector = row.copy()
        for j, other in enumerate(jacobian):
            if j == i:
                continue
            size = np.linalg.norm(vector)
            cosine = vector @ other / (size * np.linalg.norm(other))
            target = targets[i, j]
            if cosine < target:
                across = np.sqrt(1 - target**2)
                share = size * (target * np.sqrt(1 - cosine**2) - cosine * across)
                vector = vector + share / (np.linalg.norm(other) * across) * other
            targets[i, j] = (1 - decay) * target + decay * cosine
        total += vector
    return total


def krum(jacobian, num_byzantine, num_selected):
    count = len(jacobian)
    scores = []
    for i in range(count):
        squares = [np.sum((jacobian[i] - jacobian[j]) ** 2) for j in range(count) if j != i]
        scores.append(sum(sorted(squares)[: count - num_byzantine - 2]))
    return jacobian[np.argsort(scores, kind="stable")[:num_selected]].mean(0)


def trimmed_mean(jacobian, trim):
    return np.sort(jacobian, axis=0)[trim : len(jacobian) - trim].mean(0)
