"""``python -m headstart``: the command line."""

from headstart.cli import command

if __name__ == "__main__":
    command()
