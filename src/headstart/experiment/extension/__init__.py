"""Adds classes to a finished model without losing the old ones."""
