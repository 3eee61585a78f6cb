"""Runs ansible-playbook for many cases: it is imported once, and every case is a fork with a mount namespace of its own.

Reads {"id", "mounts", "cwd", "args", "stdout", "stderr", "events"} from stdin, one per line; writes {"id", "rc"} per case that ended.
`mounts` are pairs: the directory `from` is seen at `to`, so both tools work on the same paths.
"""

import ctypes
import json
import os
import select
import sys

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def enter(job):
    call("unshare", CLONE_NEWNS)
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    for source, target in job["mounts"]:
        call("mount", source.encode(), target.encode(), None, MS_BIND, None)
    os.chdir(job["cwd"])
    for number, path in ((1, job["stdout"]), (2, job["stderr"])):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.environ["DIFFERENTIAL_EVENTS"] = job["events"]


def play(job):
    """Never returns: whatever happens here must not go back to the loop of the parent."""
    status = 250
    try:
        os.setsid()
        enter(job)
        sys.argv = ["ansible-playbook", *job["args"]]
        PlaybookCLI.cli_executor(sys.argv)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException as error:  # noqa: BLE001 the parent tells the status, the file of stderr the reason
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def reap(running, wait):
    while running:
        pid, status = os.waitpid(-1, 0 if wait else os.WNOHANG)
        if pid == 0:
            return
        name = running.pop(pid, None)
        if name is not None:
            print(json.dumps({"id": name, "rc": os.waitstatus_to_exitcode(status)}), flush=True)
        wait = False


def main():
    parallel = int(sys.argv[1])
    running = {}
    waiting = b""
    is_open = True
    while is_open or running:
        reap(running, wait=not is_open or len(running) >= parallel)
        if not is_open or len(running) >= parallel:
            continue
        if b"\n" not in waiting:
            ready, _, _ = select.select([0], [], [], 0.05)
            if not ready:
                continue
            chunk = os.read(0, 65536)
            is_open = chunk != b""
            waiting += chunk
        while b"\n" in waiting and len(running) < parallel:
            line, waiting = waiting.split(b"\n", 1)
            job = json.loads(line)
            sys.stdout.flush()
            pid = os.fork()
            if pid == 0:
                play(job)
            running[pid] = job["id"]
    reap(running, wait=True)


# Imported once for all cases: finding and compiling these costs more than most cases.
from ansible.cli.playbook import PlaybookCLI  # noqa: E402
import ansible.executor.module_common  # noqa: E402, F401
import ansible.executor.playbook_executor  # noqa: E402, F401
import ansible.executor.task_executor  # noqa: E402, F401
import ansible.plugins.connection.local  # noqa: E402, F401
import ansible.plugins.filter.core  # noqa: E402, F401
import ansible.plugins.strategy.linear  # noqa: E402, F401

main()
