"""The command line: flags to one run of the agent. The answer goes to stdout, what is done meanwhile to stderr."""

import argparse
import os
import sys
import uuid

from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from agent.conversation import Conversation
from agent.history import Budget
from agent.loop import Agent
from agent.model import ScriptedModel
from agent.server import Failure, Server

LONGEST_TITLE = 1000
LONGEST_LINE = 80


def main(arguments: list[str] | None = None) -> int:
    """Run the command; give its exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if not given.question and not given.session:
        parser.error("give a question, or a session in which to finish what is open")
    set_on_retry_hooks([_tell_of_retry])
    try:
        sys.stdout.write(_run(given) + "\n")
    except Failure as failure:
        _tell(failure.code, str(failure))
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m agent",
        description="Ask an agent, or finish what it was killed at.",
        epilog="AGENT_TOKEN may hold a bearer token.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("question", nargs="?", help="what to ask; without it what is open is finished")
    parser.add_argument("--session", metavar="ID", help="where to ask; without it a new session is made")
    parser.add_argument("--key", help="stands for the question: the same command with the same key asks it once")
    parser.add_argument("--url", default="http://127.0.0.1:8000/graphql", help="the server's endpoint")
    parser.add_argument("--user", help="who asks, where the server believes that")
    parser.add_argument("--limit", type=int, default=Budget().limit, help="tokens that a history is cut to")
    parser.add_argument("--room", type=int, default=Budget().room, help="tokens by which it may grow before that")
    parser.add_argument("--patience", type=float, default=90.0, help="seconds to try for one answer of the server")
    parser.add_argument("--settling", type=float, default=60.0, help="the server's GQL_API_STORE_SETTLING")
    return parser


def _run(given: argparse.Namespace) -> str:
    token = os.environ.get("AGENT_TOKEN")
    headers = ({"X-User": given.user} if given.user else {}) | ({"Authorization": f"Bearer {token}"} if token else {})
    server = Server(given.url, headers=headers, patience=given.patience)
    key = given.key or str(uuid.uuid4())
    session = given.session or _new_session(server, given.question, key)
    _tell("session", session)
    budget = Budget(given.limit, given.room)
    conversation = Conversation(server, session, settling=given.settling)
    agent = Agent(conversation, model=ScriptedModel(), budget=budget, tell=_tell)
    if given.question:
        return agent.ask(given.question, key=key)
    messages = agent.finish().messages
    return messages[-1].text if messages else "Nothing was asked here."


def _new_session(server: Server, question: str, key: str) -> str:
    """Make the session of a question, for one key always the same."""
    made = server.ask(lambda client: client.create_session(title=question[:LONGEST_TITLE], key=key)).session
    if made is None:
        raise Failure("NOT_FOUND", "No session was made.")
    return made.id


def _tell(what: str, text: str) -> None:
    """Write a line about what is done, dim on a terminal."""
    line = f"{what:>12}  {' · '.join(text.splitlines())}"
    line = line if len(line) <= LONGEST_LINE or what == "session" else line[: LONGEST_LINE - 1] + "…"
    is_dim = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    sys.stderr.write(f"\x1b[2m{line}\x1b[0m\n" if is_dim else f"{line}\n")


def _tell_of_retry(details: RetryDetails) -> None:
    if details.retry_num == 1:
        _tell("waiting", str(details.caused_by))


if __name__ == "__main__":
    sys.exit(main())
