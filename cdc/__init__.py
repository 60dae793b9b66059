"""The engine: reading captured changes, applying them, conflicts, first contact."""
