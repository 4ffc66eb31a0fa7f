"""Copy the database, rotate encryption keys, and enforce retention."""
