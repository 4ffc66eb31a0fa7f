"""Shipping zones: read from BigCommerce, and a carrier switched on, off or changed in one."""
