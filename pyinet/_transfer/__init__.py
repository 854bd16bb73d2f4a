"""The native core and what speaks to it: requests down, results and events up."""
