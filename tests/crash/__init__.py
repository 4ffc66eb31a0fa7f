"""The app killed while it works."""
