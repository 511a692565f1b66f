"""The service under load and under misuse: ``python -m benchmarks.load`` (or ``make load``)."""
