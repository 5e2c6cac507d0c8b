"""The rules, a file a department: each reads some kinds of facts and says what it finds. Verb: `check`. Pure."""

from services.screening.rules import housing, medical_insurance

RULES = (medical_insurance, housing)
