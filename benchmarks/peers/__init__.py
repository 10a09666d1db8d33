"""One module for each peer: a process that does workloads on request.

A request is a line of JSON on standard input, ``{"workload": ..., "params": {...}}``; the answer is
one on standard output. So every peer runs in a process, and an environment, of its own.
"""
