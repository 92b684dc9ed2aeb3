"""A real headless browser, spoken to over two pipes: pages, media, key presses, and what scripts say of them.

The Chrome DevTools protocol over ``--remote-debugging-pipe``: JSON messages that end in a null byte, no library.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DEMANDED = "HEADSTART_TEST_BROWSER"
"""With this set in the environment a missing browser is a failure."""

PATIENCE = 60.0
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27}


def program() -> str:
    """The browser's path; the test is skipped where there is none, and fails where one is demanded."""
    if PROGRAM is None:
        (pytest.fail if os.environ.get(DEMANDED) else pytest.skip)(
            "no chromium, chromium-browser or google-chrome here"
        )
    return str(PROGRAM)


class Browser:
    """One tab of a browser; to be closed."""

    def __init__(self, folder: Path) -> None:
        import fcntl  # not on Windows, where this file is imported all the same

        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (theirs_in, theirs_out)]

        def third_and_fourth() -> None:
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self._process = subprocess.Popen(
            [
                program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}", "about:blank",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=third_and_fourth,
        )  # fmt: skip
        for fd in (theirs_in, theirs_out, *high):
            os.close(fd)
        self._out, self._in, self._left, self._numbers = ours_out, ours_in, b"", itertools.count(1)
        self._session: str | None = None
        page = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for what it gives."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            heard = self._heard(until)
            if heard.get("id") == number:
                assert "error" not in heard, heard
                return dict(heard["result"])

    def _heard(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._left:
            assert select.select([self._in], [], [], max(0.0, until - time.monotonic()))[0], "the browser is silent"
            read = os.read(self._in, 2**16)
            assert read, "the browser is gone"
            self._left += read
        first, self._left = self._left.split(b"\0", 1)
        return dict(json.loads(first))

    def show(self, path: Path, width: int, height: int = 900, media: str = "", scheme: str = "light") -> None:
        """Open a page in a window of that size, as on a screen, or with `media` ``print``, in a colour scheme."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", media=media, features=features)
        self.ask("Page.navigate", url=path.as_uri())
        until = time.monotonic() + PATIENCE
        while self.says("location.href + document.readyState") != path.as_uri() + "complete":
            assert time.monotonic() < until, "the page does not load"
            time.sleep(0.05)

    def says(self, script: str) -> Any:
        """The value of a script on the page."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        told = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        self.ask("Input.dispatchKeyEvent", type="keyDown", **told, **({"text": "\r"} if key == "Enter" else {}))
        self.ask("Input.dispatchKeyEvent", type="keyUp", **told)

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=False)["data"])

    def close(self) -> None:
        """End the browser as its own menu would: a signal leaves its socket in the system's temporary folder."""
        self.ask("Browser.close")
        self._process.wait(timeout=30)
        os.close(self._in)
        os.close(self._out)
