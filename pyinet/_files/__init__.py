"""What `pyinet.internetfile` and `pyinet.httpfile` are made of: handle, reading, writing, sending, errors."""
