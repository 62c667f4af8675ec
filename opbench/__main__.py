"""`python -m opbench` works from a bare clone, with nothing installed but the libraries."""

from opbench.commands.app import main

if __name__ == "__main__":
    main()
