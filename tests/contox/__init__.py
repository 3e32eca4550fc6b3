"""A Contox server for tests and benchmarks: independent of the product's code, so that it can contradict it."""
