"""ansible-core's answers: what a template gives, what a YAML text holds."""
import json
import math
import os

os.environ.setdefault('ANSIBLE_LOCALHOST_WARNING', '0')
os.environ.setdefault('ANSIBLE_DEPRECATION_WARNINGS', '0')
import ansible.constants  # noqa: F401,E402  settings come first
from ansible.parsing.dataloader import DataLoader  # noqa: E402
from ansible.parsing.vault import EncryptedString  # noqa: E402
from ansible.parsing.yaml.loader import AnsibleLoader  # noqa: E402
from ansible.plugins.loader import init_plugin_loader  # noqa: E402
from ansible.release import __version__ as version  # noqa: E402,F401
from ansible.template import trust_as_template  # noqa: E402
from ansible.utils.display import Display  # noqa: E402
from ansible._internal._json._profiles import _legacy  # noqa: E402
from ansible._internal._templating._engine import TemplateEngine  # noqa: E402
from ansible.module_utils._internal._json._profiles import _tagless  # noqa: E402

Display.display = lambda *_a, **_k: None
init_plugin_loader([])
loader = DataLoader()


class Plain(str):
    """A text that is no template."""


def plain(text):
    return Plain(text)


def trusted(value):
    if isinstance(value, Plain):
        return str(value)
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, list):
        return [trusted(v) for v in value]
    if isinstance(value, dict):
        return {k: trusted(v) for k, v in value.items()}
    return value


def answer(template, variables):
    """`ok` and the value as a task's result holds it, or why there is none."""
    try:
        value = TemplateEngine(loader=loader, variables=trusted(variables)).template(trusted(template))
        return {'ok': True, 'value': json.loads(json.dumps(value, cls=_tagless.Encoder))}
    except Exception as e:
        return {'ok': False, 'why': str(e)}


def hexadecimal(f):
    """`float.hex()` for every float, so that no digits are lost."""
    return f.hex() if math.isfinite(f) else repr(f)


def noted(value):
    """A value in the notation of engine/syntax/tests/vectors.rs: the types that JSON lacks are maps of one entry."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, EncryptedString):
        return {'__tag__': '!vault', 'v': str(value._ciphertext)}
    if isinstance(value, int):
        return {'__int__': str(int(value))}
    if isinstance(value, float):
        return {'__float__': hexadecimal(float(value))}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return {'__bin__': bytes(value).hex()}
    if isinstance(value, (list, tuple)):
        return [noted(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted((noted(v) for v in value), key=json.dumps)
    if isinstance(value, dict):
        return {key(k): noted(v) for k, v in value.items()}
    return {'__ts__': str(value)}


def key(value):
    if isinstance(value, str):
        return str(value)
    name = next(t.__name__ for t in type(value).__mro__ if not t.__module__.startswith('ansible'))
    return f'__{name}__' + json.dumps(noted(value), ensure_ascii=False)


def documents(text):
    """All documents of a text as Ansible reads them, noted; ValueError with the reason when it refuses."""
    try:
        return [noted(json.loads(text, cls=_legacy.Decoder))]
    except Exception:
        pass
    found = []
    try:
        reader = AnsibleLoader(text)
        while reader.check_data():
            found.append(noted(reader.get_data()))
    except Exception as e:
        raise ValueError(str(e)) from None
    json.dumps(found, ensure_ascii=False).encode()  # surrogates are for nobody
    return found
