"""What the Watch page says where a shift is over: neither that it lasts, nor that there was none."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from inspection.config import load_settings
from inspection.records.store import open_store
from inspection.ui.watch_view import say_calm
from tests.records.shifts import Clock, keep_days
from tests.ui.test_watch_page import open_watch


def test_a_shift_that_is_over_is_not_called_nothing(app: AppTest) -> None:
    load_settings().var_dir.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    clock = Clock(now)
    with closing(open_store(clock=clock)) as store:
        keep_days(store, clock, 34, until=now - timedelta(days=10), passed=9, rejected=1)
        keep_days(store, clock, 1, until=now - timedelta(days=9), passed=1, rejected=30)
        keep_days(store, clock, 9, until=now, passed=9, rejected=1)
    open_watch(app)
    assert [box.proto.title for box in app.success] == ["Nothing unusual now"]
    assert "nothing differs from the reference now; 1 shift in this period is over" in app.success[0].value
    assert "1 earlier, over by now" in [each.label for each in app.expander]


@pytest.mark.parametrize(
    ("over", "said"),
    [
        (0, "nothing differs from the reference"),
        (2, "nothing differs from the reference now; 2 shifts in this period are over"),
    ],
)
def test_what_is_over_is_counted_beside_the_calm(over: int, said: str) -> None:
    assert say_calm(over) == said
