"""What is made on a real Acontext is deleted from it again, and nothing else is."""

import pytest

from embedded.contract.targets import AtAddress, real


async def test_a_real_acontext_is_left_as_it_was(on_a_port: AtAddress) -> None:
    bystander = f"bystander-{id(on_a_port)}"
    async with on_a_port.connected() as other:
        kept = await other.session(user=bystander)
        async with AtAddress(on_a_port.root, on_a_port.key, is_real=True).connected() as client:
            user = client.user("ann/ben"), client.user("ann ben")
            sessions = [await client.session(), *[await client.session(user=name) for name in user]]
            sessions.append((await client.call("POST", f"/session/{sessions[0]}/copy"))["new_session_id"])
            await client.call("POST", "/session", data={"user": client.user("a form's")})
            await client.session(user=bystander, use_uuid=kept)
            disks = [await client.disk(), await client.disk(user=user[1])]

        for session in sessions:
            assert await other.refused("GET", f"/session/{session}/events") == (404, 404, "session not found")
        for disk in disks:
            assert (await other.refused("DELETE", f"/disk/{disk}"))[0] == 404
        names = [one["identifier"] for one in (await other.call("GET", "/user/ls"))["items"]]
        assert [name for name in names if client.run in name] == [user[0]]  # no route deletes such a one
        assert (await other.call("GET", f"/session/{kept}/configs"))["id"] == kept


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://acontext.example/api/v1", "https://acontext.example"),
        ("https://acontext.example/api/v1/", "https://acontext.example"),
        ("http://127.0.0.1:8029", "http://127.0.0.1:8029"),
        ("https://example.com/below/api/v1", "https://example.com/below"),
    ],
)
def test_its_url_is_that_of_the_sdk_or_the_server_s(monkeypatch: pytest.MonkeyPatch, url: str, root: str) -> None:
    monkeypatch.setenv("ACONTEXT_TEST_URL", url)
    monkeypatch.setenv("ACONTEXT_TEST_KEY", "sk-ac-key")

    assert real() == AtAddress(root, "sk-ac-key", is_real=True)


@pytest.mark.parametrize("lacking", ["ACONTEXT_TEST_URL", "ACONTEXT_TEST_KEY"])
def test_one_variable_alone_is_a_mistake(monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    monkeypatch.setenv("ACONTEXT_TEST_URL", "http://127.0.0.1:8029")
    monkeypatch.setenv("ACONTEXT_TEST_KEY", "sk-ac-key")
    monkeypatch.delenv(lacking)

    with pytest.raises(AssertionError, match="only of use together"):
        real()
