"""`python -m deploy.demo`: load the sample into services that run elsewhere (containers), by the environment."""

import asyncio
import sys

from deploy.demo.load import load
from deploy.progress import shown
from deploy.trouble import Trouble
from shared.settings import Settings, SettingsError

if __name__ == "__main__":
    try:
        asyncio.run(load(Settings.from_environment("console"), shown()))
    except (Trouble, SettingsError) as trouble:
        sys.exit(str(trouble))
