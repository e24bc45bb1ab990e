"""Starts, waits for, queries and stops a server under measurement. Standard library only.

Shared by the scripts that run vitrine or llama.cpp's server.
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_SECONDS_MAX = 300
STOP_SECONDS_MAX = 20
ANSWER_SECONDS_MAX = 300
LOG_LINES_SHOWN = 15
# Bypasses any proxy: the server itself is measured.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def post(url, body):
    """Posts JSON and returns the JSON response."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with OPENER.open(request, timeout=ANSWER_SECONDS_MAX) as answer:
        return json.load(answer)


class Server:
    """A server that runs inside a `with` block; `{port}` in its command becomes a free port."""

    def __init__(self, name, command, ready_path, environment=None):
        self.name, self.command, self.ready_path = name, command, ready_path
        self.environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = tempfile.TemporaryFile()
        command = [str(part).replace("{port}", str(port)) for part in self.command]
        self.process = subprocess.Popen(
            command, env=self.environment, cwd=ROOT, stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL,
        )
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_ready(self):
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end:
            if self.process.poll() is not None:
                self.fail("ended during startup")
            try:
                with OPENER.open(self.url + self.ready_path, timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            time.sleep(0.1)
        self.fail(f"was not ready after {START_SECONDS_MAX} s")

    def fail(self, what):
        """Exits with the last lines of the server's log."""
        self.log.seek(0)
        tail = self.log.read().decode(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        sys.exit("\n".join([f"{self.name} {what}:", *tail]))

    def resident_bytes(self):
        """Resident memory of the server in bytes; None if the system does not report it."""
        try:
            text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return None
        found = re.search(r"VmRSS:\s+(\d+) kB", text)
        return int(found[1]) * 1024 if found else None

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


class Resident:
    """Peak resident memory of a server inside a `with` block, in bytes (`most`)."""

    def __init__(self, server, every_seconds=0.1):
        self.server, self.every_seconds, self.most = server, every_seconds, 0
        self.over = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def watch(self):
        while True:
            self.most = max(self.most, self.server.resident_bytes() or 0)
            if self.over.wait(self.every_seconds):
                return

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def vitrine_server(program, model, threads, data, settings=None):
    """The gateway with one model; VITRINE_ variables in the environment take precedence."""
    environment = {
        "VITRINE_DRAFT__MODEL": str(model),
        "VITRINE_DATA__DIR": str(data),
        "VITRINE_MODELS__DIR": str(ROOT / "models"),
        "VITRINE_ENGINE__THREADS": str(threads),
        "VITRINE_LOG__LEVEL": "warn",
        **(settings or {}),
    }
    given = {name: value for name, value in os.environ.items() if name.startswith("VITRINE_")}
    command = [program, "serve", "--bind", "127.0.0.1:{port}"]
    return Server("vitrine", command, "/readyz", {**environment, **given})


def bench_http(program, server, scenario, seconds, *more):
    """Runs `vitrine bench http` against a server and returns its report."""
    command = [
        str(program), "bench", "http", "--json", "--quiet", "--url", server.url, "--scenario",
        str(scenario), "--duration", str(seconds), "--timeout-ms", "120000", *more,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        print(done.stderr.strip(), file=sys.stderr)
        server.fail(f"could not be measured; this command failed: {' '.join(command)}")
    return json.loads(done.stdout)


def closed_loop(program, server, scenario, seconds, clients):
    """Closed loop: each client sends its next request as soon as it has the answer to the last."""
    loop = ["--arrivals", "closed", "--concurrency", str(clients), "--warmup", "1"]
    return bench_http(program, server, scenario, seconds, *loop)


def open_loop(program, server, scenario, seconds, rate, seed=1):
    """Open loop: Poisson arrivals at `rate` requests per second."""
    loop = ["--rate", f"{rate:.4f}", "--seed", str(seed), "--warmup", "1"]
    return bench_http(program, server, scenario, seconds, *loop)


def shared_system_scenario(folder, system_tokens):
    """Writes a copy of benches/http/shared-system.toml with this prompt length; returns its path."""
    source = ROOT / "benches/http/shared-system.toml"
    text = re.sub(r"(?m)^system_tokens = .*$", f"system_tokens = {system_tokens}", source.read_text())
    prompts = json.dumps(str(source.parent / "short-prompts.txt"))
    path = pathlib.Path(folder) / "scenario.toml"
    path.write_text(text.replace('"short-prompts.txt"', prompts))
    return path


def report_line(name, report):
    """Prints the figures of one run in one line."""

    def times(which):
        found = report[which]
        return f"{found['p50']:.0f} / {found['p99']:.0f}" if found else "- / -"

    errors = ", ".join(f"{error}: {count}" for error, count in report["errors"].items()) or "none"
    print(
        f"  {name:<20} {report['requests_per_second']:>7.2f} requests/s"
        f" {report['output_tokens_per_second']:>8.1f} tokens/s"
        f"   first token {times('time_to_first_token_ms'):>13} ms"
        f"   whole {times('latency_ms'):>13} ms   errors {errors}",
        flush=True,
    )
