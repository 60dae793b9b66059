"""Snapshot files: what is in them, how they are written, verified, stored and restored."""
