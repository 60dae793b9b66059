"""Alerts: what went wrong, and that it is well again, sent to people once each."""
