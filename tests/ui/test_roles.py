"""Who sees which page, and who may write."""

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit import config
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

from inspection.config import ROOT, load_settings
from inspection.ui import keeping, roles
from inspection.ui.roles import (
    LOCAL,
    PAGES,
    Person,
    Role,
    RoleRefused,
    RolesInvalid,
    RoleTable,
    pages_for,
    read_roles,
    recognise,
)

TABLE = RoleTable({"ada@example.org": frozenset({Role.AUDITOR})})
ADA = {"is_logged_in": True, "email": "Ada@Example.org", "name": "Ada", "exp": 1000.0, "email_verified": True}


def test_every_page_of_the_table_exists_and_is_anyones() -> None:
    for page in PAGES:
        assert roles.page_path(page).is_file(), page.file
        assert page.roles <= set(Role) and page.roles
        assert len(page.help) < 200
    assert len({page.file for page in PAGES}) == len(PAGES)


def test_the_local_user_sees_all() -> None:
    assert pages_for(LOCAL) == list(PAGES)


def test_nobody_without_a_role_sees_anything() -> None:
    assert pages_for(Person("Eve", frozenset())) == []


def test_a_person_has_the_roles_of_our_table() -> None:
    person = recognise(ADA, TABLE, now=999)
    assert person == Person("Ada", frozenset({Role.AUDITOR}), address="ada@example.org")


def test_a_mark_that_an_editor_puts_in_front_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "roles.toml"
    path.write_text('[roles]\n"ada@example.org" = ["auditor"]\n', encoding="utf-8-sig")
    assert read_roles(path) == TABLE


def test_a_table_that_may_not_be_read_lets_nobody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_told: object, **_more: object) -> str:
        # rights do not bind a superuser, who may run the tests
        raise PermissionError(13, "Permission denied")

    (tmp_path / "roles.toml").touch()
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(RolesInvalid, match="Permission denied"):
        read_roles(tmp_path / "roles.toml")


def test_what_is_made_later_asks_for_the_roles_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "roles.toml"
    monkeypatch.setenv("ASSAY_ROLES", str(table))
    monkeypatch.setattr("streamlit.user", SimpleNamespace(to_dict=lambda: ADA | {"exp": time.time() + 60}))
    auditor = Person("Ada", frozenset({Role.AUDITOR}), address="ada@example.org")
    table.write_text('[roles]\n"ada@example.org" = ["auditor", "engineer"]\n')
    check = roles.hold_to_roles(auditor)
    check()
    table.write_text('[roles]\n"ada@example.org" = ["engineer"]\n')  # while the page stays open
    with pytest.raises(RoleRefused, match="when the page was drawn"):
        check()
    roles.hold_to_roles(LOCAL)()


def test_a_login_that_ran_out_makes_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ROLES", str(tmp_path / "roles.toml"))
    (tmp_path / "roles.toml").write_text('[roles]\n"ada@example.org" = ["auditor"]\n')
    monkeypatch.setattr("streamlit.user", SimpleNamespace(to_dict=lambda: ADA))
    with pytest.raises(RoleRefused):
        roles.hold_to_roles(Person("Ada", frozenset({Role.AUDITOR})))()


def test_the_address_stands_in_the_records_however_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people may share a name; one must not count as two who agree."""
    told = []
    for email in ("Ada@Example.org", "ada@example.ORG"):
        found = recognise(ADA | {"email": email}, TABLE, now=999)
        monkeypatch.setattr(keeping, "current_person", lambda found=found: found)
        told.append(keeping.name_person())
    assert told == ["ada@example.org"] * 2
    monkeypatch.setattr(keeping, "current_person", lambda: LOCAL)
    assert keeping.name_person() == LOCAL.name


@pytest.mark.parametrize(
    "claims",
    [
        {"is_logged_in": False},
        {},
        ADA | {"exp": 999.0},
        {key: value for key, value in ADA.items() if key != "exp"},
        ADA | {"exp": "soon"},
    ],
    ids=["logged out", "no claims", "expired", "no expiry", "expiry is no time"],
)
def test_claims_that_do_not_hold(claims: dict[str, object]) -> None:
    assert recognise(claims, TABLE, now=999) is None


@pytest.mark.parametrize("said", [False, "false", "False", "", None, 0, 1, "yes", []])
@pytest.mark.parametrize("assumed", [False, True])
def test_an_address_nobody_verified_has_no_role(said: object, assumed: bool) -> None:
    table = replace(TABLE, assume_verified=assumed)
    person = recognise(ADA | {"email_verified": said}, table, now=0)
    assert person is not None and person.roles == frozenset()
    assert (
        f"Expected the provider of your login to say that it verified ada@example.org (email_verified), got {said!r}"
        in (person.doubt)
    )


@pytest.mark.parametrize("said", ["true", "True"])
def test_providers_that_write_text_are_understood(said: str) -> None:
    person = recognise(ADA | {"email_verified": said}, TABLE, now=0)
    assert person is not None and person.roles == {Role.AUDITOR} and not person.doubt


def test_a_provider_that_says_nothing_of_addresses_is_believed_where_the_table_says_so() -> None:
    silent = {key: value for key, value in ADA.items() if key != "email_verified"}
    withheld = recognise(silent, TABLE, now=0)
    assert withheld is not None and withheld.roles == frozenset()
    assert "got no word of it. If your provider never sends it" in withheld.doubt
    assert 'verified = "assumed" above [roles]' in withheld.doubt
    believed = recognise(silent, replace(TABLE, assume_verified=True), now=0)
    assert believed is not None and believed.roles == {Role.AUDITOR} and not believed.doubt


def test_a_stranger_has_no_role() -> None:
    person = recognise(ADA | {"email": "eve@example.org"}, TABLE, now=0)
    assert person is not None and person.roles == frozenset()


def test_the_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "roles.toml"
    path.write_text('[roles]\n"Ada@example.org" = ["auditor", "engineer"]\n')
    assert read_roles(path) == RoleTable({"ada@example.org": frozenset({Role.AUDITOR, Role.ENGINEER})})
    path.write_text('verified = "assumed"\n' + path.read_text())
    assert read_roles(path).assume_verified


def test_no_table_means_no_roles(tmp_path: Path) -> None:
    assert read_roles(tmp_path / "absent.toml") == RoleTable({})


@pytest.mark.parametrize(
    "text",
    [
        "[roles",
        "a = " + "[" * 5000,
        '[roles]\nada = ["king"]',
        'roles = "all"',
        "[roles]\nada = 3",
        "verified = true\n[roles]",
        'verified = "asumed"',
        '[roles]\nverified = "assumed"',
        '[roles]\n"ada@example.org" = ["auditor"]\n"Ada@example.org" = ["manager"]',
    ],
)
def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "roles.toml"
    path.write_text(text)
    with pytest.raises(RolesInvalid, match="roles.toml"):
        read_roles(path)


def test_a_write_is_refused_without_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "current_person", lambda: Person("Ada", frozenset({Role.AUDITOR})))
    assert roles.require(Role.AUDITOR, Role.ENGINEER).name == "Ada"
    with pytest.raises(RoleRefused, match="engineer"):
        roles.require(Role.ENGINEER)


def test_a_write_of_who_is_not_believed_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    unsure = recognise(ADA | {"email_verified": "false"}, TABLE, now=0)
    monkeypatch.setattr(roles, "current_person", lambda: unsure)
    with pytest.raises(RoleRefused, match="Expected the role auditor.*verified ada@example.org"):
        roles.require(Role.AUDITOR)


def test_a_write_is_refused_to_who_is_logged_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "current_person", lambda: None)
    with pytest.raises(RoleRefused):
        roles.require(*Role)


def open_app(app: AppTest, table: str, **claims: object) -> AppTest:
    settings = load_settings()
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    (settings.var_dir / "roles.toml").write_text(table)
    app.secrets["auth"] = {"redirect_uri": "http://localhost/oauth2callback", "cookie_secret": "x" * 32}
    app.user = {
        "email": "ada@example.org",
        "email_verified": True,
        "name": "Ada",
        "exp": time.time() + 60,
        **claims,
    }
    app.run()
    assert not app.exception
    return app


def test_with_a_login_the_app_asks_for_it(app: AppTest) -> None:
    open_app(app, "", is_logged_in=False)
    assert [button.label for button in app.button] == ["Log in"]


def test_a_token_that_expired_must_be_renewed(app: AppTest) -> None:
    open_app(app, '[roles]\n"ada@example.org" = ["auditor"]', is_logged_in=True, exp=time.time() - 1)
    assert [button.label for button in app.button] == ["Log in"]


def test_without_a_role_there_is_nothing_but_the_way_out(app: AppTest) -> None:
    open_app(app, "", is_logged_in=True)
    assert app.title[0].value == "No role yet" and [button.label for button in app.button] == ["Log out"]


def test_who_is_not_believed_reads_why(app: AppTest) -> None:
    open_app(app, '[roles]\n"ada@example.org" = ["auditor"]', is_logged_in=True, email_verified="false")
    assert app.title[0].value == "No role yet"
    assert "Have it verified there" in app.markdown[0].value


def test_with_a_role_the_app_opens(app: AppTest) -> None:
    open_app(app, '[roles]\n"ada@example.org" = ["auditor"]', is_logged_in=True)
    assert app.title[0].value == "Inspect"
    assert app.sidebar.caption[0].value == "Ada · auditor"


def test_a_page_of_another_role_is_not_there(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    only = tuple(
        replace(page, roles=frozenset({Role.ENGINEER})) if index else page for index, page in enumerate(PAGES)
    )
    monkeypatch.setattr(roles, "PAGES", only)
    open_app(app, '[roles]\n"ada@example.org" = ["auditor"]', is_logged_in=True)
    with pytest.raises(ValueError, match="models.py"):
        app.switch_page("screens/models.py")


def test_a_table_that_cannot_be_read_lets_nobody_in(app: AppTest) -> None:
    open_app(app, "[roles", is_logged_in=True)
    assert len(app.error) == 1 and not app.button


def test_secrets_that_cannot_be_read_let_nobody_in(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "secrets.toml"
    broken.write_text("[auth")
    monkeypatch.setattr("streamlit.secrets", Secrets())
    files = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(broken)])
    try:
        app.run()
    finally:
        config.set_option("secrets.files", files)
    assert "secrets" in app.error[0].value and not app.button


def test_no_folder_opens_pages_behind_the_apps_back() -> None:
    """Streamlit runs each file of a folder called pages/ at its own address, without app.py and so without the roles."""
    assert not (ROOT / "pages").exists()
