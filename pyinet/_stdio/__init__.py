"""Local files, below `pyinet.stdiofile`."""
