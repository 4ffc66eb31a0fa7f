"""Journeys through both programs."""
