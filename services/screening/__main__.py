"""`python -m services.screening`."""

from shared.leaving import end_when_told

if __name__ == "__main__":
    end_when_told()
    from services.screening.app import build
    from shared.service import run

    run("screening", build)
