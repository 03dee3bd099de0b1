"""What the benchmarks are made with: a stub of Acontext, processes that are watched, load, and figures."""
