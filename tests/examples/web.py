"""The example frontend, built and served as its users do it, before the product in a process of its own.

What drives it is Chromium of this machine, by the scripts of this folder.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clients.npm import Node, NoNode, digest, done_once, installed
from commands import address_told, running

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WEB = ROOT / "examples" / "web"
NEEDED_NODE = (20, 19)  # Vite's
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowser(Exception):
    """There is no Chromium here; the text says so."""


def chromium() -> str:
    """Give the path of a Chromium; raise `NoBrowser`."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise NoBrowser(f"no Chromium: none of {', '.join(BROWSERS)} is on the path")
    return found


def built() -> Node:
    """Install and build the example, unless it is there; raise `NoNode`."""
    node = installed(WEB)
    version = node.run("--version").strip()
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < NEEDED_NODE:
        raise NoNode(f"Node.js {version} is too old for Vite: it needs {NEEDED_NODE[0]}.{NEEDED_NODE[1]}")
    with done_once(WEB, "dist/.sources", digest(_sources())) as is_done:
        if not is_done:
            node.run_named("build")
    return node


def sources() -> list[Path]:
    """Give the files that the example is written in."""
    return sorted(
        file
        for file in WEB.rglob("*")
        if file.is_file() and not {"node_modules", "dist", "generated"} & {*file.relative_to(WEB).parts}
    )


def _sources() -> Iterator[Path]:
    yield ROOT / "schema.graphql"
    yield from (file for file in sources() if file.suffix != ".md" and file.name != ".npm.lock")


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """Serve the API, without any setting, and the built example before it; give the page's address and the API's."""
    node = built()
    with running("serve", "--port", "0", "--data-dir", "data", cwd=folder, most_seconds=400) as server:
        api = address_told(server)
        preview = [node.command.node, "node_modules/vite/bin/vite.js", "preview", "--host", "127.0.0.1", "--port", "0"]
        with subprocess.Popen(  # noqa: S603
            preview,
            cwd=WEB,
            # Where it believes to be watched by a machine of continuous integration it colours its words.
            env=node.command.environment | {"GQL_API_URL": api.removesuffix("/graphql"), "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as page:
            try:
                yield address_told(page), api
            finally:
                page.kill()
