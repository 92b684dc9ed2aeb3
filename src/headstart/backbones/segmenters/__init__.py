"""Trunks of pretrained segmenters."""
