"""Distributions on given places: checks, and how masses are moved to them."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxloss.core.numerics import safe_divide


def support_of(name: str, given: ArrayLike, count: int, like: Array) -> Array:
    """Check an array with one entry for each of so many places; of the rank of `like`."""
    places = jnp.asarray(given).astype(like.dtype)
    if places.shape != (count,):
        raise ValueError(f"expected `{name}` of shape {(count,)}, got {places.shape}")
    return places.reshape(*(1,) * (like.ndim - 1), count)


def projected(places: Array, masses: Array, support: Array) -> Array:
    """Masses shared by the two places of an ascending support that are next to where they are."""
    low, high = support[..., :1], support[..., -1:]
    # Beyond the ends there is nothing that a mass could be shared with.
    before = jnp.concatenate([low, support[..., :-1]], axis=-1)[..., None]
    after = jnp.concatenate([support[..., 1:], high], axis=-1)[..., None]
    here, places = support[..., None], jnp.clip(places, low, high)[..., None, :]
    rising = jnp.where(places < here, safe_divide(places - before, here - before), 1)
    falling = jnp.where(places > here, safe_divide(after - places, after - here), 1)
    hats = jnp.clip(jnp.minimum(rising, falling), 0, 1)
    return jnp.sum(hats * masses[..., None, :], axis=-1)
