"""The `pyinet` command. Needs the packages of the extra `cli`; uses the public face of pyinet."""
