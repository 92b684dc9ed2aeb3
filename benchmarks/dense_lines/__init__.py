"""The measurements of ``dense.py``: one file a group of rows; ``measure(asked)`` gives its rows,
and ``SETS`` are those that it can take.

A file with a leading underscore is shared by them. A new measurement joins by being there.
"""
