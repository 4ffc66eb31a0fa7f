"""BigCommerce app that sends carrier account details and enables carriers in shipping zones."""
