"""Fetch shipping zones, and turn a carrier on, off or change it in one."""
