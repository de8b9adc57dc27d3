"""Golden values: what other libraries compute, stored as data, and how jaxloss meets it.

`rows_*.py` hold the table, `*.json` the measured numbers, `make.py` measures them again.
"""
