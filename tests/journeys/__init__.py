"""Browser tests through the control panel and the app."""
