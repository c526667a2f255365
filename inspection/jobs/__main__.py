"""python -m inspection.jobs supervise|work FOLDER ID: started by the desk, not by hand."""

from inspection.jobs.supervise import main
from inspection.jobs.works import WORKS

main(WORKS)
