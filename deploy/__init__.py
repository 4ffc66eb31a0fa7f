"""Deployment files, and a check of the image without a container engine."""
