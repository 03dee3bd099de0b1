"""README and tour say what the program does: tables are made of the program, answers come from a server."""

import re
from pathlib import Path

import pytest

import llms
import snippets
from gql_api import errors
from readme import README, TOUR, answers, comparable, sections

ROOT = README.parent


def test_the_tables_of_the_readme_are_those_of_the_program() -> None:
    text = README.read_text(encoding="utf-8")
    assert sections(text) == text, "run: make docs"


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize(("page", "operations"), [(README, 3), (TOUR, 14)], ids=["readme", "tour"])
async def test_the_answers_of_a_page_are_real(page: Path, operations: int) -> None:
    found = await answers(text_of(page))
    assert len(found) == operations
    assert [comparable(written) for written, _ in found] == [comparable(real) for _, real in found]


def test_every_failure_has_its_code_in_a_table() -> None:
    def family(kind: type[errors.Failure]) -> set[type[errors.Failure]]:
        return {kind}.union(*(family(child) for child in kind.__subclasses__()))

    for kind in family(errors.Failure):
        code = kind.query_code if issubclass(kind, errors.Correctable) else kind.code
        assert code in errors.CODES, kind


@pytest.mark.parametrize("page", snippets.SOURCES, ids=lambda page: page.stem)
def test_the_snippets_of_a_page_are_the_files_that_are_run(page: Path) -> None:
    assert snippets.snipped(page) == text_of(page), "run: make docs"


def test_the_pages_on_clients_and_agents_show_what_they_are_about() -> None:
    sources = ROOT / "tests" / "clients"
    written = {str(file.relative_to(sources)) for file in sources.glob("src/*/*.ts*")}
    shown = snippets.files(snippets.ABOUT_CLIENTS)
    assert {file for file in written if not file.startswith(("src/generated/", "src/trials/"))} <= shown
    sources = ROOT / "examples" / "agent"
    operations = {str(file.relative_to(sources)) for file in sources.glob("operations/*.graphql")}
    assert operations - {"operations/session.graphql"} <= snippets.files(snippets.ABOUT_AGENTS)


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")]


def anchors(page: Path) -> set[str]:
    """Give what a link may name of a page: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_links_of_the_documents_lead_somewhere() -> None:
    for document in documents():
        text = text_of(document)
        links = re.findall(r"\]\(([^):\s#]*)(?:#([^)]*))?\)", text)
        for link, anchor in links + [(picture, "") for picture in re.findall(r'src(?:set)?="([^":]+)"', text)]:
            page = document.parent / link if link else document
            assert page.exists(), f"{document.name}: {link}"
            assert not anchor or anchor in anchors(page), f"{document.name}: {link}#{anchor}"


def test_every_picture_has_a_form_for_dark_pages() -> None:
    shown = {link for document in documents() for link in re.findall(r"images/([\w-]+\.\w+)", text_of(document))}
    images = ROOT / "docs" / "images"

    assert {file.name for file in images.iterdir()} == shown
    for picture in images.glob("*.svg"):
        assert "prefers-color-scheme: dark" in text_of(picture), picture.name
    assert {name.replace("-dark.", "-light.") for name in shown if "-dark." in name} == {
        name for name in shown if name.endswith(".png") and "-dark." not in name
    }


def test_llms_txt_lists_every_page_once_and_nothing_else() -> None:
    text = text_of(llms.PAGE)
    assert llms.page() == text, "run: make docs"
    assert re.match(r"# \S.*\n\n> \S", text)
    sections = text.split("\n## ")[1:]
    entries = [line for section in sections for line in section.split("\n")[1:] if line]
    found = [re.fullmatch(r"- \[[^\]]+\]\(([^)#]+)\): \S.*\.", entry) for entry in entries]
    links = [match[1] if match else entry for match, entry in zip(found, entries, strict=True)]
    others = {"schema.graphql", "operations/"}
    assert sorted(links) == sorted({str(page.relative_to(ROOT)) for page in documents()} | others)
    assert all((ROOT / link).exists() for link in others)


def test_the_first_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    commands = re.findall(r"^make (\w+)", README.read_text(encoding="utf-8"), re.MULTILINE)
    makefile = Path(ROOT / "Makefile").read_text(encoding="utf-8")
    assert commands[:2] == ["run", "test"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in commands)
