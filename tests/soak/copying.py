"""A client that makes sessions of others, and notes what must be in them."""

from dataclasses import replace
from typing import Any, NamedTuple

from soak.ledger import Origin, Session, Value
from soak.organising import Organiser

_FORK = """mutation ($input: ForkSessionInput!) {
  forkSession(input: $input) {
    session { id acontextId messages(last: 1) { nodes { id text } } } errors { code message } } }"""
_WHOLE = 0.4
"""How many of the forks are cut nowhere."""


class _Known(NamedTuple):
    """What was known of a session, as lists of their own."""

    said: list[tuple[str, list[str]]]
    attached: dict[str, int]
    keys: dict[str, list[str]]
    files: dict[str, str]
    labels: dict[str, list[Value]]
    """What the metadata of each file may be."""
    removed: list[str]
    configs: list[str]

    @classmethod
    def of(cls, session: Session) -> "_Known":
        return cls(
            [*session.said],
            {**session.attached},
            {text: [*keys] for text, keys in session.keys.items()},
            {**session.files},
            {path: [one for one in found if not one.is_over] for path, found in session.labels_of_files.items()},
            [*session.removed],
            [*session.configs],
        )


class Copier(Organiser):
    """What was acknowledged before it asks must be in the copy, as far as that reaches."""

    async def fork(self, session: Session) -> None:
        """Copy a session, whole or up to a message, with its files or without."""
        last = None
        if session.message_ids and self.lot.random() > _WHOLE:
            last = self.lot.choice([*session.message_ids])
        title, with_files = self.fresh("fork"), self.lot.random() < 0.5
        input = {"sessionId": session.id, "title": title, "includeFiles": with_files, "idempotencyKey": title}
        if last:
            input["atMessageId"] = session.message_ids[last]
        known = _Known.of(session)
        code, payload, _ = await self.until_told("forkSession", _FORK, input, _is_made)
        if code:
            self.must_be_gone(session, code)
            return
        copy = self._take(payload["session"], title)
        self._note_last(copy, payload["session"]["messages"]["nodes"], last)
        copy.origin = Origin(session, last)
        copy.said = _up_to(last, known.said) if last else known.said
        texts = {text for _, said in copy.said for text in said}
        copy.attached = {text: size for text, size in known.attached.items() if text in texts}
        copy.keys = {text: keys for text, keys in known.keys.items() if text in texts}
        copy.refused, copy.configs = [*session.refused], known.configs
        if with_files:
            _note_files(copy, session, known)
        else:
            copy.removed = [*known.files, *known.removed]

    @staticmethod
    def _note_last(copy: Session, found: list[dict[str, str]], last: str | None) -> None:
        """Nobody else knows the copy yet: what is the last message of it is the last that was copied."""
        if last and [message["text"] for message in found] != [last]:
            raise AssertionError(f"a copy up to {last} ends with {found}")
        if found:
            copy.last = (found[0]["id"], found[0]["text"])


def _is_made(payload: dict[str, Any]) -> bool:
    return payload["session"] is not None


def _up_to(last: str, said: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    """Give what is certainly not after a message: what its writer had acknowledged before it."""
    [writer] = {writer for writer, texts in said if last in texts}
    before: list[tuple[str, list[str]]] = []
    for other, texts in said:
        if other == writer and last in texts:
            return [*before, (writer, texts[: texts.index(last) + 1])]
        if other == writer:
            before.append((writer, texts))
    raise AssertionError("a message is chosen of those that were acknowledged")


def _note_files(copy: Session, session: Session, known: _Known) -> None:
    """Files must be in the copy that were there before and after; of each its metadata as they were meanwhile."""
    copy.files = {path: text for path, text in known.files.items() if session.files.get(path) == text}
    copy.removed = known.removed
    for path in copy.files:
        may_be = known.labels[path]
        later = [one for one in session.labels_of_files[path] if one not in may_be and not one.is_over]
        copy.labels_of_files[path] = [replace(one, is_over=False) for one in (*may_be, *later)]
