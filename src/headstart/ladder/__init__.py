"""The ladder: which rung next, which rung to keep, and when to stop."""
