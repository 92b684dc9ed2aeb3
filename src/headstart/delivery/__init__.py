"""The finished model: in memory, on disk, in use, and the evidence that goes with it."""
