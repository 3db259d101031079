"""YAML texts of every style: blocks, flows, scalars of all kinds, anchors, merge keys, tags, comments, odd blanks, mistakes."""
import random

WORDS = ['a', 'b', 'key', 'name', 'x-y', 'x_y', 'a b', 'é', '日本', 'with.dot', 'a:b', 'http://x/y', 'a#b', '/path', '-x', '?x', ':x',
         'a, b', 'x]', 'x}', '{', '%x', '@x', '`x', '"', "it's", 'x: y', 'x #y', '*', '&', '!', '|', '>', '=', '<', '<<', '-', '--', '...',
         '---x', '😀', '\ufeff', '\x07', '\xa0', '\x85', '\u2028', 'a\tb', '\\', 'a\\nb', '{{ x }}', '{{x}}']
SCALARS = ['', '~', 'null', 'Null', 'NULL', 'nULL', 'true', 'True', 'TRUE', 'tRue', 'false', 'yes', 'Yes', 'YES', 'yEs', 'no', 'on', 'On',
           'off', 'OFF', 'y', 'n', 'Y', 'N', '0', '-0', '+0', '00', '1', '-1', '+1', '12', '010', '0o10', '08', '0x1F', '0X1f', '-0x1f',
           '0x', '0b101', '0b2', '-0b1', '1_000', '_1', '1_', '0_7', '0x_1', '1__0', '1:30', '01:30', '1:60', '1:59:59', '190:20:30',
           '-1:30', '1:2:3:4', '190:20:30.15', '1.0', '1.', '.5', '-.5', '+.5', '.', '..', '._', '1.5e3', '1.5e+3', '1.5E-3', '1e3', '1e+3',
           '.inf', '-.inf', '+.Inf', '.INF', '.iNF', '.nan', '.NaN', '.NAN', '-.nan', 'inf', 'nan', '1_000.5', '1.5_0', '0.1', '1e400',
           '99999999999999999999', '-9223372036854775809', '9223372036854775807', '0xffffffffffffffffff', '2001-12-14', '2001-1-2',
           '2001-13-01', '2001-02-30', '2001-12-14t21:59:43.10-05:00', '2001-12-14 21:59:43.10 -5', '2001-12-15 2:59:43.10',
           '2001-12-14T21:59:43Z', '2001-12-14 21:59:43.1234567', '2001-12-14 25:00:00', '2001-12-14 21:59', '=', '0.0', '-0.0', '1,000',
           '1 000', '+', '- 1', '0.', '0777', '0o', '1.2.3', '10.0.0.1', '1:2:3.4.5', '12e03', '1.0e+309', '5.e+1', '0x1.8', '+1:30', '1:0']
TAGS = ['!!str', '!!int', '!!float', '!!bool', '!!null', '!!seq', '!!map', '!!set', '!!binary', '!!timestamp', '!!omap', '!!pairs',
        '!unsafe', '!vault', '!x', '!!x', '!', '!<tag:yaml.org,2002:str>', '!!python/none', '!!python/unicode', '!!merge', '!!value']


class Text:
    def __init__(self, rng):
        self.rng = rng
        self.wild = rng.random() < 0.3  # whether it may hold what often is a mistake
        self.anchors = []
        self.maps = []

    def chance(self, p):
        return self.rng.random() < p

    def word(self):
        r = self.rng.random()
        if r < 0.5 or not self.wild and r < 0.85:
            return self.rng.choice(WORDS[:15])
        if r < 0.75 and self.wild:
            return self.rng.choice(WORDS)
        return self.rng.choice(SCALARS)

    def plain(self):
        return self.rng.choice(SCALARS) if self.chance(0.55) else self.word()

    def single(self, pad):
        body = ' '.join(self.word() for _ in range(self.rng.randint(0, 3))).replace("'", "''")
        return "'" + self.folded(body, pad) + "'"

    def double(self, pad):
        parts = [self.word().replace('\\', '\\\\').replace('"', '\\"') for _ in range(self.rng.randint(0, 3))]
        for _ in range(self.rng.choice([0, 0, 1, 2])):
            parts.append(self.rng.choice(['\\n', '\\t', '\\0', '\\x41', '\\u00e9', '\\U0001F600', '\\e', '\\ ', '\\_', '\\N', '\\L', '\\P',
                                          '\\/', '\\a\\b\\v\\f\\r', '\\\t', '\\\n' + pad] + self.wild * ['\\q', '\\x4', "\\'", '\\u12']))
        self.rng.shuffle(parts)
        return '"' + self.folded(self.rng.choice(['', ' ']).join(parts), pad) + '"'

    def folded(self, body, pad):
        if ' ' in body and self.chance(0.25):
            cut = body.index(' ')
            body = body[:cut] + self.rng.choice(['\n', ' \n', '\n\n', '\n \n', '\t\n', '\n\t']) + pad + ' ' + body[cut + 1:]
        return body

    def block(self, pad):
        r = self.rng
        head = r.choice('|>')
        extra = r.choice([0, 1, 2, 2, 2, 4])
        explicit = self.chance(0.25)
        marks = [r.choice(['', '', '+', '-']), str(r.choice([extra, extra, extra, r.randint(0, 10)])) if explicit else '']
        r.shuffle(marks)
        head += ''.join(marks) + r.choice(['', '', '', '', ' ', ' # c'] + self.wild * ['#c', ' x'])
        lines = []
        for i in range(r.choice([0, 1, 2, 3, 4, 5])):
            kind = r.random()
            if kind < 0.2:
                lines.append(r.choice(['', '', ' ', pad, pad + ' ' * extra, pad + ' ' * (extra + 2), '\t']))
            elif kind < 0.3:
                lines.append(pad + ' ' * extra + r.choice([' ', '  ', '\t']) + self.word())
            elif kind < 0.36:
                lines.append(pad + '# ' + self.word())
            else:
                lines.append(pad + ' ' * (extra + (r.randint(0, 3) if explicit and i == 0 else 0)) + self.word() + r.choice(['', '', ' ', ' # c', ': x']))
        lines += r.choice([[], [], [], [''], ['', ''], [pad + '   ']])
        return '\n'.join([head, *lines])

    def properties(self):
        out = ''
        if self.chance(0.07):
            name = self.rng.choice(['a', 'b', 'c', 'x1', 'x-y'])
            self.anchors.append(name)
            out += f'&{name} '
        if self.chance(0.1 if self.wild else 0.04):
            tag = self.rng.choice(TAGS if self.wild else ['!!str', '!unsafe', '!!python/unicode', '!']) + ' '
            out = out + tag if self.chance(0.7) else tag + out
        return out

    def scalar(self, pad):
        if self.anchors and self.chance(0.12):
            return '*' + self.rng.choice(self.anchors[:-1] or self.anchors)
        r = self.rng.random()
        value = self.plain() if r < 0.65 else self.single(pad) if r < 0.8 else self.double(pad)
        return self.properties() + value

    def flow(self, pad, depth):
        r = self.rng
        if depth > 3 or self.chance(0.5):
            return self.scalar(pad)
        comma = r.choice([', ', ', ', ',', ' , ', ',\n' + pad + ' ', ', # c\n' + pad + ' '])
        size = r.choice([0, 1, 2, 3])
        end = r.choice(['', '', '', ',', ' ', ', '])
        if self.chance(0.5):
            items = [self.flow(pad, depth + 1) if self.chance(0.9) else self.pair(pad, depth) for _ in range(size)]
            return self.properties() + '[' + comma.join(items) + end + ']'
        return self.properties() + '{' + comma.join(self.pair(pad, depth) for _ in range(size)) + end + '}'

    def pair(self, pad, depth):
        r = self.rng
        if self.chance(0.06) and self.anchors:
            return '<<: *' + r.choice(self.maps or self.anchors)
        shape = r.random()
        key = self.word() if self.chance(0.75) else self.double(pad)
        if shape < 0.8:
            return key + ': ' + self.flow(pad, depth + 1)
        if shape < 0.87:
            return key
        if shape < 0.93:
            return key + ':' + self.flow(pad, depth + 1)
        return '? ' + key + ' : ' + self.flow(pad, depth + 1)

    def comment(self, pad):
        return self.rng.choice(['', pad, '', pad + '# c', '# c', '   # deep', '\t', '  \t']) + '\n'

    def value(self, indent, depth, after):
        """What follows a `key:` or a `-`: on the line itself, or below it and further in."""
        r = self.rng
        pad = ' ' * (indent + 1)
        kind = r.random()
        trail = r.choice(['', '', '', '', '', ' ', ' # c', '\t'] + self.wild * ['\t# c', '#c']) + '\n'
        if depth < 4 and kind < 0.35:
            further = r.choice([1, 2, 2, 2, 4])
            mapping = self.chance(0.6)
            head = self.properties().rstrip(' ') if self.wild or self.chance(0.3) else ''
            named = 'm%d' % len(self.maps)
            if not head and mapping and self.chance(0.15):
                head = '&' + named
            if after == ':' and not mapping and self.chance(0.4):
                return (' ' + head if head else '') + trail + self.sequence(indent, depth + 1)
            inner = indent + further
            body = self.mapping(inner, depth + 1) if mapping else self.sequence(inner, depth + 1)
            if head == '&' + named and named not in self.maps:
                self.maps.append(named)
            if after == '-' and not head and self.chance(0.6):
                return ' ' * further + body[inner + 1:] if further > 1 else trail + body
            return (' ' + head if head else '') + trail + body
        if kind < 0.5:
            return ' ' + self.properties() + self.block(pad[:-1]) + '\n'
        if kind < 0.68:
            return ' ' + self.flow(pad, depth) + trail
        text = self.scalar(pad)
        if self.chance(0.06):
            text += '\n' + pad + r.choice(['', ' ', '\t', '\n' + pad]) + self.plain()
        return r.choice([' ', ' ', ' ', ' ', '  ', '\t']) + text + trail

    def sequence(self, indent, depth):
        out = ''
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            if self.chance(0.1):
                out += self.comment(' ' * indent)
            out += ' ' * indent + '-' + self.value(indent, depth, '-')
        return out

    def mapping(self, indent, depth):
        r = self.rng
        out = ''
        pad = ' ' * indent
        used = set()
        for i in range(r.choice([1, 1, 2, 3])):
            if self.chance(0.1):
                out += self.comment(pad) if i else ''
            if (self.maps or self.anchors and self.wild) and self.chance(0.2):
                merged = '*' + r.choice(self.maps or self.anchors)
                out += f'{pad}<<: ' + (merged if self.chance(0.8) else f'[{merged}, *{r.choice(self.maps or self.anchors)}]') + '\n'
                continue
            shape = r.random()
            key = self.word() if shape < 0.8 else self.single(pad) if shape < 0.85 else self.double(pad) if shape < 0.9 else self.scalar(pad)
            if key in used and self.chance(0.7):
                continue
            used.add(key)
            if self.chance(0.06):
                out += pad + '?' + self.value(indent, depth + 1, '-')
                if self.chance(0.8):
                    out += pad + ':' + self.value(indent, depth + 1, '-')
                continue
            out += pad + key + r.choice([':', ':', ':', ':', ' :']) + self.value(indent, depth, ':')
        return out or pad + 'k: v\n'

    def document(self):
        r = self.rng
        shape = r.random()
        indent = r.choice([0, 0, 0, 0, 0, 2])
        if shape < 0.55:
            return self.mapping(indent, 0)
        if shape < 0.75:
            return self.sequence(indent, 0)
        if shape < 0.85:
            return self.flow('', 0) + '\n'
        if shape < 0.93:
            return '--- ' + self.properties() + self.block('') + '\n'
        return self.scalar('') + '\n'


def broken(rng, text):
    """One small mistake somewhere."""
    at = rng.randint(0, len(text))
    way = rng.random()
    if way < 0.4:
        return text[:at] + text[at + 1:]
    if way < 0.8:
        return text[:at] + rng.choice([':', ' ', '\t', '-', '"', "'", '{', '}', '[', ']', ',', '#', '&', '*', '!', '|', '%', '\n', '\r', '\0', '\\', '? ', '...\n', '---\n']) + text[at:]
    lines = text.split('\n')
    i = rng.randrange(len(lines))
    lines[i] = rng.choice([' ' + lines[i], lines[i][1:], lines[i] + lines[i]])
    return '\n'.join(lines)


def generate(seed, count):
    rng = random.Random(seed)
    seen = set()
    while len(seen) < count:
        parts = []
        for i in range(rng.choice([1, 1, 1, 1, 1, 1, 2, 3])):
            head = '---' + rng.choice(['', '', ' # c', ' ']) + '\n' if i or rng.random() < 0.2 else ''
            if rng.random() < 0.04:
                head = rng.choice(['%YAML 1.1\n', '%YAML 1.2\n', '%TAG !e! tag:yaml.org,2002:\n', '%X y\n', '%YAML 2.0\n']) + '---\n'
            parts.append(head + Text(rng).document() + rng.choice(['', '', '', '', '...\n']))
        text = ''.join(parts)
        if rng.random() < 0.15:
            text = text.rstrip('\n')
        if rng.random() < 0.04:
            text = text.replace('\n', '\r\n')
        if rng.random() < 0.02:
            text = '\ufeff' + text
        if rng.random() < 0.12:
            text = broken(rng, text)
        if len(text) > 900 or text in seen:
            continue
        seen.add(text)
        yield text
