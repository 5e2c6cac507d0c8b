"""Who is late is told once, and again when it is another batch, or when facts stay another time."""

from shared.messaging.pace import UNSENT_SECONDS, Pace

INTERVAL_SECONDS = 120.0


def looked(*looks: tuple[float | None, float, float]) -> list[str]:
    """What is told over looks of (batch since, now, unsent seconds)."""
    heard: list[str] = []
    pace = Pace(lambda: heard.append("batch_late"), lambda: heard.append("facts_unsent"))
    for since, now, unsent in looks:
        pace.look({"screening": since, "screening.rechecks": None}, now, INTERVAL_SECONDS, unsent)
    return heard


def test_a_batch_is_told_of_once_when_it_has_a_quarter_of_its_interval_behind_it() -> None:
    assert looked((100.0, 129.0, 0.0)) == []
    assert looked((100.0, 131.0, 0.0), (100.0, 136.0, 0.0), (None, 141.0, 0.0)) == ["batch_late"]


def test_the_next_late_batch_is_told_of_again() -> None:
    assert looked((100.0, 131.0, 0.0), (140.0, 171.0, 0.0)) == ["batch_late", "batch_late"]


def test_facts_that_stay_are_told_of_once_and_again_after_they_had_gone() -> None:
    late = UNSENT_SECONDS + 1
    assert looked((None, 0.0, UNSENT_SECONDS)) == []
    assert looked((None, 0.0, late), (None, 5.0, late + 5)) == ["facts_unsent"]
    assert looked((None, 0.0, late), (None, 5.0, 0.0), (None, 50.0, late)) == ["facts_unsent", "facts_unsent"]
