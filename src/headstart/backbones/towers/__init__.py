"""A tower for pictures and one for texts that share a space."""
