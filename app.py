"""The dashboard's shell: page config, who is there, which pages that person has. Run it with `make run`."""

import streamlit as st

from inspection.errors import AssayError
from inspection.ui import resources
from inspection.ui.heap import HEAP
from inspection.ui.roles import Person, current_person, page_path, pages_for
from inspection.ui.widgets import LOGO, MARK, STYLE, escape_markdown, show_error


def ask_login() -> None:
    st.title("Assay")
    st.write("Inspection of surfaces in manufacturing: a verdict, its reason, its evidence and its cost.")
    st.button("Log in", type="primary", icon=":material/login:", on_click=st.login)


def show_nobody(person: Person) -> None:
    st.title("No role yet")
    why = person.doubt or "Ask who keeps the table of roles."
    st.write(escape_markdown(f"{person.name}, you are logged in but have no role here. {why}"))
    st.button("Log out", on_click=st.logout)


def build_menu(person: Person) -> dict[str, list[st.Page]]:
    menu: dict[str, list[st.Page]] = {}
    for index, page in enumerate(pages_for(person)):
        menu.setdefault(page.section, []).append(
            st.Page(page_path(page), title=page.title, icon=page.icon, help=page.help, default=index == 0)
        )
    return menu


def main() -> None:
    HEAP.set_aside()
    st.set_page_config(page_title="Assay", page_icon=MARK, layout="wide")
    st.html(STYLE)
    st.logo(LOGO, size="large", icon_image=MARK)
    try:
        person = current_person()
    except AssayError as error:  # an unreadable table of roles
        show_error(error)
        return
    menu = {} if person is None else build_menu(person)
    if person is None:
        ask_login()
        return
    if not menu:
        show_nobody(person)
        return
    if not person.local:
        st.sidebar.caption(f"{escape_markdown(person.name)} · {', '.join(sorted(person.roles))}")
        st.sidebar.button("Log out", on_click=st.logout, type="tertiary", icon=":material/logout:")
    for words in resources.broken_lines().values():
        st.sidebar.warning(escape_markdown(words), title="A line is left out", icon=":material/rule_folder:")
    page = st.navigation(menu)
    try:
        page.run()
    except AssayError as error:
        show_error(error)


main()
