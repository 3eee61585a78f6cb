"""A callback plugin that notes what ansible-playbook does, one JSON object per line, in the file DIFFERENTIAL_EVENTS."""

import json
import os

from ansible import constants as C
from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: notification
short_description: notes plays, tasks and results
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"

    def __init__(self):
        super().__init__()
        self._file = open(os.environ["DIFFERENTIAL_EVENTS"], "a", encoding="utf-8")

    def _note(self, **event):
        self._file.write(json.dumps(event, cls=AnsibleJSONEncoder) + "\n")
        self._file.flush()

    def _result(self, status, result):
        task = result._task
        if task.action in C._ACTION_META:
            return
        self._note(
            event="result",
            id=task._uuid,
            host=result._host.get_name(),
            module=task.action,
            status=status,
            result=result._result,
        )

    def v2_playbook_on_play_start(self, play):
        self._note(event="play", play=play.get_name().strip())

    def v2_playbook_on_no_hosts_matched(self):
        self._note(event="no_hosts")

    def v2_playbook_on_task_start(self, task, is_conditional):
        if task.action in C._ACTION_META:
            self._note(event="meta", task=task.get_name().strip())
            return
        self._note(event="task", id=task._uuid, task=task.get_name().strip(), handler=False)

    def v2_playbook_on_handler_task_start(self, task):
        self._note(event="task", id=task._uuid, task=task.get_name().strip(), handler=True)

    def v2_runner_on_ok(self, result):
        self._result("changed" if result._result.get("changed") else "ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._result("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result):
        self._result("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._result("unreachable", result)

    def v2_playbook_on_stats(self, stats):
        self._note(
            event="stats",
            stats={host: stats.summarize(host) for host in sorted(stats.processed)},
        )
