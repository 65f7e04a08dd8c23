"""`python3 -m perf.selfcheck`, from the root of the tree; see main.py."""
import sys

from perf.selfcheck import main

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
