"""Random catalogues of collections, and what is asked of them: the same for the same seed."""

import random

RANGES = ["*", ">=1.1.0", "<2.0.0", ">=1.0.0,<3.0.0", "!=2.0.0", "1.10.0", ">2.0.0", "<=1.10.0", ">=2", "==2.1.0"]


def plain(seed):
    """Ranges over releases and some pre-releases."""
    random.seed(seed)
    versions = ["1.0.0", "1.1.0", "1.2.0-beta.1", "1.10.0", "2.0.0", "2.1.0", "3.0.0-rc.1", "3.0.0"]
    names = [f"p.n{i}" for i in range(random.randint(3, 8))]
    packages = {}
    for at, name in enumerate(names):
        packages[name] = {}
        for version in sorted(random.sample(versions, random.randint(1, 5))):
            needed = [n for n in names[at + 1 :] + names[: max(0, at - 2)] if n != name]
            chosen = random.sample(needed, min(len(needed), random.choice([0, 0, 1, 1, 2])))
            packages[name][version] = {n: random.choice(RANGES) for n in chosen}
    asked = random.sample(names, random.randint(1, 2))
    return {"packages": packages, "asked": [[n, random.choice(RANGES[:5])] for n in asked]}


def varied(seed):
    """Diamonds, cycles, exact pins, packages that need themselves or one that is nowhere, pre-releases of all sorts,
    versions that are installed already, and the flags that have a say."""
    random.seed(seed)
    pool = ["0.9.0", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0", "2.0.0-alpha", "2.0.0-beta.2", "2.0.0-beta.11", "3.0.0-rc.1", "3.0.0"]
    names = [f"p.n{i}" for i in range(random.randint(3, 9))]
    shape = random.choice(["diamond", "cycle", "pins", "any"])
    versions = {n: sorted(random.sample(pool, random.randint(1, 6))) for n in names}
    if random.random() < 0.2:
        early = random.choice(names)
        versions[early] = [v for v in pool if "-" in v][: random.randint(1, 4)]

    def span(name):
        """A range, mostly one that some version of the package is in."""
        version = random.choice(versions[name])
        kinds = ["{}", "=={}", "={}"] if shape == "pins" else [">={}", "<={}", "!={}", ">={},<9", ">0.1,<={}", "{}", "*", "<{}", ">{}"]
        return random.choice(kinds).format(version)

    packages = {}
    for at, name in enumerate(names):
        if shape == "diamond":
            # Each layer of two needs the next.
            layer = (at + 1) // 2
            needed = [n for i, n in enumerate(names) if (i + 1) // 2 == layer + 1]
        elif shape == "cycle":
            needed = [names[(at + 1) % len(names)]] + random.sample(names, 1)
        else:
            needed = random.sample(names, random.randint(0, 2))
        packages[name] = {}
        for version in versions[name]:
            some = [n for n in needed if random.random() < 0.8]
            needs = {n: span(n) for n in some if n != name or random.random() < 0.5}
            if random.random() < 0.03:
                needs["p.none"] = "*"
            packages[name][version] = needs
    asked = random.sample(names, random.randint(1, min(3, len(names))))
    case = {"packages": packages, "asked": [[n, random.choice(["*", "*", span(n)])] for n in asked]}
    case["installed"] = {n: random.choice(versions[n]) for n in names if random.random() < random.choice([0, 0, 0.4])}
    case["flags"] = [f for f in ["--pre", "--upgrade", "--no-deps"] if random.random() < 0.15]
    return case


def catalogue(seed):
    return plain(seed) if seed < 40 else varied(seed)
