"""`python -m deploy.demo [HOUSEHOLDS]`: load the sample into services that run elsewhere (containers), by the
environment.
"""

import asyncio
import sys

from deploy.demo.county import HOUSEHOLDS
from deploy.demo.load import load
from deploy.progress import shown
from deploy.trouble import Trouble
from shared.settings import Settings, SettingsError

if __name__ == "__main__":
    households = int(sys.argv[1]) if sys.argv[1:] and sys.argv[1].isdigit() else HOUSEHOLDS
    try:
        asyncio.run(load(Settings.from_environment("console"), shown(), households=households))
    except (Trouble, SettingsError) as trouble:
        sys.exit(str(trouble))
