"""Cookies (RFC 6265bis): pure functions under `pyinet.cookiejar`, and the cookie calls of a session."""
