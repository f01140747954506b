"""Limits on what one person may do or create in a period."""
