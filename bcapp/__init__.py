"""A BigCommerce app: sends carrier account details, and offers carriers in shipping zones."""
