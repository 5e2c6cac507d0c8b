"""`python -m services.screening`."""

from services.screening.app import build
from shared.service import run

if __name__ == "__main__":
    run("screening", build)
