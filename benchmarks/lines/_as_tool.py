"""Runs a module with the settings that headstart gives its own processes before torch starts (huge pages, …)."""

from __future__ import annotations

import runpy
import sys

from headstart.cli import _prepare_process

if __name__ == "__main__":
    del sys.argv[0]
    _prepare_process()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
