"""How student and teacher get from layer to layer, as their papers print it, one by one."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import ZERO, Array, mean, real, rows, total

X = npt.ArrayLike
Vector = list[Decimal]


def flow_of_solution(first: X, second: X, teacher_first: X, teacher_second: X) -> Array:
    """Yim 2017, equations 1 and 2: mean squared difference of F1^T F2 / positions."""
    arrays = [real(x) for x in (first, second, teacher_first, teacher_second)]

    def gram(x: list[Vector], y: list[Vector]) -> Vector:
        count = len(x)
        return [
            total(a[i] * b[j] for a, b in zip(x, y, strict=True)) / count
            for i in range(len(x[0]))
            for j in range(len(y[0]))
        ]

    def value(a: list[Vector], b: list[Vector], c: list[Vector], d: list[Vector]) -> Decimal:
        if not a:
            return ZERO
        pairs = zip(gram(a, b), gram(c, d), strict=True)
        return mean([(x - y) * (x - y) for x, y in pairs])

    return rows(value, arrays[0].shape[:-2], *arrays)


def _main(x: Array, count: int) -> tuple[list[Array], list[float]]:
    """Right singular vectors and values, largest first; of what is next to nothing none."""
    _, s, vt = np.linalg.svd(x, full_matrices=False)
    kept = [i for i in range(min(count, len(s))) if s[i] > 1e-3 * s[0]]
    return [vt[i] for i in kept], [float(s[i]) for i in kept]


def _matched(student: Array, teacher: Array, rank: int) -> tuple[list[Array], list[Array]]:
    """Lee 2018, equations 3 to 5: each vector of the teacher, and the student's nearest, turned."""
    wanted, sizes = _main(teacher, rank)
    offered, _ = _main(student, rank + 3)
    norm, one, two = np.sqrt(sum(s * s for s in sizes)), [], []
    for v, s in zip(wanted, sizes, strict=True):
        v = v * np.sign(v[np.argmax(np.abs(v))])
        nearest = max(offered, key=lambda u, v=v: abs(u @ v), default=0 * v)
        one.append(nearest * np.sign(nearest @ v) * s / norm)
        two.append(v * s / norm)
    return one, two


def singular_vectors(
    first: X, second: X, teacher_first: X, teacher_second: X, *, rank: int = 1
) -> Array:
    """Lee 2018, equations 6 and 7: squared differences of radial functions of main directions."""
    a, b, c, d = (real(x) for x in (first, second, teacher_first, teacher_second))
    found = np.zeros(a.shape[:-2])
    for index in np.ndindex(found.shape):
        if 0 in a[index].shape or 0 in b[index].shape:
            continue
        early = _matched(a[index], c[index], rank)
        late = _matched(b[index], d[index], rank)
        for k in range(max(len(early[1]), len(late[1]))):
            of_none = (np.zeros(a.shape[-1]), np.zeros(b.shape[-1]))
            radial = [
                np.exp(
                    -np.square(
                        (x[k] if k < len(x) else of_none[0])[:, None]
                        - (y[k] if k < len(y) else of_none[1])[None, :]
                    )
                    / 8
                )
                for x, y in zip(early, late, strict=True)
            ]
            found[index] += np.sum(np.square(radial[0] - radial[1]))
    return found
