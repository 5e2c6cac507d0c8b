"""A sum as a department's record has it: nought or more."""

from typing import Annotated

from pydantic import Field

from shared.domain.money import SignedYuan

Yuan = Annotated[SignedYuan, Field(ge=0)]
