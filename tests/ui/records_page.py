"""The Records page as its tests open it: pictures that the fake inspector judged, and what the page shows of them."""

import pytest
from streamlit.testing.v1 import AppTest

from inspection.images import decode
from inspection.records.record import Record
from inspection.records.store import RecordStore
from inspection.records.surroundings import build_full_context
from inspection.ui.keeping import get_store
from tests.ui.fakes import FakeInspector, make_line, make_png


@pytest.fixture
def store(loaded: list[FakeInspector]) -> RecordStore:
    return get_store()


def keep(store: RecordStore, code: int, *, person: str = "Local user", seed: int = 0) -> Record:
    data = make_png(code, seed=seed)
    inspector = FakeInspector(make_line("aluminium"))
    inspection = inspector.inspect(decode(data, name=f"{code}-{seed}.png"))
    context = build_full_context(inspector, person=person, source="upload")  # type: ignore[arg-type]
    return store.add(inspection, data, context=context)


def open_records(app: AppTest, **link: str) -> AppTest:
    app.switch_page("screens/records.py")
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def rows(app: AppTest) -> list[int]:
    return [int(number) for number in app.dataframe[0].value["Record"]]
