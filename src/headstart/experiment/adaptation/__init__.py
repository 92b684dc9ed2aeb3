"""Fits a finished model to new inputs without labels, or leaves it as it was."""
