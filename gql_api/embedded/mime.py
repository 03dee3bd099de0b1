"""The type of a file as upstream stores it: from its bytes, and by its name where they only tell that it is text."""

from collections.abc import Mapping

from gql_api.embedded import filetypes, paths

_PLAIN = "text/plain"
_REFINED: Mapping[str, str] = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
    ".csv": "text/csv",
    ".json": "application/json",
    ".xml": "application/xml",
    ".html": "text/html",
    ".htm": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".ts": "text/typescript",
    ".go": "text/x-go",
    ".py": "text/x-python",
    ".rs": "text/x-rust",
    ".rb": "text/x-ruby",
    ".java": "text/x-java",
    ".c": "text/x-c",
    ".cpp": "text/x-c++",
    ".h": "text/x-c",
    ".hpp": "text/x-c++",
    ".sh": "text/x-shellscript",
    ".bash": "text/x-shellscript",
    ".sql": "text/x-sql",
    ".toml": "text/x-toml",
    ".ini": "text/x-ini",
    ".cfg": "text/x-ini",
    ".conf": "text/x-ini",
}


def detect(data: bytes, filename: str) -> str:
    """Give the type, with the character set where it has one."""
    found = filetypes.detect(data)
    refined = _REFINED.get(paths.extension(filename))
    if refined and found.startswith(_PLAIN):
        return found.replace(_PLAIN, refined, 1)
    return found
