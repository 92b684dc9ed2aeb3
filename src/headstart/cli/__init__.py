"""The command line: one file a command; this one parses, runs, and turns errors into exit statuses."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from headstart import __version__
from headstart.core.errors import HeadstartError
from headstart.core.registry import Registry

COMMANDS = Registry("headstart.cli", "command")
INPUT_MISTAKE, INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 bad input, 2 bad usage, 130 interrupted.

    A command's ``run`` returns None when it is done, or a status of its own.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if not getattr(options, "run", None):
        parser.print_help()
        return 0
    _prepare_process()
    try:
        status: int | None = options.run(options)
        sys.stdout.flush()
    except HeadstartError as error:
        print(f"headstart: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("\nheadstart: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"headstart: {error}", file=sys.stderr)
        return INPUT_MISTAKE
    else:
        return status or 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headstart",
        description="Transfer learning with evidence: from your own examples to a model you can trust.",
        epilog="Exit status: 0 done, 1 a mistake of the input, 2 wrong usage, 3 trouble that `check` found, "
        "130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"headstart {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name in COMMANDS.names():
        COMMANDS.import_file(name).add_to(commands)
    return parser


def _prepare_process() -> None:
    """Settings that must stand before torch starts, for this process only.

    Huge pages spare most page faults of freshly allocated buffers: on a CPU they make inference several times
    faster. Threads that wait passively leave the processor to other work instead of fighting it.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
