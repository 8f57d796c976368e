"""WordNet from Debian packages, which are downloaded and unpacked but not installed.

No root is needed: apt keeps its lists and its cache in the workspace. It checks signatures itself.
"""

from collections.abc import Set
from contextlib import suppress
from pathlib import Path

from pipelines.assets.extract_files import take_from_folder
from pipelines.assets.install import Source
from pipelines.assets.programs import run
from watermark.errors import AssetError

PACKAGES = ("wordnet-base", "wordnet-sense-index")
DICT = Path("usr/share/wordnet")
"""Where the packages have the database."""
CORPUS = "corpora/wordnet"
"""Where NLTK has it in a folder of data."""

# lexnames(5WN): the lexicographer files in the order of their numbers. NLTK reads the table from a
# file that no package has.
LEXICOGRAPHER_FILES = """
adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body
noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location
noun.motive noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process
noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body verb.change
verb.cognition verb.communication verb.competition verb.consumption verb.contact verb.creation
verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative verb.weather
adj.ppl
"""
SYNTACTIC_CATEGORIES = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}


def debian_installed() -> Source:
    """Return the installed packages as a source."""
    return Source("Debian packages on this machine", _take_installed)


def debian_packages() -> Source:
    """Return the packages of the configured Debian or Ubuntu mirror as a source."""
    return Source("Debian packages", _download)


def lexnames() -> str:
    """Return the file `lexnames`: number, name and syntactic category of 45 lexicographer files."""
    rows = []
    for number, name in enumerate(LEXICOGRAPHER_FILES.split()):
        category = SYNTACTIC_CATEGORIES[name.partition(".")[0]]
        rows.append(f"{number:02d}\t{name}\t{category}\n")
    return "".join(rows)


def _take_installed(folder: Path, wanted: Set[str]) -> str:
    return _take(Path("/") / DICT, folder, wanted)


def _download(folder: Path, wanted: Set[str]) -> str:
    apt = folder.with_name("apt")
    for state in ("lists/partial", "cache/archives/partial", "packages", "unpacked"):
        (apt / state).mkdir(parents=True)
    options = {
        "Dir::State::lists": f"{apt}/lists",
        "Dir::Cache": f"{apt}/cache",
        "APT::Sandbox::User": "root",  # as root, apt would fetch as a user who cannot write here
        "Acquire::Languages": "none",
        "Acquire::Retries": "1",
        "Acquire::http::Timeout": "15",
        "Acquire::https::Timeout": "15",
    }
    get = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    with suppress(AssetError):  # a broken third-party package list must not matter
        run([*get, "update"], cwd=apt)
    run([*get, "download", *PACKAGES], cwd=apt / "packages")
    archives = sorted((apt / "packages").glob("*.deb"))
    for archive in archives:
        run(["dpkg-deb", "--extract", str(archive), str(apt / "unpacked")], cwd=apt)
    _take(apt / "unpacked" / DICT, folder, wanted)
    return "Debian packages " + ", ".join(_version(archive) for archive in archives)


def _take(database: Path, folder: Path, wanted: Set[str]) -> str:
    if not (database / "index.sense").is_file():
        raise AssetError(f"{database} has no WordNet with its sense index")
    corpus = folder / CORPUS
    take_from_folder(database, corpus, {path.removeprefix(f"{CORPUS}/") for path in wanted})
    (corpus / "lexnames").write_text(lexnames(), encoding="ascii")
    return str(database)


def _version(archive: Path) -> str:
    """Return name and version of a package from its file name: `name_1%3a3.0-37_all.deb`."""
    name, version, _ = archive.name.split("_")
    return f"{name} {version.replace('%3a', ':')}"
