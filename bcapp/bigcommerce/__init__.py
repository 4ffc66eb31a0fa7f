"""The world outside: everything that BigCommerce says to us, or we to it."""
