"""Runs Ansible's own modules, one forked child each: stdin holds a JSON list of [file, args], stdout becomes the list of results.
A module runs as it would on a target, without the seconds that a play costs."""
import io
import json
import os
import runpy
import sys

from ansible.module_utils import basic


def run(file, args, descriptor):
    basic._ANSIBLE_ARGS = json.dumps({'ANSIBLE_MODULE_ARGS': args}).encode()
    sys.stdin = io.TextIOWrapper(io.BytesIO(b''))
    os.dup2(descriptor, 1)
    name = file[file.index('/ansible') + 1:-len('.py')].replace('/', '.')
    try:
        runpy.run_module(name, run_name='__main__')
    except SystemExit:
        pass
    sys.stdout.flush()


results = []
for file, args in json.load(sys.stdin):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            run(file, args, writer)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding='utf8') as said:
        text = said.read()
    os.waitpid(child, 0)
    try:
        results.append(json.loads(text.strip().splitlines()[-1]))
    except (IndexError, ValueError):
        results.append({'failed': True, 'msg': text})
json.dump(results, sys.stdout)
