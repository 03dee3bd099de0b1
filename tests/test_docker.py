"""The image and the Compose files as far as they can be looked at without Docker: they say the same as the program."""

import ast
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hatchling.builders.wheel import WheelBuilder

from commands import environment
from deployment import (
    COMPOSE,
    DOCKER,
    EXAMPLE,
    OVERLAY,
    ROOT,
    composed,
    filled,
    instructions,
    nginx,
    seconds,
    secrets,
    specification,
    variables,
)
from gql_api.app import create_app
from gql_api.cli import _parser, main
from gql_api.settings import Settings, read_settings

SETTINGS = {str(field.alias): field for field in Settings.model_fields.values()}
OURS = ("gql-api", "migrate", "acontext")


@pytest.mark.parametrize("files", [(COMPOSE,), (COMPOSE, OVERLAY)], ids=["alone", "with Acontext"])
def test_the_compose_files_follow_the_specification(files: tuple[Path, ...]) -> None:
    document = composed(*files)
    jsonschema.validate(document, specification())
    for name, service in document["services"].items():
        assert set(service.get("depends_on", {})) <= set(document["services"]), name
        assert set(service["networks"]) <= set(document["networks"]), name
        named = {volume.partition(":")[0] for volume in service.get("volumes", []) if volume[0] not in "./"}
        assert named <= set(document["volumes"]), name
        for dependency, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                checked = document["services"][dependency]
                assert "healthcheck" in checked or dependency in OURS, dependency


def test_the_overlay_leaves_nothing_of_the_embedded_acontext() -> None:
    service = composed(COMPOSE, OVERLAY)["services"]["acontext"]
    assert service["image"].startswith("${ACONTEXT_API_IMAGE:-ghcr.io/memodb-io/acontext-api:")
    assert not {"build", "command", "read_only", "volumes"} & set(service)


def test_what_the_compose_files_ask_for_is_in_the_example_with_its_default() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    offered = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", text, re.MULTILINE))
    asked = variables(COMPOSE, OVERLAY)
    assert {name: value or "" for name, value in asked.items()} == offered
    assert set(re.findall(r"^([A-Z_]+)=$", text, re.MULTILINE)) == set(secrets())


def test_each_secret_is_made_anew() -> None:
    first, second = secrets(), secrets()
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in (*first.values(), *second.values()))
    assert len({*first.values(), *second.values()}) == 2 * len(first)


def given(service: str, **values: str) -> dict[str, str]:
    """Return the environment of a service, as its container has it, with that of the image."""
    image = dict(pair.split("=", 1) for name, rest in instructions() if name == "ENV" for pair in rest.split())
    own = composed(COMPOSE)["services"][service].get("environment", {})
    made = secrets() | values
    return image | {name: filled(text, made) for name, text in own.items()}


def test_the_servers_are_given_settings_that_there_are_and_start_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in OURS:
        own = composed(COMPOSE)["services"][service].get("environment", {})
        assert set(own) <= set(SETTINGS), service
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    for name, value in given("gql-api").items():
        monkeypatch.setenv(name, value) if name in SETTINGS else None
    settings = read_settings(_env_file=None)
    assert (settings.auth, settings.is_single, settings.served_hosts) == ("jwt", False, None)


def test_the_image_alone_serves_nobody_who_proves_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gql_api", "serve"],
        env=environment(GQL_API_HOST=given("migrate")["GQL_API_HOST"]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("gql-api: GQL_API_HOST: with GQL_API_AUTH=none")


def test_who_serves_nobody_may_migrate_with_the_image_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GQL_API_HOST", given("migrate")["GQL_API_HOST"])
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/mappings.sqlite3")
    main(["migrate"])
    assert capsys.readouterr().out.endswith("The tables are up to date.\n")


def test_the_commands_are_ours_and_their_flags_are_known() -> None:
    made = secrets()
    for service in OURS:
        command = [filled(word, made) for word in composed(COMPOSE)["services"][service]["command"]]
        assert _parser().parse_args(command).run.__name__ == f"_{command[0]}"


def test_ports_limits_and_times_agree() -> None:
    services, image = composed(COMPOSE)["services"], dict(instructions())
    own, servers = services["gql-api"], given("gql-api")
    port = servers["GQL_API_PORT"]
    assert (image["EXPOSE"], own["expose"]) == (port, [port, servers["GQL_API_METRICS_PORT"]])
    assert [server.partition(" ")[0] for server in nginx("server") if ":" in server] == [f"gql-api:{port}"]
    assert services["proxy"]["ports"][0].endswith(f":{nginx('listen')[0].split()[0]}")
    assert f"--port={services['acontext']['environment']['GQL_API_PORT']}" in services["acontext"]["command"]
    assert f"acontext:{services['acontext']['environment']['GQL_API_PORT']}/" in servers["ACONTEXT_BASE_URL"]
    assert servers["GQL_API_PUBLIC_URL"].endswith(variables(COMPOSE)["PORT"] or "")

    assert nginx("client_max_body_size") == [f"{SETTINGS['GQL_API_MAX_UPLOAD_SIZE'].default // 2**20}m"]
    assert seconds(nginx("proxy_read_timeout")[0]) > SETTINGS["GQL_API_REQUEST_TIMEOUT"].default
    seen = seconds(re.findall(r"valid=(\S+)", nginx("resolver")[0])[0])
    drain, shutdown = float(servers["GQL_API_DRAIN_SECONDS"]), float(servers["GQL_API_SHUTDOWN_SECONDS"])
    assert drain > seen
    assert seconds(own["stop_grace_period"]) > drain + shutdown + 10  # docs/operations.md


def test_the_image_runs_by_number_without_rights_and_takes_nothing_unchecked() -> None:
    found = instructions()
    assert re.search(r"PYTHON_IMAGE=python:3\.\d+\.\d+-slim-\w+$", next(rest for name, rest in found if name == "ARG"))
    last = dict(found)
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last["USER"])
    assert (json.loads(last["ENTRYPOINT"]), json.loads(last["CMD"]), last["STOPSIGNAL"]) == (
        ["gql-api"],
        ["serve"],
        "SIGTERM",
    )
    installs = [
        part
        for name, rest in found
        if name == "RUN"
        for part in rest.split("&&")
        if " install " in part and "pip" in part
    ]
    assert len(installs) == 3
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)
    for name in ("gql-api", "migrate", "acontext", "proxy"):
        service = composed(COMPOSE)["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name


def test_all_that_the_image_is_built_of_is_sent_to_docker() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all((ROOT / path).exists() for path in sent)
    copied = [rest.split()[:-1] for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    assert {path for paths in copied for path in paths} - {"."} <= sent
    needed = {"gql_api", "explorer", "hatch_build.py", "operations", "pyproject.toml", "README.md"}
    assert needed <= sent
    assert sent.isdisjoint({".env", ".git", "docker", "tests", "data"})


def test_the_ready_operations_are_in_the_image_where_the_page_says() -> None:
    data = WheelBuilder(str(ROOT)).config.shared_data
    place = data[str(ROOT / "operations")]
    assert f"`/opt/gql-api/{place}`" in (ROOT / "docs" / "documents.md").read_text(encoding="utf-8")


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Serve this status on `/livez`; give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/livez" else 404)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def health(port: int, *path: str) -> int:
    command = [sys.executable, "-I", str(DOCKER / "healthcheck.py"), *path]
    proxies = {"http_proxy": "http://127.0.0.1:1", "GQL_API_PORT": str(port)}
    return subprocess.run(command, env=proxies, timeout=30, check=False).returncode  # noqa: S603


def test_the_health_check_asks_for_what_the_server_has(tmp_path: Path) -> None:
    last = dict(instructions())
    command = json.loads(last["HEALTHCHECK"].partition(" CMD ")[2])
    assert command == ["python", "/opt/gql-api/healthcheck.py"]
    assert "docker/healthcheck.py /opt/gql-api/healthcheck.py" in [
        rest for name, rest in instructions() if name == "COPY"
    ]
    asked = [
        node.value
        for node in ast.walk(ast.parse((DOCKER / "healthcheck.py").read_text()))
        if isinstance(node, ast.Constant)
    ]
    app = create_app(read_settings(GQL_API_DATA_DIR=tmp_path, _env_file=None))
    assert {"/livez"} & set(asked) <= {getattr(route, "path", None) for route in app.routes}
    assert "/livez" in asked
    with answering(200) as port:
        assert (health(port), health(port, "/health")) == (0, 1)
    assert health(port) == 1
    with answering(503) as port:
        assert health(port) == 1


def test_the_page_on_deploying_names_settings_that_there_are() -> None:
    page = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:GQL_API|DATABASE|ACONTEXT|OTEL)_[A-Z_]+\b", page))
    assert named <= set(SETTINGS) | set(variables(COMPOSE, OVERLAY))
    assert {"DATABASE_DIRECT_URL", "GQL_API_SERVE_PUBLIC_URLS", "GQL_API_DRAIN_SECONDS"} <= named
    assert {"docker/compose.yaml", "docker/nginx.conf"} <= {path for path in re.findall(r"docker/[\w.]+", page)}
    assert all((ROOT / path).exists() for path in re.findall(r"docker/[\w.]+\w", page))
