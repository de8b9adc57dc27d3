"""Speed and memory of losses beside other libraries: `python -m benchmarks --help`."""
