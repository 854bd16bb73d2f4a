"""What is between us and a server: proxies, names, authorities that are trusted, limits."""
