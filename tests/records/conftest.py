import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from inspection.records.store import RecordStore, open_store
from tests.records.postgres import ABSENT, run_server
from tests.records.shifts import Clock, open_clocked


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'records.sqlite'}", str(tmp_path / "pictures"))
    yield opened
    opened.close()


@pytest.fixture
def clocked(tmp_path: Path) -> Iterator[tuple[RecordStore, Clock]]:
    with open_clocked(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str | None]:
    with run_server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str | None) -> Iterator[str]:
    """An empty database of its own."""
    if postgres_server is None:
        pytest.skip(ABSENT)
    server = make_url(postgres_server).set(drivername="postgresql+pg8000")
    name = f"assay_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def any_store(any_url: str, tmp_path: Path) -> Iterator[RecordStore]:
    opened = open_store(any_url, str(tmp_path / "pictures"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    pytest.importorskip("s3fs", reason="s3fs is not installed: no S3 bucket can be opened")
    moto_server = pytest.importorskip(
        "moto.server", reason="moto is not installed: no S3 server to test with"
    )
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
