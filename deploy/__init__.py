"""What puts the app online, and what checks it where there is no container engine."""
