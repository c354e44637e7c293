"""Readers: from a path to pictures and sound, each at the time a player gives it."""
