"""The measurements of ``pretrain.py``: one file a group of rows; ``measure(asked)`` gives its rows.

A file with a leading underscore is shared by them. A new measurement joins by being there.
"""
