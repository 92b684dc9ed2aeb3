"""The measurements of ``speed.py``: one file a measurement, whose ``measure(work)`` gives rows of the table.

A file with a leading underscore is shared by them, or is a process that one of them starts
(``python -m lines._bare_loop JOB.json`` from the ``benchmarks`` folder). A new measurement joins by being there.
"""
