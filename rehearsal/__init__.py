"""Going online, rehearsed here: servers as deployed, merchants, and what befalls them."""
