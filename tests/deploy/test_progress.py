"""Progress: one moving bar on a terminal, a few plain lines in a pipe."""

import io

from deploy.progress import shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_a_few_plain_lines_however_many_steps() -> None:
    out = io.StringIO()
    progress = shown(out)
    for done in range(1001):
        progress("Loading", done, 1000)
    lines = out.getvalue().splitlines()
    assert len(lines) == 5
    assert lines[0] == "  Loading: 0 of 1000"
    assert lines[-1] == "  Loading: 1000 of 1000"
    assert "\r" not in out.getvalue()


def test_a_terminal_gets_one_line_that_moves_and_ends() -> None:
    out = Terminal()
    progress = shown(out)
    for done in (0, 5, 10):
        progress("Loading", done, 10)
    assert out.getvalue().count("\r") == 3
    assert out.getvalue().count("\n") == 1
    assert out.getvalue().endswith(f"[{'#' * 30}] 10/10\n")
