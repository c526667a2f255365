"""A process that takes parts from the review queue; the tests kill it.

python -m tests.records.reviewer hold URL PICTURES MOST    takes MOST parts, prints them, dies with them in hand
python -m tests.records.reviewer decide URL PICTURES MOST  takes and decides, prints each part before its decision
"""

import os
import signal
import sys
from datetime import UTC, datetime

from inspection.records.decisions import Answer
from inspection.records.leases import Leases
from inspection.records.store import open_store
from inspection.types import VerdictKind


def main(task: str, url: str, pictures: str, most: str) -> None:
    store = open_store(url, pictures)
    desk = Leases(store.database, lambda: datetime.now(UTC))
    for number in range(int(most)):
        # whoever holds parts is another person each time: one's own part would come back when all are taken
        person = f"reviewer {os.getpid()}" + (f".{number}" if task == "hold" else "")
        lease = desk.take_next(token=f"{os.getpid()}.{number}", person=person)
        if lease is None:
            break
        part = lease.place.record_id
        print(part, flush=True)
        if task == "decide":
            answer = Answer(VerdictKind.REJECT, "cracked")
            store.decide(part, answer, person=person, saw_map=False, took_ms=1.0)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
