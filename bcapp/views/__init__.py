"""HTTP: what is asked, one call, an answer."""
