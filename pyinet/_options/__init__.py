"""Options: the one table, its checks, and what the options of each kind of handle do."""
