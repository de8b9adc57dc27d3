"""Functions of the singular values of matrices, with derivatives that equal ones do not upset."""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxloss.core.numerics import with_tangent


def log_volume(x: Float[Array, "*batch n dim"]) -> Float[Array, "*batch"]:
    """`log(det(I + x.T @ x))`, exact where `x` is so large that the identity is rounded away."""
    if 0 in x.shape[-2:]:
        return jnp.sum(x, axis=(-2, -1))
    return _log_volume(x)


def _weights(x: Array) -> Array:
    """`2 * x @ inv(I + x.T @ x)`, the gradient of the logarithm."""
    u, s, vt = jnp.linalg.svd(x, full_matrices=False)
    return u @ ((2 * s / (1 + jnp.square(s)))[..., None] * vt)


def _weights_tangent(_: Array, primals: tuple[Array], tangents: tuple[Array]) -> Array:
    # What singular vectors turn by is divided by differences of singular values, which may be 0;
    # here these divide differences of the same weights, and cancel.
    u, s, vt = jnp.linalg.svd(primals[0], full_matrices=False)
    (change,) = tangents
    ut, v = jnp.swapaxes(u, -1, -2), jnp.swapaxes(vt, -1, -2)
    inner = ut @ change @ v
    even, odd = ((inner + sign * jnp.swapaxes(inner, -1, -2)) / 2 for sign in (1, -1))
    rest = 1 / (1 + jnp.square(s))
    both = rest[..., :, None] * rest[..., None, :]
    crossed = s[..., :, None] * s[..., None, :]
    within = both * ((1 - crossed) * even + (1 + crossed) * odd)
    below = (change - u @ (ut @ change)) @ v
    beside = ut @ (change - (change @ v) @ vt)
    return 2 * (
        u @ (within @ vt) + (below * rest[..., None, :]) @ vt + u @ (rest[..., None] * beside)
    )


_slope = with_tangent(_weights, _weights_tangent)
_log_volume = with_tangent(
    lambda x: jnp.sum(jnp.log1p(jnp.square(jnp.linalg.svd(x, compute_uv=False))), axis=-1),
    lambda _, primals, tangents: jnp.sum(_slope(primals[0]) * tangents[0], axis=(-2, -1)),
)
