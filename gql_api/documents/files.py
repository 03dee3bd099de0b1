"""Files with documents of clients, as graphql-codegen, relay-compiler and Apollo's tools write them, or by hand."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gql_api.refusal import Refusal

ENDINGS = (".graphql", ".gql")
_APOLLO = "apollo-persisted-query-manifest"


@dataclass(frozen=True, slots=True)
class Written:
    """One document as a file has it: where, under which id, and whether its fragments are for other files too."""

    place: str
    text: str
    id: str
    is_by_hand: bool


def read_all(paths: Sequence[Path]) -> list[Written]:
    """Read manifests (`.json`), files of GraphQL and folders of them; raise `Refusal`."""
    found = [written for path in paths for written in _read(path)]
    # A file may be named by itself and by its folder.
    return list({(one.place, one.id): one for one in found}.values())


def _read(path: Path) -> Iterator[Written]:
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in ENDINGS and file.is_file())
        if not files:
            raise Refusal(f"{path}: the folder has no file that ends with {' or '.join(ENDINGS)}.")
        yield from map(_by_hand, files)
    elif path.suffix == ".json":
        yield from _manifest(path)
    else:
        yield _by_hand(path)


def _by_hand(file: Path) -> Written:
    return Written(str(file), _text_of(file), file.stem, is_by_hand=True)


def _manifest(file: Path) -> Iterator[Written]:
    try:
        manifest = json.loads(_text_of(file), object_pairs_hook=partial(_once, file))
    except (ValueError, RecursionError):
        raise Refusal(f"{file}: is not JSON.") from None
    documents = _of_apollo(file, manifest) if _is_of_apollo(manifest) else _of_ids(file, manifest)
    for id, text in documents.items():
        if not id:
            raise Refusal(f"{file}: an id is empty.")
        yield Written(f"{file}: {id}", text, id, is_by_hand=False)


def _once(file: Path, members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of JSON, of which the last of two members with one name would be taken without a word."""
    found: dict[str, Any] = {}
    for name, value in members:
        if found.setdefault(name, value) != value:
            raise _twice(file, name)
    return found


def _twice(file: Path, id: str) -> Refusal:
    return Refusal(f"{file}: {id}: the id is given to two documents.")


def _is_of_apollo(manifest: Any) -> bool:
    return isinstance(manifest, dict) and {"format", "operations"} & manifest.keys() != set()


def _of_apollo(file: Path, manifest: dict[str, Any]) -> dict[str, str]:
    if manifest.get("format") != _APOLLO or manifest.get("version") != 1:
        raise Refusal(f"{file}: must have format {_APOLLO} and version 1.")
    operations = manifest.get("operations")
    if not isinstance(operations, list) or not all(_is_operation(one) for one in operations):
        raise Refusal(f"{file}: operations must be a list of objects, each with the texts id and body.")
    documents: dict[str, str] = {}
    for one in operations:
        if documents.setdefault(one["id"], one["body"]) != one["body"]:
            raise _twice(file, one["id"])
    return documents


def _is_operation(one: Any) -> bool:
    return isinstance(one, dict) and all(isinstance(one.get(name), str) for name in ("id", "body"))


def _of_ids(file: Path, manifest: Any) -> dict[str, str]:
    if not isinstance(manifest, dict) or not all(isinstance(text, str) for text in manifest.values()):
        raise Refusal(f"{file}: must be a JSON object of documents by their ids, or a manifest of Apollo.")
    return manifest


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(f"{file}: must be written in UTF-8.") from None
    except OSError as error:
        raise Refusal(f"{file}: cannot be read: {error.strerror}.") from None
