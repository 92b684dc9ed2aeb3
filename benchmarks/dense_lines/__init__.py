"""The measurements of ``dense.py``: one file a group of rows; ``measure(data, backbones, seeds)`` gives its rows.

A file with a leading underscore is shared by them. A new measurement joins by being there.
"""
