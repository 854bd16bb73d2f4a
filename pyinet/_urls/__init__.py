"""URLs: the functions of WinINet, one a module, and how a URL goes to the wire. Pure."""
