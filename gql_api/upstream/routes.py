"""The routes of Acontext that are called here, as templates: what is measured is named by them, never by a path."""

_ID = "{id}"
ROUTES = frozenset(
    {
        "GET /ping",
        "POST /session",
        "GET /session",
        "DELETE /session/{id}",
        "GET /session/{id}/configs",
        "PUT /session/{id}/configs",
        "PATCH /session/{id}/configs",
        "GET /session/{id}/messages",
        "POST /session/{id}/messages",
        "PATCH /session/{id}/messages/{id}/meta",
        "GET /session/{id}/events",
        "GET /session/{id}/token_counts",
        "GET /session/{id}/observing_status",
        "GET /session/{id}/asset/download",
        "POST /disk",
        "GET /disk",
        "DELETE /disk/{id}",
        "GET /disk/{id}/artifact",
        "POST /disk/{id}/artifact",
        "PUT /disk/{id}/artifact",
        "DELETE /disk/{id}/artifact",
        "GET /disk/{id}/artifact/download",
        "GET /disk/{id}/artifact/ls",
        "GET /disk/{id}/artifact/glob",
        "GET /disk/{id}/artifact/grep",
        "GET /user/ls",
        "DELETE /user/{id}",
    }
)
OTHER = "(other)"
_PLACE_OF_ID, _PLACE_OF_MESSAGE = 2, 4
_ALL_USERS = "/user/ls"
_HAVE_ID = frozenset({"session", "disk", "user"})


def route_of(method: str, path: str) -> str:
    """Name the route of a call; every path that is none of ours has one name."""
    pieces = path.split("/")
    if len(pieces) > _PLACE_OF_ID and pieces[1] in _HAVE_ID and path != _ALL_USERS:
        pieces[_PLACE_OF_ID] = _ID
        if pieces[-1] == "meta" and len(pieces) > _PLACE_OF_MESSAGE:
            pieces[_PLACE_OF_MESSAGE] = _ID
    route = f"{method} {'/'.join(pieces)}"
    return route if route in ROUTES else OTHER
