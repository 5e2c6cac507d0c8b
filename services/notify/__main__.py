"""`python -m services.notify`"""

from shared.leaving import end_when_told

if __name__ == "__main__":
    end_when_told()
    from services.notify.app import build
    from shared.service import run

    run("notify", build)
