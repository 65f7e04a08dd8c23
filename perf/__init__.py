"""A package in earnest, with this file: Debian's linux-perf brings a Python module `perf` of its
own, which would win over a folder without it.
"""
