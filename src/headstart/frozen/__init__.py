"""The frozen part of a network is a pure function: it runs once, and what it left is read ever after."""
