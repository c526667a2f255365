"""A process that takes parts from the review queue and never gives one back: python -m tests.records.reviewer URL PICTURES MOST"""

import os
import signal
import sys
from datetime import UTC, datetime

from inspection.records.leases import Leases
from inspection.records.store import open_store


def main(url: str, pictures: str, most: str) -> None:
    store = open_store(url, pictures)
    desk = Leases(store.database, lambda: datetime.now(UTC))
    for number in range(int(most)):
        lease = desk.take_next(token=f"{os.getpid()}.{number}", person=f"reviewer {os.getpid()}")
        if lease is None:
            break
        print(lease.place.record_id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)  # with the parts in hand


if __name__ == "__main__":
    main(*sys.argv[1:])
