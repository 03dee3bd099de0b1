"""Tells Docker whether the server in this container lives: exit code 0 when it does, 1 when it does not.

Whether it is ready is another question, for whoever sends it requests: one whose Acontext is away must not be killed.
"""

import http.client
import os
import sys

SECONDS = 4


def is_alive(port: int, path: str) -> bool:
    """Ask the server of this container, past any proxy that the environment names."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    path = sys.argv[1] if len(sys.argv) > 1 else "/livez"
    sys.exit(0 if is_alive(int(os.environ.get("GQL_API_PORT", "8000")), path) else 1)
