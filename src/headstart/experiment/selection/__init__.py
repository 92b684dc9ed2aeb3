"""Chooses what to transfer from: probes of the backbones at hand, halved while they differ."""
