"""Trunks of pretrained detectors."""
