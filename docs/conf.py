"""Configuration of the site: `sphinx-build -W docs docs/_build`.

Pages of modules, migration, gallery and benchmarks are made when the build starts (`generate`).
"""

import sys
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import jaxloss  # noqa: E402

project = "jaxloss"
author = "The jaxloss authors"
copyright = f"2026, {author}"
version = release = jaxloss.__version__

extensions = ["myst_nb", "sphinx_copybutton", "sphinx.ext.intersphinx"]
exclude_patterns = ["_build", "generate", "jupyter_execute"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
myst_enable_extensions = ["colon_fence", "attrs_inline", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
nitpicky = True
# Types in signatures are of jaxtyping and jax.typing, and are read there; what prose refers to must
# be found.
nitpick_ignore_regex = [("py:class", r".*"), ("py:exc", r".*")]
toc_object_entries_show_parents = "hide"
maximum_signature_line_length = 88
python_maximum_signature_line_length = 88
# Outputs stand in the files: continuous integration runs every notebook, the site shows them.
nb_execution_mode = "off"
intersphinx_mapping = {}

html_theme = "furo"
html_title = "jaxloss"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": [], "navigation_with_keys": True}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def setup(app: Sphinx) -> None:
    """Make the pages before Sphinx looks for them."""
    from generate import write

    app.connect("builder-inited", lambda app: write(HERE))
