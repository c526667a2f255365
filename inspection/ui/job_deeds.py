"""What both pages that start long work do to a job that exists. Each asks for the role first."""

from inspection.config import load_settings
from inspection.jobs.desk import Desk, open_desk
from inspection.ui.roles import Role, require


def get_desk() -> Desk:
    return open_desk(load_settings())


def cancel(job_id: str) -> None:
    require(Role.ENGINEER)
    get_desk().cancel(job_id)


def resume(job_id: str) -> None:
    require(Role.ENGINEER)
    get_desk().resume(job_id)


def remove(job_id: str) -> None:
    require(Role.ENGINEER)
    get_desk().remove(job_id)
