"""Backbone and head as one network, and what of it is frozen."""
