"""`python3 -m tools.profile`, from the root of the tree; see main.py."""
import sys

from tools.profile import main

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
