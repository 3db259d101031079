"""Templates about generated values: how they are written, formatted, sliced, sorted and compared.

Every template ends in text (`| string`), so that the types of what is inside show. Strings that a template cannot hold as
they are (quotes, escapes, control characters) and numbers that it has no literal for come in as variables.
"""
import random
import re

STRINGS = [
    '', ' ', 'a', 'abc', 'Abc', 'ABC', 'zebra', 'Zebra', '10', '9', '1.5', '-1', 'None', 'True', 'yes', "it's", 'say "x"',
    '\'"', '"\'"', '\\', '\\n', 'a\\b', '\n', 'a\nb', '\t', '\r', 'a\r\nb', '\0', '\x01', '\x1b[0m', '\x7f', '\x80', '\x85',
    '\xa0', '\xad', 'é', 'e\u0301', 'ß', 'ẞ', 'İ', 'ı', 'ǆ', 'ﬁ', 'Σς', '日本', '\u200b', '\u200f', '\u2028', '\u2029',
    '\ufeff', '\ufffd', '\ue000', '\u0378', '😀', '👩\u200d🚀', '\U000e0001', '\U0010ffff', 'ａ', '٣', '²', '½', '%', '%s',
    '%%', 'x{y', 'a b', ' a ', '\u3000', '\x1c', '\x0b', '\x0c',
]
INTS = [0, 1, -1, 2, 3, 7, 10, 42, 97, 127, 128, 255, 256, 1000, -5, -128, 65, 2**31 - 1, 2**31, -2**31, 2**53, 2**53 + 1,
        2**63 - 1, 2**63, -2**63, -2**63 - 1, 2**64, 10**18, 10**19, 10**30, -10**25, 3**80]
FLOATS = [0.0, 0.5, 1.0, 1.5, 2.5, 3.5, 0.1, 0.2, 0.3, 1 / 3, 2 / 3, 1e15, 1e16, 1e17, 123456789012345680.0, 1e21, 1e22, 1e23,
          1e100, 1.7976931348623157e308, 1e-3, 1e-4, 1e-5, 1.5e-7, 5e-324, 2.2250738585072014e-308, 3.141592653589793, 2.675,
          1.005, 99.995, 999999.5, 9999995.0, 0.00001234, 12345.678, 1e5, 123456.0, 1234567.0, 9007199254740993.0]


class Case:
    """One template in the making, with the variables it needs."""

    def __init__(self, rng):
        self.rng = rng
        self.vars = {}

    def variable(self, value):
        if isinstance(value, str):
            value = value.replace('{%', '{')
        name = f'v{len(self.vars)}'
        self.vars[name] = value
        return name

    def text(self, value):
        plain = all(c.isascii() and (c.isalnum() or c in ' .-%') for c in value)
        if plain and self.rng.random() < 0.7:
            return f"'{value}'"
        return self.variable(value)

    def string(self):
        r = self.rng
        if r.random() < 0.6:
            return r.choice(STRINGS)
        return ''.join(r.choice(STRINGS)[:2] for _ in range(r.randint(1, 5))).replace('{{', '{').replace('{%', '{').replace('{#', '{')

    def int_value(self):
        r = self.rng
        return r.choice(INTS) if r.random() < 0.7 else r.randint(-20, 20) if r.random() < 0.7 else r.randint(-2**90, 2**90)

    def float_value(self):
        r = self.rng
        pick = r.random()
        if pick < 0.6:
            value = r.choice(FLOATS)
        elif pick < 0.8:
            value = round(r.uniform(-1000, 1000), r.randint(0, 6))
        else:
            value = r.uniform(-1, 1) * 10.0 ** r.randint(-30, 30)
        return -value if r.random() < 0.25 else value

    def int(self):
        value = self.int_value()
        return str(value) if value >= 0 else f'({value})'

    def float(self):
        if self.rng.random() < 0.12:
            return '(%s | float)' % self.variable(self.rng.choice(['inf', '-inf', 'nan']))
        value = self.float_value()
        if 'e' in repr(value) and self.rng.random() < 0.5 or value == 0:
            return '(%s | float)' % self.variable(repr(value))
        return repr(value) if value > 0 else f'({value!r})'

    def bytes(self):
        return f"({self.text(self.string())}.encode({self.rng.choice(['', '', chr(39) + 'utf-16-le' + chr(39)])}))"

    def scalar(self):
        r = self.rng.random()
        if r < 0.08:
            return 'none'
        if r < 0.18:
            return self.rng.choice(['true', 'false'])
        if r < 0.40:
            return self.int()
        if r < 0.62:
            return self.float()
        if r < 0.67:
            return self.bytes()
        return self.text(self.string())

    def key(self):
        r = self.rng.random()
        if r < 0.65:
            return self.text(self.string())
        if r < 0.95:
            return self.rng.choice([self.int, self.float])()
        return self.rng.choice(['none', 'true', 'false', '(1, 2)'])

    def value(self, depth=0):
        r = self.rng
        if depth > 3 or r.random() < (0.35 if depth == 0 else 0.6):
            return self.scalar()
        kind = r.random()
        size = r.choice([0, 1, 1, 2, 2, 3, 4])
        if kind < 0.4:
            return '[' + ', '.join(self.value(depth + 1) for _ in range(size)) + ']'
        if kind < 0.6:
            return '(' + ', '.join(self.value(depth + 1) for _ in range(size)) + (',' if size == 1 else '') + ')'
        if kind < 0.85:
            return '{' + ', '.join(f'{self.key()}: {self.value(depth + 1)}' for _ in range(size)) + '}'
        return self.variable(self.plain(depth + 1))

    def plain(self, depth):
        """A value that JSON holds, for a variable."""
        r = self.rng
        if depth > 3 or r.random() < 0.5:
            return r.choice([lambda: None, lambda: r.random() < 0.5, self.int_value, self.float_value, self.string, self.string])()
        if r.random() < 0.5:
            return [self.plain(depth + 1) for _ in range(r.randint(0, 4))]
        return {self.string(): self.plain(depth + 1) for _ in range(r.randint(0, 4))}

    def items(self):
        """A list whose items mostly can be ordered."""
        r = self.rng
        one = r.choice([self.int, self.float, lambda: r.choice([self.int, self.float])(), lambda: self.text(self.string()),
                        lambda: f'[{self.int()}, {self.text(self.string())}]', lambda: f'({r.randint(0, 3)}, {r.randint(0, 3)})',
                        self.scalar])
        items = [one() for _ in range(r.randint(0, 6))]
        if items and r.random() < 0.5:
            items.append(r.choice(items))
        return '[' + ', '.join(items) + ']'

    def sequence(self):
        r = self.rng
        return r.choice([self.items, lambda: self.text(self.string() + self.string() + 'abcdef'), lambda: self.items() + ' | list',
                         lambda: 'range(%d)' % r.randint(0, 12), self.bytes,
                         lambda: '(' + ', '.join(self.scalar() for _ in range(3)) + ')'])()


def written(c):
    return c.value()


def as_text(c):
    return f'[{c.value()} | string, {c.value()}]'


def printf(c):
    r = c.rng
    kind = r.choice('ddiiouxXeEfFgGcrsas%')
    flags = ''.join(r.sample('-+ #0', r.choice([0, 0, 1, 1, 2, 3])))
    width = r.choice(['', '', '1', '5', '12', '*'])
    precision = r.choice(['', '', '', '.', '.0', '.1', '.3', '.10', '.*'])
    conversion = f'%{flags}{width}{precision}{kind}'
    arguments = [str(r.randint(-9, 14)) for _ in range((conversion.count('*')))]
    if kind in 'diouxXc':
        value = r.choice([c.int, c.int, c.int, c.float, c.scalar])()
    elif kind in 'eEfFgG':
        value = r.choice([c.float, c.float, c.float, c.int, c.scalar])()
    else:
        value = c.value(2)
    if kind != '%' or r.random() < 0.1:
        arguments.append(value)
    if r.random() < 0.06:
        arguments.append('1')
    shape = r.random()
    if shape < 0.15 and '*' not in conversion and kind != '%':
        return f"'<%(k){conversion[1:]}>' % {{'k': {value}}}"
    if shape < 0.3:
        return f"'<{conversion}>' | format({', '.join(arguments)})"
    if shape < 0.5 and len(arguments) == 1 and kind != '%':
        return f"'<{conversion}>' % {arguments[0]}"
    return f"'<{conversion}>' % ({', '.join(arguments)}{',' if len(arguments) == 1 else ''})"


def braces(c):
    r = c.rng
    number, whole = r.random() < 0.7, r.random() < 0.5
    value = (c.int if whole else c.float) if number else r.choice([lambda: c.text(c.string()), c.scalar, lambda: c.value(2)])
    spec = r.choice(['', '', '<', '>', '^', '*<', '0>', '_^', 'é>'])
    if number:
        spec = r.choice([spec, spec, '=', '-='])
        spec += r.choice(['', '', '', '+', '-', ' ']) + r.choice(['', '', '', '#']) + r.choice(['', '', '', '0'])
    spec += r.choice(['', '', '3', '10'])
    if number:
        spec += r.choice(['', '', '', ',', '_'])
    if not (number and whole) or r.random() < 0.3:
        spec += r.choice(['', '', '', '.0', '.2', '.6', '.17'])
    if number:
        spec += r.choice(['', 'd', 'x', 'X', 'o', 'b', 'c', 'n'] if whole and r.random() < 0.6 else ['', 'e', 'E', 'f', 'F', 'g', 'G', '%'])
    elif r.random() < 0.3:
        spec += r.choice(['s', 'd', 'q', '='])
    conversion = r.choice(['', '', '', '', '!r', '!s', '!a']) if not number or r.random() < 0.1 else ''
    return f"'<{{{conversion}:{spec}}}>'.format({value()})"


def slices(c):
    r = c.rng
    bound = lambda: r.choice(['', '', '', str(r.randint(-8, 8)), str(r.randint(-3, 3)), 'none', '100', '-100', '99999999999999999999'])
    step = r.choice(['', '', ':', ':1', ':2', ':-1', ':-1', ':-2', ':3', ':0', ':none'])
    return f'({c.sequence()})[{bound()}:{bound()}{step}]'


def index(c):
    return f'({c.sequence()})[{c.rng.choice([str(c.rng.randint(-8, 8)), "true", "1.0", chr(39) + "1" + chr(39)])}]'


def ordered(c):
    r = c.rng
    items = c.items()
    return r.choice([
        f'{items} | sort', f'{items} | sort', f'{items} | sort(reverse=true)', f'{items} | sort(case_sensitive=true)',
        f'{items} | min', f'{items} | max', f'{items} | max(case_sensitive=true)', f'{items} | unique',
        f'{items} | unique(case_sensitive=true)', f'{items} | sum', f'{items} | reverse | list',
        f'{{{c.key()}: 1, {c.key()}: 2, {c.key()}: {c.scalar()}}} | dictsort',
        f'{{{c.key()}: {c.int()}, {c.key()}: {c.int()}}} | dictsort(false, "value")',
        # Python's sets have no order worth recording
        f'({items} | {r.choice(["difference", "intersect", "union", "symmetric_difference"])}({c.items()})) | map("string") | sort',
        f'{items}.index({c.scalar()})', f'{items}.count({c.scalar()})',
    ])


def compared(c):
    r = c.rng
    a, b = r.choice([(c.scalar, c.scalar), (c.int, c.float), (c.float, c.float), (c.items, c.items),
                     (lambda: c.text(c.string()), lambda: c.text(c.string())), (c.value, c.value)])
    left, right = a(), b()
    if r.random() < 0.15:
        right = left
    op = r.choice(['==', '!=', '<', '<=', '>', '>=', 'in', 'not in'])
    if r.random() < 0.1:
        return f'{left} < {right} <= {c.scalar()}'
    return f'{left} {op} {right}'


def arithmetic(c):
    r = c.rng
    a, b = r.choice([(c.int, c.int), (c.int, c.float), (c.float, c.float), (c.sequence, c.int), (c.sequence, c.sequence),
                     (c.scalar, c.scalar)])
    op = r.choice(['+', '-', '*', '/', '//', '%', '+', '*', '//', '%', '**', '~'])
    left, right = f'({a()})', f'({b()})'
    if op in '**' and any(len(x) > 4 for x in (left, right)):
        right = f'({r.randint(-3, 5)})'
    return f'{left} {op} {right}'


def numbers(c):
    r = c.rng
    x = r.choice([c.int, c.float, c.float, c.scalar])()
    return r.choice([
        f'{x} | round', f'{x} | round({r.randint(-3, 6)})', f'{x} | round({r.randint(-2, 4)}, "{r.choice(["ceil", "floor"])}")',
        f'{x} | int', f'{x} | float', f'{x} | abs', f'-{x}', f'{x} | bool', f'not {x}', f'{x} | int(default=7)',
        f'{x} | string | float', f'{x} | string | int', f'{x} | length',
    ])


def texts(c):
    r = c.rng
    s = c.text(c.string() + r.choice(['', c.string()]))
    t = c.text(c.string())
    n = r.randint(-2, 12)
    return r.choice([
        f'{s}.{r.choice(["upper", "lower", "title", "swapcase", "capitalize", "casefold", "strip", "split", "splitlines"])}()',
        f'{s}.is{r.choice(["alpha", "alnum", "digit", "numeric", "decimal", "lower", "upper", "space", "title", "printable", "identifier", "ascii"])}()',
        f'{s}.{r.choice(["center", "ljust", "rjust", "zfill"])}({n})', f'{s}.split({t})', f'{s}.rsplit({t}, 1)',
        f'{s}.partition({t})', f'{s}.replace({t}, "<>")', f'{s}.find({t})', f'{s}.count({t})', f'{s}.startswith({t})',
        f'{s}.strip({t})', f'{s}.splitlines(true)', f'{s} | length', f'{s} | list', f'{s} | title', f'{s} | capitalize', f'{s} | upper',
        f'{s} | reverse', f'{s}.expandtabs({n})', f'{s}.encode()', f'{s} | center({n})', f'{s} | trim', f'{s} * {n}', f'{s} | wordcount',
        f'[{s}] | join({t})', f'{s} ~ {c.scalar()}',
    ])


KINDS = [(written, 26), (as_text, 8), (printf, 22), (braces, 12), (slices, 14), (index, 3), (ordered, 20), (compared, 14),
         (arithmetic, 12), (numbers, 10), (texts, 16)]


def generate(seed, count):
    """`count` vectors without their answers."""
    rng = random.Random(seed)
    kinds = [kind for kind, _ in KINDS]
    weights = [weight for _, weight in KINDS]
    seen = set()
    while len(seen) < count:
        kind = rng.choices(kinds, weights)[0]
        case = Case(rng)
        template = '{{ (' + kind(case) + ') | string }}'
        if kind in (printf, braces) and rng.random() < 0.9:
            template = template.replace(') | string', ')')
        mark = (template, str(case.vars))
        if mark in seen or template.count('{{') > 1 and '}}}' in template:
            continue
        seen.add(mark)
        vector = {'cat': kind.__name__, 'template': template}
        used = {name: value for name, value in case.vars.items() if re.search(rf'\b{name}\b', template)}
        if used:
            vector['vars'] = used
        yield vector
