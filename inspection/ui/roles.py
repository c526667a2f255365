"""Who may see which page, and who may write.

Without a login the app serves one local user who has every role. With OIDC configured (`[auth]` in
.streamlit/secrets.toml) a person is who the provider says, and what that person may do is said by our own table, a TOML
file: `[roles]`, then `"name@example.org" = ["auditor"]`. Who is not in it may do nothing, nor who gives an address that
the provider has not verified: it may be somebody else's.
"""

import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from inspection.config import ROOT, load_settings, read_place
from inspection.errors import AssayError


class Role(StrEnum):
    AUDITOR = "auditor"
    MANAGER = "manager"
    ENGINEER = "engineer"


EVERYONE = frozenset(Role)
VERIFIED, ASSUMED = (
    "email_verified",
    "assumed",
)  # the claim, and what the table says of a provider that leaves it out


class RoleRefused(AssayError):
    """The page or the write belongs to another role."""


class RolesInvalid(AssayError):
    """The table of roles cannot be read."""


@dataclass(frozen=True, slots=True)
class PageSpec:
    name: str  # of its file below screens/
    title: str
    symbol: str  # of Google's Material symbols, which ship with Streamlit
    section: str
    help: str
    roles: frozenset[Role] = EVERYONE

    @property
    def file(self) -> str:
        return f"screens/{self.name}.py"

    @property
    def icon(self) -> str:
        return f":material/{self.symbol}:"


_DECIDES, _ENGINEERS = frozenset({Role.MANAGER, Role.ENGINEER}), frozenset({Role.ENGINEER})

# The first one opens; the menu shows them by section, in this order.
PAGES: tuple[PageSpec, ...] = (
    PageSpec(
        "inspect",
        "Inspect",
        "center_focus_strong",
        "Line",
        "Judge pictures: the verdict, its reason, its evidence and its cost. Uploads, archives, the camera or samples.",
    ),
    PageSpec(
        "metrics",
        "Metrics",
        "monitoring",
        "Quality",
        "Any evaluation, class by class: errors with their intervals, the confusion matrix down to its pictures, curves.",
    ),
    PageSpec(
        "explain",
        "Explain",
        "frame_inspect",
        "Line",
        "Why a part was judged so: heat maps of several methods or models side by side, any class, one page to file.",
    ),
    PageSpec(
        "live",
        "Live line",
        "conveyor_belt",
        "Line",
        "A belt at a chosen speed: each part is located, judged and marked as it passes; rejects, answers in time.",
    ),
    PageSpec(
        "review",
        "Review",
        "rate_review",
        "Quality",
        "What waits for a person: answer blind, then see verdict and map. And how far people and the model agree.",
    ),
    PageSpec(
        "watch",
        "Watch",
        "monitor_heart",
        "Quality",
        "Is the line as it was? Rates over time with limits, drift, alarms; known parts challenge it before the shift.",
    ),
    PageSpec(
        "compare",
        "Compare",
        "compare",
        "Quality",
        "Which model should run the line: a recommendation with its reason, all figures, speed, what errors cost.",
    ),
    PageSpec(
        "latency",
        "Latency, live",
        "speed",
        "Quality",
        "A race: models and precisions in turn on the same pictures, percentiles and throughput building up; kept races.",
        _DECIDES,
    ),
    PageSpec(
        "records",
        "Records",
        "inventory_2",
        "Records",
        "Every inspection that was kept: search, open, replay, correct, print. Verify that nothing was changed since.",
    ),
    PageSpec(
        "train",
        "Train",
        "model_training",
        "Engineering",
        "Pictures in, checked; a model or a whole new line out. Followed live, resumed after a crash.",
        _ENGINEERS,
    ),
    PageSpec(
        "promote",
        "Improve",
        "military_tech",
        "Engineering",
        "Corrections teach a challenger; a gate holds it against the champion; a signed yes promotes, one click undoes.",
        _DECIDES,
    ),
    PageSpec(
        "models",
        "Models",
        "deployed_code",
        "Engineering",
        "Every architecture and the trained weights that ship: size, precision, data and its licence, figures.",
    ),
)


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    roles: frozenset[Role]
    local: bool = False  # nobody logged in, because no login is configured
    address: str = ""  # in small letters: two may share a name, and one may write the address in two ways
    doubt: str = ""  # why the address is not believed, and what to do; the roles are withheld then


@dataclass(frozen=True, slots=True)
class RoleTable:
    rows: Mapping[str, frozenset[Role]]  # by address in small letters
    assume_verified: bool = False  # where the provider does not say whether it verified an address


LOCAL = Person("Local user", EVERYONE, local=True)


def read_roles(path: Path) -> RoleTable:
    """No file means that nobody has a role yet."""
    try:
        if not path.is_file():
            return RoleTable({})
        told = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors put a mark in front
        if told.get("verified", ASSUMED) != ASSUMED:
            raise ValueError(f"verified = {told['verified']!r}")
        return RoleTable(_read_rows(told.get("roles", {})), assume_verified="verified" in told)
    except (ValueError, AttributeError, TypeError, RecursionError, OSError) as error:
        raise RolesInvalid(
            f'Expected {path.name} to hold [roles] with rows like "name@example.org" = ["auditor"], one of '
            f'{", ".join(Role)}, and above it nothing or verified = "{ASSUMED}"; got: {error}. Mend the file.'
        ) from error


def _read_rows(told: Mapping[str, list[str]]) -> dict[str, frozenset[Role]]:
    """One row an address: of two that differ in capitals, one would hold what was taken away in the other."""
    rows: dict[str, frozenset[Role]] = {}
    for written, names in told.items():
        address = written.lower()
        if address in rows:
            raise ValueError(f"two rows for {address}")
        rows[address] = frozenset(Role(name) for name in names)
    return rows


def roles_path() -> Path:
    return read_place("ASSAY_ROLES", load_settings().var_dir / "roles.toml")


def recognise(claims: Mapping[str, object], table: RoleTable, *, now: float) -> Person | None:
    """The person of these OIDC claims, or None where they do not hold: the cookie lasts longer than the token."""
    if not claims.get("is_logged_in"):
        return None
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or expires <= now:
        return None
    address = str(claims.get("email", "")).lower()
    doubt = find_doubt(claims, address, assume_verified=table.assume_verified)
    roles = frozenset[Role]() if doubt else table.rows.get(address, frozenset())
    return Person(str(claims.get("name") or address), roles, address=address, doubt=doubt)


def find_doubt(claims: Mapping[str, object], address: str, *, assume_verified: bool) -> str:
    """OpenID Connect Core 5.1 knows true and false; some providers write text, and some leave the claim out."""
    said = claims.get(VERIFIED)
    if said is True or said in ("true", "True") or (assume_verified and VERIFIED not in claims):
        return ""
    expected = f"Expected the provider of your login to say that it verified {address or 'your address'} ({VERIFIED})"
    if VERIFIED in claims:
        return f"{expected}, got {said!r}. Have it verified there, then log in again."
    return (
        f"{expected}, got no word of it. If your provider never sends it, and lets nobody log in with the address of "
        f'another, whoever keeps the table of roles writes verified = "{ASSUMED}" above [roles].'
    )


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
        why = "" if person is None else person.doubt
        raise RoleRefused(
            f"Expected the role {names}; you do not have it. {why or 'Ask who keeps the table of roles.'}"
        )
    return person


def hold_to_roles(person: Person) -> Callable[[], None]:
    """For what is made later, from what the page shows this person now: called then, in any thread, it refuses whoever has
    lost a role meanwhile, or the login. A page that is left open asks for nothing anew until it is drawn."""
    import streamlit as st

    if person.local:
        return lambda: None
    claims = st.user.to_dict()

    def check() -> None:
        now = recognise(claims, read_roles(roles_path()), now=time.time())
        if now is None or not person.roles <= now.roles:
            raise RoleRefused("Expected the roles that you had when the page was drawn. Load the page again.")

    return check


def keeps_a_role(person: Person) -> bool:
    """For what goes on in somebody's name while nobody presses anything: whether the table still knows them."""
    return person.local or bool(read_roles(roles_path()).rows.get(person.address))


def page_path(page: PageSpec) -> Path:
    return ROOT / page.file
