"""Boxes and masks of objects: measured, matched, marked and put into tensors."""
