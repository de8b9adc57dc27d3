"""What to say to someone who looks for a name where it is not."""

import inspect
import sys
from importlib.util import find_spec


def missing(name: str) -> None:
    """Stands in for attributes that the package does not have: say where the name is.

    Args:
        name: of the attribute.

    Raises:
        AttributeError: always, so that `hasattr` and `getattr` with a default work as ever.
    """
    told = f"module 'jaxloss' has no attribute {name!r}"
    if name.startswith("_"):
        raise AttributeError(told)
    families = {
        family: vars(module)
        for family, module in vars(sys.modules["jaxloss"]).items()
        if inspect.ismodule(module)
    }
    for wanted in (name, name.removesuffix("_loss")):
        if homes := [
            f"`jl.{family}.{wanted}`" for family in families if wanted in families[family]
        ]:
            raise AttributeError(f"{told}; there is {' and '.join(homes)}")
    if find_spec(f"jaxloss.{name}"):
        raise AttributeError(f"{told} yet: write `import jaxloss.{name}`")
    raise AttributeError(
        f"{told}: losses are in modules by family, and `jaxloss list --from torch` (optax, keras, "
        "...) tells what names of other libraries are called here"
    )
