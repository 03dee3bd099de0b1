"""Globs once more, as simply as can be: what the server's own matcher is compared with."""


def matched(pattern: str, path: str) -> bool:
    """Tell whether a pattern matches a whole path; both begin with a slash."""
    return _pieces(pattern.split("/")[1:], path.split("/")[1:])


def _pieces(wanted: list[str], there: list[str]) -> bool:
    if not wanted:
        return not there
    if wanted == ["**"]:
        return bool(there)
    if wanted[0] == "**":
        return any(_pieces(wanted[1:], there[skipped:]) for skipped in range(len(there) + 1))
    return bool(there) and _letters(wanted[0], there[0]) and _pieces(wanted[1:], there[1:])


def _letters(wanted: str, there: str) -> bool:
    if not wanted:
        return not there
    if wanted[0] == "*":
        return any(_letters(wanted[1:], there[skipped:]) for skipped in range(len(there) + 1))
    if wanted[0] == "[" and "]" in wanted[2:]:
        end = wanted.index("]", 2)
        return bool(there) and _in_set(there[0], wanted[1:end]) and _letters(wanted[end + 1 :], there[1:])
    return bool(there) and wanted[0] in ("?", there[0]) and _letters(wanted[1:], there[1:])


def _in_set(letter: str, described: str) -> bool:
    if described.startswith("!"):
        return not _in_set(letter, described[1:])
    if described[1:2] == "-":
        return described[0] <= letter <= described[2]
    return letter in described
