"""The measurements of ``trust.py``: one file a planted fault; ``measure(data, backbones, seeds)`` gives its rows.

A file with a leading underscore is shared by them. A new measurement joins by being there.
"""
