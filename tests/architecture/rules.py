"""What the architecture tests read: the tree's Python files as syntax, and the rules as functions of them.

Each rule takes files (path → source) and returns complaints, so that a test can show it failing on a planted fault.
"""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).resolve().parents[2]
Files = Mapping[str, str]

PURE = re.compile(
    r"^services/[a-z]+/(rules|hops|departments|opinion|carriers|wording)/"
    r"|^services/screening/(judge|judging|facts|explain|clue|precheck)\.py$"
    r"|^services/workflow/(cause|decided|stage|route|form|outcome)\.py$"
    r"|^services/notify/(audience|notice|occasion|telling)\.py$"
)
"""Pure rooms: decisions over values. No await, no clock, no ids of chance, no settings, no logging."""
PURE_MAY = ("shared.contracts", "shared.domain", "shared.policy", "shared.clock", "shared.messaging.room")


def tree() -> dict[str, str]:
    """Every Python and SQL file of the product, by its path from the root."""
    found = {}
    for folder in ("services", "shared", "deploy"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".sql") and "__pycache__" not in path.parts:
                found[path.relative_to(ROOT).as_posix()] = path.read_text("utf-8")
    return found


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _python(files: Files) -> Iterator[tuple[str, str]]:
    return ((path, source) for path, source in files.items() if path.endswith(".py"))


def services_import_no_other(files: Files) -> list[str]:
    complaints = []
    for path, source in _python(files):
        own = path.split("/")[1] if path.startswith("services/") else None
        for name in _imports(source):
            parts = name.split(".")
            if parts[0] == "services" and len(parts) > 1 and parts[1] != own:
                complaints.append(f"{path} imports {name}")
            if own and parts[0] in ("deploy", "tests"):
                complaints.append(f"{path} imports {name}")
            if path.startswith("shared/") and parts[0] in ("services", "deploy", "tests"):
                complaints.append(f"{path} imports {name}")
    return complaints


def contracts_and_domain_stand_alone(files: Files) -> list[str]:
    allowed = {"pydantic", "shared", "stdnum"}
    import sys

    complaints = []
    for path, source in _python(files):
        if not path.startswith(("shared/contracts/", "shared/domain/")):
            continue
        for name in _imports(source):
            root, *rest = name.split(".")
            is_other_room = root == "shared" and bool(rest) and rest[0] not in ("contracts", "domain")
            if is_other_room or (root not in allowed and root not in sys.stdlib_module_names):
                complaints.append(f"{path} imports {name}")
    return complaints


def pure_rooms_stay_pure(files: Files) -> list[str]:
    forbidden_names = {"uuid4", "now", "utcnow", "today", "getLogger", "get_logger", "environ"}
    complaints = []
    for path, source in _python(files):
        if not PURE.search(path):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Await | ast.AsyncFunctionDef):
                complaints.append(f"{path}:{node.lineno} awaits")
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in forbidden_names:
                    complaints.append(f"{path}:{node.lineno} calls {called}")
        own = ".".join(path.split("/")[:2])
        for name in _imports(source):
            if name.startswith("shared.") and not name.startswith(PURE_MAY):
                complaints.append(f"{path} imports {name}")
            if name.startswith("services.") and not name.startswith(own):
                complaints.append(f"{path} imports {name}")
    return complaints


def faststream_has_one_room(files: Files) -> list[str]:
    return [
        f"{path} imports {name}"
        for path, source in _python(files)
        for name in _imports(source)
        if name.split(".")[0] == "faststream" and path != "shared/messaging/kafka.py"
    ]


def only_the_relay_produces(files: Files) -> list[str]:
    """Nothing of the services and of `shared` but the relay holds a producer (the demo plays the departments)."""
    return [
        f"{path} names AIOKafkaProducer"
        for path, source in _python(files)
        if path.startswith(("services/", "shared/"))
        and "AIOKafkaProducer" in source
        and path != "shared/messaging/relay.py"
    ]


LOCK = re.compile(
    r"\bFOR\s+(NO\s+KEY\s+)?UPDATE\b|\bFOR\s+(KEY\s+)?SHARE\b|\bLOCK\s+TABLE\b|\bpg_advisory_(xact_)?lock\b", re.I
)


def locks_stand_in_key_rows_and_relay(files: Files) -> list[str]:
    """Key rows, sorted, are the only row locks; an answer's try-lock waits for nobody; migrations are one at a time."""
    allowed = re.compile(r"/(keys|relay)\.(py|sql)$|^shared/postgres\.py$")
    return [
        f"{path}:{number} {line.strip()}"
        for path, source in files.items()
        if path.startswith(("services/", "shared/")) and not allowed.search(path)
        for number, line in enumerate(source.splitlines(), 1)
        if LOCK.search(line) and not line.lstrip().startswith(("--", "#"))
    ]


def no_twin_names(files: Files) -> list[str]:
    """A public function or class stands once in a service (and in `shared`): two of one name are two of one thing."""
    verbs = {"parse", "check", "decide", "send", "build", "router", "load", "save", "keys", "read", "main", "run",
             "find", "routes", "lock", "write", "insert", "put", "offers", "lines_of", "live_of", "kept", "turns",
             "sentence", "unless", "why_not"}  # fmt: skip
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, source in _python(files):
        parts = path.split("/")
        if parts[0] == "deploy":
            continue  # its commands are named as what they call
        house = "/".join(parts[:2]) if parts[0] == "services" else parts[0]
        for node in ast.parse(source).body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_") and node.name not in verbs:
                places[house, node.name].append(path)
    return [f"{name} stands in {', '.join(where)}" for (_, name), where in sorted(places.items()) if len(where) > 1]


def no_dumping_grounds(files: Files) -> list[str]:
    names = re.compile(r"/(utils?|helpers?|common|store|models?|managers?|misc|base)\.py$")
    return [path for path in files if names.search(path)]


def services_do_not_commit_publish_or_wait(files: Files) -> list[str]:
    """Subscribers and rooms leave that to the unit of work; a loop's period is `asyncio.sleep` in its own file."""
    complaints = []
    for path, source in _python(files):
        if "/subscribers/" in path or PURE.search(path):
            for word in (".commit(", ".rollback(", ".transaction(", ".publish(", "asyncio.sleep("):
                if word in source:
                    complaints.append(f"{path} uses {word}…)")
    return complaints


NOT_CALLED_BY_NAME = frozenset({
    "BATCH_STEPS", "CALL_STEPS", "RELAY_STEPS",  # where tests break the road: told beside the code that can be broken
    "on_partitions_revoked", "on_partitions_assigned",  # called by aiokafka
    "income_line",  # the packages hold the lines; nothing decides by them yet (docs/methods.md)
})  # fmt: skip


def everything_is_used_by_the_product(files: Files) -> list[str]:
    """A function, class, constant or method that no other line of the product names is dead, whatever its tests say."""
    said: Counter[str] = Counter()
    for _, source in _python(files):
        said.update(re.findall(r"\w+", _without_imports(source)))
    return [
        f"{path} defines {name}, and nothing uses it"
        for path, source in _python(files)
        for name in _defined(ast.parse(source))
        if said[name] < 2 and name not in NOT_CALLED_BY_NAME
    ]


def _without_imports(source: str) -> str:
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.Assign):
            continue
        if not isinstance(node, ast.Assign) or any(getattr(one, "id", "") == "__all__" for one in node.targets):
            lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return "\n".join(lines)


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name
            case ast.ClassDef():
                yield node.name
                methods = (one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
                yield from (one.name for one in methods if not one.name.startswith("_"))
            case ast.Assign():
                yield from (one.id for one in node.targets if isinstance(one, ast.Name) and one.id != "__all__")
            case ast.AnnAssign(target=ast.Name(id=name)) if name != "__all__":
                yield name
            case _:
                pass


LINES_MAX = 66
"""A screen. What comes near it is a router of one resource, a list of small functions."""


def functions_fit_a_screen(files: Files) -> list[str]:
    return [
        f"{path}:{node.lineno} {node.name} has {length} lines"
        for path, source in _python(files)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LINES_MAX
    ]


ASKING = ("allowed", "may", "check_may")


def every_action_is_asked_for_by_a_call(files: Files) -> list[str]:
    """An action of the table of roles that no call asks for either guards nothing, or should guard a call."""
    table = files["shared/access/roles.py"]
    literal = next((one.value for one in ast.parse(table).body if _names_the_actions(one)), None)
    actions = {one.value for one in ast.walk(literal or ast.Tuple([])) if isinstance(one, ast.Constant)}
    calls = [source for path, source in _python(files) if "/api/" in path or path.startswith("shared/web/")]
    asked = {
        argument.value
        for source in calls
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ASKING
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }
    return [f"no call asks for {action}" for action in sorted(map(str, actions - asked))]


def _names_the_actions(node: ast.stmt) -> TypeGuard[ast.Assign]:
    return isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "Action" for one in node.targets)


BEGINS = r"""(?:\A|["';]|\n--[^\n]*\n)\s*"""
"""Of a statement, in Python or in SQL."""
OUTLIVES = re.compile(
    rf"{BEGINS}SET\s+(?!LOCAL\b)[a-z_.]+\s*(?:TO|=)|{BEGINS}LISTEN\b|\.add_listener\("
    r"|set_config\([^)]*false\s*\)|pg_(?:try_)?advisory_lock\w*\(|\bWITH HOLD\b|\bCREATE TEMP"
)
OWN_CONNECTIONS = ("shared/messaging/relay.py", "shared/messaging/restore.py")


def nothing_outlives_its_transaction(files: Files) -> list[str]:
    """A pool's connections are given back as they are. Whoever has one of its own (the relay, a migration's
    administrator, a restore) may set, lock and listen."""
    return [
        f"{path} leaves something on its connection: {found[0].strip()}"
        for path, source in files.items()
        if not path.startswith("deploy/") and "/migrations/" not in path and path not in OWN_CONNECTIONS
        for found in OUTLIVES.finditer(_without_migrate(path, source))
    ]


def _without_migrate(path: str, source: str) -> str:
    return source.replace('"SELECT pg_advisory_lock(7301)"', "") if path == "shared/postgres.py" else source


CITED = re.compile(
    r"§|\b(?:people|domain|contract|design|look)\.md\b|\b[Pp]eople(?:'s needs?)? \(?[A-F][0-9]"
    r"|\b[Rr]equirements? [0-9]|\b[Ii]ssue [0-9]|\([A-F][0-9]{1,2}(?:, [A-F][0-9]{1,2})*\)"
)


def what_is_cited_can_be_opened(files: Files) -> list[str]:
    """A reason stands where it is needed, or in a paper of this house. A migration that was applied stays as it is."""
    return [
        f"{path}:{number} cites {found[0]}"
        for path, source in files.items()
        if "/migrations/" not in path
        for number, line in enumerate(source.splitlines(), start=1)
        if (found := CITED.search(line))
    ]


RULES = (
    services_import_no_other,
    contracts_and_domain_stand_alone,
    pure_rooms_stay_pure,
    faststream_has_one_room,
    only_the_relay_produces,
    locks_stand_in_key_rows_and_relay,
    no_twin_names,
    no_dumping_grounds,
    services_do_not_commit_publish_or_wait,
    everything_is_used_by_the_product,
    functions_fit_a_screen,
    every_action_is_asked_for_by_a_call,
    what_is_cited_can_be_opened,
    nothing_outlives_its_transaction,
)
