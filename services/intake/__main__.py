"""`python -m services.intake`: the production entrance."""

from shared.leaving import end_when_told

if __name__ == "__main__":
    end_when_told()
    from services.intake.app import build
    from shared.service import run

    run("intake", build)
