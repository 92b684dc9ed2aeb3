"""Plain baselines that headstart is compared with: one file a baseline, each run as its own process.

A baseline is started as ``python -m baselines.NAME JOB.json`` from the ``benchmarks`` folder. It trains on the
job's training examples, writes one label per test example, and never sees the test labels.
"""
