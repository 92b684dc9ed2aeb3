"""Lists the alignments."""

from headstart.core.registry import Registry

ALIGNMENTS = Registry("headstart.alignments", "alignment")
