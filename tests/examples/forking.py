"""Starts agents at once: a process that has imported the program, and becomes a new agent for each connection.

It tells the connection which process that is, takes the command line from it, and writes there what the agent writes,
and in the end its exit status. Of an agent that is killed there is no status.
"""

import json
import os
import signal
import socket
import sys

from agent.__main__ import main


def serve(path: str) -> None:
    """Serve on a socket until it is terminated."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(100)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                os._exit(_be_an_agent(connection))
            connection.close()


def _be_an_agent(connection: socket.socket) -> int:
    connection.sendall(f"{os.getpid()}\n".encode())
    arguments = json.loads(connection.makefile().readline())
    os.dup2(connection.fileno(), 1)
    os.dup2(connection.fileno(), 2)
    try:
        status = main(arguments)
    except SystemExit as refused:  # a command line that cannot be
        status = int(str(refused.code))
    sys.stderr.flush()
    sys.stdout.write(f"{status}\n")
    sys.stdout.flush()
    return status


if __name__ == "__main__":
    serve(sys.argv[1])
