"""Kill the app while it works."""
