"""Evaluates expressions and templates with Jinja2 itself, or with Ansible's templar: what rcdeploy's engine is compared with.

Reads {"engine", "variables", "expressions", "templates"} from stdin, writes a list of texts per kind; an error is null.
"""

import json
import sys
import types

import jinja2


def plain(value):
    """Lists where Python gives generators and views: rcdeploy has no lazy values."""
    if isinstance(value, jinja2.Undefined):
        raise jinja2.UndefinedError(str(value))
    if isinstance(value, (types.GeneratorType, type({}.keys()), type({}.values()), type({}.items()), range)):
        return [plain(item) for item in value]
    if type(value) is tuple or type(value) is list:
        return type(value)(plain(item) for item in value)
    if isinstance(value, tuple):  # groupby's named tuples
        return tuple(plain(item) for item in value)
    if type(value) is not str and isinstance(value, str):  # Markup, AnsibleUnsafeText
        return str(value)
    return value


def jinja2_evaluators(variables):
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        finalize=lambda value: "" if value is None else value,  # as Ansible
    )
    document = environment.overlay(trim_blocks=True)

    def expression(text):
        return repr([plain(environment.compile_expression(text, undefined_to_none=False)(**variables))])

    def template(text):
        return environment.from_string(text).render(**variables)

    return expression, template, lambda text: document.from_string(text).render(**variables)


def ansible_evaluators(variables):
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar

    templar = Templar(loader=DataLoader(), variables=variables)
    functions = {
        **templar.environment.globals,
        "lookup": templar._lookup,
        "query": templar._query_lookup,
        "q": templar._query_lookup,
        "range": range,
        "dict": dict,
    }

    def expression(text):
        environment = templar.environment
        return repr([plain(environment.compile_expression(text, undefined_to_none=False)(**functions, **variables))])

    def template(text):
        return templar.template(text, convert_data=False)

    return expression, template, template


def attempt(evaluate, text):
    try:
        return evaluate(text)
    except Exception as error:  # noqa: BLE001 any failure counts as one
        if "--verbose" in sys.argv:
            print(f"{text!r}: {type(error).__name__}: {error}", file=sys.stderr)
        return None


def main():
    task = json.load(sys.stdin)
    make = {"jinja2": jinja2_evaluators, "ansible": ansible_evaluators}[task["engine"]]
    expression, template, document = make(task["variables"])
    json.dump(
        {
            "expressions": [attempt(expression, text) for text in task["expressions"]],
            "templates": [attempt(template, text) for text in task["templates"]],
            "documents": [attempt(document, text) for text in task.get("documents", [])],
        },
        sys.stdout,
    )


main()
