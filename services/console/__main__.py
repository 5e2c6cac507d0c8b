"""`python -m services.console`"""

from services.console.app import build
from shared.service import run

if __name__ == "__main__":
    run("console", build)
