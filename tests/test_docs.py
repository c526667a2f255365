"""The README's commands and tree are true."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inspection.__main__ import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TREE = re.search(r"## The tree\n\n```\n(.*?)```", README, re.S).group(1)


def list_tree() -> list[str]:
    """The first word of each line, below the folder that it is indented under."""
    found, folder = [], ""
    for line in TREE.splitlines():
        names = [
            word
            for word in line.split("  ")[0 if not line.startswith("  ") else 1].split()
            if word[-1] in "/y"
        ]
        if line.startswith("  "):
            found += [folder + name for name in names]
        else:
            folder = names[0] if names[0].endswith("/") else ""
            found += names
    return found


@pytest.mark.parametrize("name", list_tree())
def test_what_the_tree_names_is_there(name):
    assert (ROOT / name).exists()


def test_every_package_of_the_domain_is_in_the_tree():
    packages = {f"inspection/{path.parent.name}/" for path in (ROOT / "inspection").glob("*/__init__.py")}
    assert packages - set(list_tree()) <= {"inspection/formats/"}


@pytest.mark.parametrize("command", sorted(set(re.findall(r"python -m inspection ([a-z-]+)", README))))
def test_every_command_of_the_readme_answers(command):
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z]+)", README))))
def test_every_make_target_of_the_readme_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)


@pytest.mark.parametrize("name", re.findall(r"\]\(([^)]+)\)", README))
def test_every_link_leads_somewhere(name):
    assert (ROOT / name).is_file()


def test_requirements_are_pinned():
    for name in ("requirements.txt", "requirements-dev.txt"):
        rows = [row for row in (ROOT / name).read_text().splitlines() if row and not row.startswith("#")]
        assert all(re.fullmatch(r"[\w.\[\],-]+==[\w.]+", row) for row in rows), name


def test_the_licence_is_the_one_that_is_stated():
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"]
    assert stated == "Apache-2.0"
    assert "Version 2.0, January 2004" in (ROOT / "LICENSE").read_text()
