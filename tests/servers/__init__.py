"""Local servers for tests and benchmarks: real ones and scripted ones, all on 127.0.0.1 and free ports."""
