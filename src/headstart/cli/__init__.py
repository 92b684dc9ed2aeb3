"""The command line: one file a command; this one parses, runs, and turns errors into exit statuses."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import gc
import math
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from headstart import __version__
from headstart.core.errors import HeadstartError
from headstart.core.registry import Registry
from headstart.core.threads import processors, quota

COMMANDS = Registry("headstart.cli", "command")
INPUT_MISTAKE, INTERRUPTED = 1, 130

_ARENA_MAX = -8
"""What glibc calls M_ARENA_MAX: how many heaps there may be."""

NEW_OBJECTS = 50_000
"""Objects made between two searches for unused ones: importing PyTorch makes half a million that all stay."""


def command() -> NoReturn:
    """Run the command line as a process of its own; its exit status is that of :func:`main`.

    Python takes every module apart at its end, which takes a second once PyTorch is imported, and nothing is left to
    be saved by it: the process is left as soon as everything else that was to be done at its end has been done.
    """
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
    status: list[int] = []
    atexit.register(_leave, status)  # the first to be registered is the last to be called
    status.append(main())
    sys.exit(status[0])


def _leave(status: Sequence[int]) -> None:
    if status:  # no exception is on its way
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status[0])


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
    faster. Threads that wait passively leave the processor to other work instead of fighting it. Of a container that
    may use a part of the machine PyTorch sees all processors, and threads beyond that part wait for their turn.
    """
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        _use_one_arena()
    if quota() < math.inf:
        os.environ.setdefault("OMP_NUM_THREADS", str(processors()))
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def _use_one_arena() -> None:
    """Have all threads share one heap, where the C library is glibc.

    It would give each thread one of its own, and what is freed there stays with it: with 20,000 photos 400 MiB of
    1.8 GiB.
    """
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
