"""Reads inventories with Ansible itself: what rcdeploy's inventories and patterns are compared with.

Reads [{"text", "patterns"}] from stdin; writes per inventory {"groups", "vars", "selected"}: hosts by group, the variables that each
host ends with, and the hosts of each pattern, null where Ansible refuses it.
"""

import json
import os
import sys
import tempfile

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager

internal = ("inventory_", "group_names", "groups", "omit", "playbook_dir", "ansible_")


def answer(text, patterns):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "hosts.ini")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        loader = DataLoader()
        inventory = InventoryManager(loader=loader, sources=[path])
        manager = VariableManager(loader=loader, inventory=inventory)
        return {
            "groups": {name: [host.name for host in group.get_hosts()] for name, group in inventory.groups.items()},
            "vars": {
                host.name: {
                    key: value
                    for key, value in manager.get_vars(host=host, include_hostvars=False).items()
                    if not key.startswith(internal)
                }
                for host in inventory.get_hosts()
            },
            "selected": [selected(inventory, pattern) for pattern in patterns],
        }


def selected(inventory, pattern):
    try:
        return [host.name for host in inventory.get_hosts(pattern)]
    except Exception:  # noqa: BLE001 any refusal counts as one
        return None


json.dump([answer(**one) for one in json.load(sys.stdin)], sys.stdout)
