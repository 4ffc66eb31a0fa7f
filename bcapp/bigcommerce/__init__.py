"""Client for BigCommerce: OAuth, signed payloads, and the V2 store API."""
