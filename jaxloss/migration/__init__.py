"""What the losses of other libraries are called here, and what differs.

Behind the name of a loss stands, after a colon, what to know when moving: another factor,
reduction, axis or edge case. Names and differences were measured with the packages named in
`tests/references/CONVENTIONS.md`, or read where no such package is listed there.
"""

from collections.abc import Mapping

from jaxloss.migration import frameworks, language, statistics, vectors, vision

NAMES: Mapping[str, Mapping[str, str]] = {
    **frameworks.NAMES,
    **statistics.NAMES,
    **vision.NAMES,
    **vectors.NAMES,
    **language.NAMES,
}
"""By library, then by the name of the loss there: the name here, and what differs there."""
