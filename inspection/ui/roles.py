"""Who may see which page, and who may write.

Without a login the app serves one local user who has every role. With OIDC configured (`[auth]` in
.streamlit/secrets.toml) a person is who the provider says, and what that person may do is said by our own table, a TOML
file: `[roles]`, then `"name@example.org" = ["auditor"]`. Who is not in it may do nothing.
"""

import os
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from inspection.config import ROOT, load_settings
from inspection.errors import AssayError


class Role(StrEnum):
    AUDITOR = "auditor"
    MANAGER = "manager"
    ENGINEER = "engineer"


EVERYONE = frozenset(Role)


class RoleRefused(AssayError):
    """The page or the write belongs to another role."""


class RolesInvalid(AssayError):
    """The table of roles cannot be read."""


@dataclass(frozen=True, slots=True)
class PageSpec:
    file: str
    title: str
    icon: str
    help: str
    section: str
    roles: frozenset[Role] = EVERYONE


PAGES: tuple[PageSpec, ...] = (
    PageSpec(
        file="screens/inspect.py",
        title="Inspect",
        icon=":material/center_focus_strong:",
        help="Judge pictures: the verdict, its reason, its evidence and its cost. Uploads, archives, the camera or samples.",
        section="Line",
    ),
    PageSpec(
        file="screens/metrics.py",
        title="Metrics",
        icon=":material/monitoring:",
        help="Any evaluation, class by class: errors with their intervals, the confusion matrix down to its pictures, curves.",
        section="Quality",
    ),
    PageSpec(
        file="screens/explain.py",
        title="Explain",
        icon=":material/frame_inspect:",
        help="Why a part was judged so: heat maps of several methods or models side by side, any class, one page to file.",
        section="Line",
    ),
    PageSpec(
        file="screens/live.py",
        title="Live line",
        icon=":material/conveyor_belt:",
        help="A belt at a chosen speed: each part is located, judged and marked as it passes; rejects, answers in time.",
        section="Line",
    ),
    PageSpec(
        file="screens/review.py",
        title="Review",
        icon=":material/rate_review:",
        help="What waits for a person: answer blind, then see verdict and map. And how far people and the model agree.",
        section="Quality",
    ),
    PageSpec(
        file="screens/watch.py",
        title="Watch",
        icon=":material/monitor_heart:",
        help="Is the line as it was? Rates over time with limits, drift, alarms; known parts challenge it before the shift.",
        section="Quality",
    ),
    PageSpec(
        file="screens/compare.py",
        title="Compare",
        icon=":material/compare:",
        help="Which model should run the line: a recommendation with its reason, all figures, speed, what errors cost.",
        section="Quality",
    ),
    PageSpec(
        file="screens/latency.py",
        title="Latency, live",
        icon=":material/speed:",
        help="A race: models and precisions in turn on the same pictures, percentiles and throughput building up; kept races.",
        section="Quality",
        roles=frozenset({Role.MANAGER, Role.ENGINEER}),
    ),
    PageSpec(
        file="screens/records.py",
        title="Records",
        icon=":material/inventory_2:",
        help="Every inspection that was kept: search, open, replay, correct, print. Verify that nothing was changed since.",
        section="Records",
    ),
    PageSpec(
        file="screens/train.py",
        title="Train",
        icon=":material/model_training:",
        help="Pictures in, checked; a model or a whole new line out. Followed live, resumed after a crash.",
        section="Engineering",
        roles=frozenset({Role.ENGINEER}),
    ),
    PageSpec(
        file="screens/promote.py",
        title="Improve",
        icon=":material/military_tech:",
        help="Corrections teach a challenger; a gate holds it against the champion; a signed yes promotes, one click undoes.",
        section="Engineering",
        roles=frozenset({Role.MANAGER, Role.ENGINEER}),
    ),
    PageSpec(
        file="screens/models.py",
        title="Models",
        icon=":material/deployed_code:",
        help="Every architecture and the trained weights that ship: size, precision, data and its licence, figures.",
        section="Engineering",
    ),
)


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    roles: frozenset[Role]
    local: bool = False  # nobody logged in, because no login is configured
    address: str = ""  # in small letters: two may share a name, and one may write the address in two ways


LOCAL = Person("Local user", EVERYONE, local=True)


def read_roles(path: Path) -> dict[str, frozenset[Role]]:
    """The table, with addresses in small letters; no file means that nobody has a role yet."""
    if not path.is_file():
        return {}
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("roles", {})
        return {address.lower(): frozenset(Role(name) for name in names) for address, names in rows.items()}
    except (tomllib.TOMLDecodeError, ValueError, AttributeError, TypeError) as error:
        raise RolesInvalid(
            f'Expected {path.name} to hold [roles] with rows like "name@example.org" = ["auditor"], one of '
            f"{', '.join(Role)}; got: {error}. Mend the file."
        ) from error


def roles_path() -> Path:
    return Path(os.environ.get("ASSAY_ROLES", load_settings().var_dir / "roles.toml"))


def recognise(
    claims: Mapping[str, object], table: Mapping[str, frozenset[Role]], *, now: float
) -> Person | None:
    """The person of these OIDC claims, or None where they do not hold: the cookie lasts longer than the token."""
    if not claims.get("is_logged_in"):
        return None
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or expires <= now:
        return None
    address = str(claims.get("email", "")).lower()
    # an address that the provider did not verify may be somebody else's
    roles = frozenset[Role]() if claims.get("email_verified") is False else table.get(address, frozenset())
    return Person(str(claims.get("name") or address), roles, address=address)


def current_person() -> Person | None:
    """Who is at the other end of this session; None: must log in."""
    import streamlit as st

    if not login_configured():
        return LOCAL
    return recognise(st.user.to_dict(), read_roles(roles_path()), now=time.time())


def login_configured() -> bool:
    """A secrets file that cannot be read is an error, not the absence of a login: that would open every page."""
    import streamlit as st
    from streamlit import config

    if st.secrets.load_if_toml_exists():
        return "auth" in st.secrets
    unread = [path for path in config.get_option("secrets.files") if Path(path).exists()]
    if unread:
        raise RolesInvalid(
            f"Expected TOML in {Path(unread[0]).name}; it cannot be read, so nobody is let in. Mend it."
        )
    return False


def pages_for(person: Person) -> list[PageSpec]:
    return [page for page in PAGES if page.roles & person.roles]


def require(*roles: Role) -> Person:
    """Before every write: the menu hides pages, this refuses deeds."""
    person = current_person()
    if person is None or not person.roles & set(roles):
        names = " or ".join(roles)
        raise RoleRefused(f"Expected the role {names}; you do not have it. Ask who keeps the table of roles.")
    return person


def page_path(page: PageSpec) -> Path:
    return ROOT / page.file
