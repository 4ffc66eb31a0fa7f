"""Rehearse production: servers as deployed, merchants at work, and failures."""
