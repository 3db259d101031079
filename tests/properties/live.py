"""Fresh seeds through a kdo binary and the oracle; what differs is printed."""
import json
import os
import subprocess
import sys
import tempfile

import generate_yaml
import oracle

BATCH = 12  # results written by one copy task: a bad one spoils no more than its batch


def play(kdo, folder, tasks, variables=None):
    """Runs the tasks on localhost; the last lines of what was said."""
    path = os.path.join(folder, 'p.yml')
    with open(path, 'w', encoding='utf-8') as f:
        json.dump([{'hosts': 'localhost', 'connection': 'local', 'gather_facts': False, 'vars': variables or {}, 'tasks': tasks}], f)
    env = dict(os.environ, ANSIBLE_STDOUT_CALLBACK='minimal', ANSIBLE_LOCALHOST_WARNING='0')
    p = subprocess.run([kdo, 'play', '-i', 'localhost,', path], env=env, capture_output=True, text=True, errors='replace')
    return (p.stdout + p.stderr)[-800:]


def batches(kdo, rows, task):
    """The registered results of one task per row, by the row's place."""
    with tempfile.TemporaryDirectory(prefix='kdo-properties-') as folder:
        tasks = []
        for begin in range(0, len(rows), BATCH):
            part = range(begin, min(begin + BATCH, len(rows)))
            for i in part:
                tasks.append({**task(rows[i], folder, i), 'register': f'r{i}', 'ignore_errors': True})
            items = ', '.join("'%d': {'failed': r%d.failed | default(false), 'msg': r%d.msg | default(none)}" % (i, i, i) for i in part)
            tasks.append({'ansible.builtin.copy': {'dest': f'{folder}/b{begin}.json', 'content': '{{ {' + items + '} | to_json }}'},
                          'ignore_errors': True})
        said = play(kdo, folder, tasks)
        found = {}
        for name in os.listdir(folder):
            if name.startswith('b') and name.endswith('.json'):
                with open(os.path.join(folder, name), encoding='utf-8') as f:
                    found.update(json.load(f))
        if not found:
            sys.exit(f'no results:\n{said}')
        return found


def same(row, got):
    if got is None:
        return False
    if not row['ok']:
        return bool(got['failed'])
    return not got['failed'] and json.dumps(got['msg']) == json.dumps(row['value'])


def run_values(kdo, rows):
    found = batches(kdo, rows, lambda row, _folder, _i: {
        'ansible.builtin.debug': {'msg': row['template']}, **({'vars': row['vars']} if row.get('vars') else {})})
    wrong = 0
    for i, row in enumerate(rows):
        got = found.get(str(i))
        if not same(row, got):
            wrong += 1
            print(f"{row['cat']} {row['template']!r} {row.get('vars', {})!r}\n  want {row.get('value', 'error: ' + row.get('why', ''))!r}\n  got  {got!r}")
    return wrong


def run_texts(kdo, rows):
    """Each text is a vars file with one key; a document of its own that is no mapping could not be one."""
    found = batches(kdo, rows, lambda row, folder, i: {
        'ansible.builtin.debug': {'msg': "{{ lookup('file', '%s') | from_yaml_all | list | to_json }}" % written(folder, i, row['yaml'])}})
    wrong = 0
    for i, row in enumerate(rows):
        got = found.get(str(i))
        if not same(row, got):
            wrong += 1
            name = row.get('path') or repr(row['yaml'])
            print(f"yaml {name}\n  want {row.get('value', 'error: ' + row.get('why', ''))!r}\n  got  {got!r}")
    return wrong


def written(folder, i, text):
    path = os.path.join(folder, f'y{i}.yml')
    with open(path, 'w', encoding='utf-8', newline='') as f:
        f.write(text)
    return path


TEMPLATE = "{{ text | from_yaml_all | list | to_json }}"


def yaml_rows(texts):
    for text in texts:
        # as the lookup hands it over: without the blanks at the end
        yield {'yaml': text, **oracle.answer(TEMPLATE, {'text': oracle.plain(text.rstrip())})}


def real(folders):
    """The texts of the YAML files below the folders, each once."""
    seen = set()
    for folder in folders:
        for at, _, names in os.walk(folder):
            for name in sorted(names):
                path = os.path.join(at, name)
                if not name.endswith(('.yml', '.yaml')) or os.path.islink(path) or not os.path.isfile(path):
                    continue
                try:
                    with open(path, encoding='utf-8', newline='') as f:
                        text = f.read()
                except UnicodeDecodeError:
                    continue
                # the file lookup decrypts what is vaulted as a whole
                if text not in seen and not text.startswith('$ANSIBLE_VAULT') and len(text) < 2_000_000:
                    seen.add(text)
                    yield path, text


def run(a, values):
    total = wrong = 0
    for seed in range(a.first, a.first + a.seeds):
        if a.what != 'yaml':
            rows = list(values(seed, a.count))
            differ = run_values(a.live, rows)
            print(f'seed {seed}: {differ} of {len(rows)} values differ', flush=True)
            total, wrong = total + len(rows), wrong + differ
        if a.what != 'values':
            rows = list(yaml_rows(generate_yaml.generate(seed, a.count)))
            differ = run_texts(a.live, rows)
            print(f'seed {seed}: {differ} of {len(rows)} texts differ', flush=True)
            total, wrong = total + len(rows), wrong + differ
    if a.documents:
        found = list(real(a.documents))
        rows = [{'path': path, **row} for (path, _), row in zip(found, yaml_rows(text for _, text in found))]
        differ = run_texts(a.live, rows)
        print(f'{differ} of {len(rows)} documents differ, {sum(row["ok"] for row in rows)} are readable', flush=True)
        total, wrong = total + len(rows), wrong + differ
    print(f'{wrong} of {total} differ')
    return wrong > 0
