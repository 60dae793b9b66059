"""Snapshot files: what is in them, how they are written, kept, proved and restored."""
