"""What an Acontext has and the embedded one does not: each of its endpoints is refused in one clear line."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded.envelope import Refusal
from gql_api.embedded.store import Store


@dataclass(frozen=True, slots=True)
class NotOffered:
    """A handler that refuses; `what` is said with its verb, as in "sandboxes are"."""

    what: str

    @property
    def message(self) -> str:
        return f"{self.what} not offered by the embedded Acontext"

    async def __call__(self, _store: Store, _request: Request) -> Response:
        raise Refusal(501, self.message)


_SANDBOXES = NotOffered("sandboxes are")
_SKILLS = NotOffered("agent skills are")
_LEARNING = NotOffered("learning spaces are")
_PROJECT = NotOffered("project configs are")
_ENCRYPTION = NotOffered("encryption is")

_SKILL = "/agent_skills/{skill_id}"
_SPACE = "/learning_spaces/{space_id}"

UNOFFERED: Mapping[str, Mapping[str, NotOffered]] = {
    "/disk/{disk_id}/artifact/download_to_sandbox": {"POST": _SANDBOXES},
    "/disk/{disk_id}/artifact/upload_from_sandbox": {"POST": _SANDBOXES},
    "/sandbox": {"POST": _SANDBOXES},
    "/sandbox/logs": {"GET": _SANDBOXES, "DELETE": _SANDBOXES},  # DELETE: of a sandbox called so
    "/sandbox/{sandbox_id}": {"DELETE": _SANDBOXES},
    "/sandbox/{sandbox_id}/exec": {"POST": _SANDBOXES},
    "/agent_skills": {"GET": _SKILLS, "POST": _SKILLS},
    _SKILL: {"GET": _SKILLS, "DELETE": _SKILLS},
    f"{_SKILL}/file": {"GET": _SKILLS},
    f"{_SKILL}/download_zip": {"GET": _SKILLS},
    f"{_SKILL}/download_to_sandbox": {"POST": _SANDBOXES},
    "/learning_spaces": {"GET": _LEARNING, "POST": _LEARNING},
    _SPACE: {"GET": _LEARNING, "PATCH": _LEARNING, "DELETE": _LEARNING},
    f"{_SPACE}/learn": {"POST": _LEARNING},
    f"{_SPACE}/sessions": {"GET": _LEARNING},
    f"{_SPACE}/sessions/{{session_id}}": {"GET": _LEARNING},
    f"{_SPACE}/skills": {"GET": _LEARNING, "POST": _LEARNING},
    f"{_SPACE}/skills/{{skill_id}}": {"DELETE": _LEARNING},
    "/project/configs": {"GET": _PROJECT, "PATCH": _PROJECT},
    "/project/encrypt": {"POST": _ENCRYPTION},
    "/project/decrypt": {"POST": _ENCRYPTION},
}
"""By path and method, as in the routes of the app."""
