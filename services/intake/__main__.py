"""`python -m services.intake`: the production entrance."""

from services.intake.app import build
from shared.service import run

if __name__ == "__main__":
    run("intake", build)
