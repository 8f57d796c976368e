"""An evidence bundle holds, and every kind of tampering is refused by name."""

import csv
import hashlib
import io
import json
import resource
import shutil
import subprocess
import sys
import time
import zipfile
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from pipelines.bundle.check_bundle import RefusedError, check, holdout_numbers, pack, unpack
from pipelines.bundle.write_bundle import Disclosure
from pipelines.jobs.check import BundleError, check_command
from pipelines.jobs.evidence import Evidence
from pipelines.jobs.mark import make_intent, mark_command
from pipelines.jobs.stamp import stamp_command
from pipelines.jobs.verify import verify_any, verify_command
from pipelines.jobs.verify_choices import Asking
from pipelines.loading.models import ModelOptions
from tests.pipelines.conftest import DENSE
from tests.support.calendar_server import Calendar, serve_calendar, serve_node
from tests.support.fake_choices import FakeChoices, memorised, published_words, serve_choices
from tests.support.time_stamp_authority import found_authority, serve
from watermark.errors import PrerequisiteError
from watermark.schemes.leximark import LexiMark
from watermark.vault.stamps import stamp_request

TOMORROW = datetime.now(UTC).date() + timedelta(days=2)


def make(job, vault, folder, authority=None, disclosure=None, model_date: date | None = TOMORROW):
    verify_command(
        vault,
        str(job.trained),
        (),
        folder / "report",
        ModelOptions(dtype="float32"),
        key_file=job.key_file,
        evidence=Evidence(
            model_date,
            (authority.root,) if authority else (),
            bundle=folder / "case.zip",
            disclosure=disclosure or Disclosure(),
        ),
    )
    return folder / "case.zip"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return found_authority(tmp_path_factory.mktemp("tsa") / "authority")


@pytest.fixture(scope="module")
def stamped(job, authority, tmp_path_factory):
    vault = tmp_path_factory.mktemp("stamped") / "vault"
    shutil.copytree(job.vault, vault)
    (vault / "custody.jsonl").unlink(missing_ok=True)
    with serve(authority.stamp) as url:
        stamp_command(vault, [url], [authority.root])
    return vault


@pytest.fixture(scope="module")
def opened(job, stamped, authority, tmp_path_factory):
    """A bundle that discloses the key and three documents."""
    vault = tmp_path_factory.mktemp("opened") / "vault"
    shutil.copytree(stamped, vault)
    return make(job, vault, vault.parent, authority, Disclosure(key=True, n_texts=3))


@pytest.fixture(scope="module")
def sealed(job, stamped, authority, tmp_path_factory):
    vault = tmp_path_factory.mktemp("sealed") / "vault"
    shutil.copytree(stamped, vault)
    return make(job, vault, vault.parent, authority)


def test_a_bundle_holds_and_says_what_it_could_not_check(sealed, authority):
    said = check_command(sealed, root_files=(authority.root,))
    text = "\n".join(said)
    assert "p = 1e-05 follows from" in text
    assert "'trained on it' follows from p" in text
    assert "which is older than the model" in text
    assert "NOT CHECKED: that outcomes follow from the key, which stays sealed" in text
    assert "with a signature that holds" in text
    assert "NOT FIXED" not in text


def test_an_opened_bundle_shows_that_outcomes_follow_from_the_key(opened):
    text = "\n".join(check(opened))
    assert "outcomes follow from the key" in text
    assert "NOT CHECKED" not in text
    assert "3 disclosed documents belong to the commitment" in text
    assert b"IS IN IT (key.json)" in unpack(opened)["README.txt"]


def test_a_sealed_bundle_holds_no_key_no_text_and_no_word_of_a_draw(sealed, job):
    content = sealed.read_bytes()
    secret = job.key_file.read_bytes()
    assert secret not in content
    assert secret.hex().encode() not in content
    for line in job.corpus.read_text().splitlines()[:20]:
        assert json.loads(line)["text"][:40].encode() not in content
    assert b":first|" not in content


def test_the_same_audit_writes_the_same_bytes(job, stamped, authority, sealed, tmp_path):
    again = sealed.parent.parent / "again"
    shutil.copytree(stamped, again / "vault")
    one = unpack(make(job, again / "vault", again, authority))
    two = unpack(sealed)
    assert set(one) == set(two)
    assert [name for name in one if one[name] != two[name]] == []


def test_the_checker_in_the_bundle_needs_numpy_alone(sealed, tmp_path):
    with zipfile.ZipFile(sealed) as archive:
        archive.extract("check_bundle.py", tmp_path)
    code = (
        "import sys, runpy; sys.argv = ['check_bundle.py', 'case.zip']\n"
        "try: runpy.run_path('check_bundle.py', run_name='__main__')\n"
        "except SystemExit as end: status = end.code\n"
        "ours = {n.partition('.')[0] for n, m in sys.modules.items()\n"
        "        if 'site-packages' in (getattr(m, '__file__', None) or '')}\n"
        "print(sorted(n for n in ours if not n.startswith('_')), status)"
    )
    shutil.copy(sealed, tmp_path / "case.zip")
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env={}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['numpy'] 0"
    assert time.monotonic() - began < 30


def test_check_is_a_command_that_takes_seconds_and_loads_no_model_library(sealed, authority):
    code = f"""
import atexit, sys
from pipelines.cli import main
atexit.register(
    lambda: print([m for m in ("torch", "transformers", "scipy", "spacy") if m in sys.modules])
)
sys.argv = ["leximark", "check", {str(sealed)!r}, "--tsa-root", {str(authority.root)!r}]
main()
"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert "seal " in done.stdout
    assert "with a signature that holds" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
    # Of the processor, whose other users cost wall time; on a free one it is the same.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5


def test_a_bundle_without_a_stamp_says_that_it_can_be_made_up(job, tmp_path):
    shutil.copytree(job.vault, tmp_path / "vault")
    path = make(job, tmp_path / "vault", tmp_path)
    assert "NOT FIXED BEFOREHAND" in "\n".join(check(path))
    files = unpack(path)
    assert files["report.md"].startswith(b"> **Not fixed beforehand")


# Tampering. Each entry edits the files of the opened bundle; hashes and manifest are made anew
# afterwards, as a forger would, so that what refuses it is what is wrong.


def edit(name, **changes):
    def apply(files):
        files[name] = json.dumps(json.loads(files[name]) | changes).encode()

    return apply


def replace(name, old, new):
    def apply(files):
        assert old in files[name], f"{old} is not in {name}"
        files[name] = files[name].replace(old, new, 1)

    return apply


def primary(**changes):
    def apply(files):
        report = json.loads(files["report.json"])
        report["primary"] |= changes
        files["report.json"] = json.dumps(report).encode()

    return apply


def beforehand(**changes):
    def apply(files):
        report = json.loads(files["report.json"])
        report["beforehand"] |= changes
        files["report.json"] = json.dumps(report).encode()

    return apply


def cell(name, row, column, change):
    def apply(files):
        rows = list(csv.reader(io.StringIO(files[name].decode())))
        rows[row][column] = change(rows[row][column])
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        files[name] = text.getvalue().encode()

    return apply


def both(*edits):
    def apply(files):
        for each in edits:
            each(files)

    return apply


def swap_first_sites(files):
    lines = files["table.csv"].splitlines(keepends=True)
    lines[1], lines[2] = lines[2], lines[1]
    files["table.csv"] = b"".join(lines)


def drop_last_site(files):
    files["table.csv"] = b"".join(files["table.csv"].splitlines(keepends=True)[:-1])


def other_key(files):
    opened = json.loads(files["key.json"])
    files["key.json"] = json.dumps(opened | {"key": "00" * 32}).encode()


def other_text(files):
    texts = json.loads(files["texts.json"])
    texts["documents"][0]["published"] += "!"
    files["texts.json"] = json.dumps(texts).encode()


def other_id(files):
    texts = json.loads(files["texts.json"])
    texts["documents"][0]["id"] = "another"
    files["texts.json"] = json.dumps(texts).encode()


def swap_names(files):
    opened = json.loads(files["key.json"])
    opened["names"][0], opened["names"][1] = opened["names"][1], opened["names"][0]
    files["key.json"] = json.dumps(opened).encode()


def swap_paths(files):
    proofs = json.loads(files["proofs.json"])
    files["proofs.json"] = json.dumps({"plan": proofs["key"], "key": proofs["plan"]}).encode()


def cut_log(files):
    lines = files["custody.jsonl"].splitlines(keepends=True)
    files["custody.jsonl"] = b"".join(lines[1:])


def flip(text):
    return str(1 - int(text))


TAMPERING = {
    "p made smaller": (primary(pvalue=1e-9), "report.json: pvalue is"),
    "p made smaller in the summary alone": (edit("report.json", pvalue=1e-9), "pvalue differs"),
    "statistic edited": (primary(statistic=1e6), "report.json: statistic is"),
    "z edited": (primary(zscore=99.0), "report.json: zscore is"),
    "effect edited": (primary(effect=9.0), "report.json: effect is"),
    "detectable effect edited": (primary(detectable_effect=1e-9), "detectable_effect is"),
    "coefficients left out": (lambda files: detail(files, adjustment={}), "detectable_effect is"),
    "strong effect edited": (primary(strong_effect=9.0), "strong_effect is"),
    "bound edited": (primary(chernoff_bound=1e-300), "chernoff_bound is"),
    "another seed": (primary(seed=1), "report.json: "),
    "fewer re-draws": (primary(n_resamples=999), "report.json: pvalue is"),
    "another test": (primary(test="holdout"), "draws.csv: not of a holdout test"),
    "an unknown test": (primary(test="vibes"), "is not one of redraw, holdout"),
    "a table of another test": (
        lambda files: files.update({"bets.csv": files["draws.csv"]}),
        "bets.csv: not of a redraw test",
    ),
    "a shown page with another verdict": (
        replace("report.html", b">Trained on it</span>", b">No evidence</span>"),
        "report.html: has another verdict",
    ),
    "a shown page with another p": (
        replace("report.html", b'"pvalue">1e-05<', b'"pvalue">1e-09<'),
        "report.html: has another pvalue",
    ),
    "a shown page with a script": (
        replace("report.html", b"</body>", b"<script>1</script></body>"),
        "report.html: has an element <script>",
    ),
    "a shown page that hides its verdict": (
        replace("report.html", b"<h1>", b"<h1 hidden>"),
        "report.html: has an attribute hidden",
    ),
    "a caution invented": (primary(cautions=["Beware"]), "report.md: leaves out"),
    "verdict turned": (edit("report.json", verdict="no evidence"), "the verdict is"),
    "a third verdict": (edit("report.json", verdict="not trained on it"), "the verdict is"),
    "level raised": (edit("report.json", alpha=0.5), "report.json: "),
    "departure invented": (
        edit("report.json", departures=["seed of the re-draws: 0 by default, 1 used"]),
        "departures from the plan",
    ),
    "in_plan turned": (edit("report.json", in_plan=False), "in_plan"),
    "a score raised": (cell("table.csv", 1, 4, lambda c: repr(float(c) + 1)), "do not sum to 0"),
    "a score raised and its rival lowered": (
        both(
            cell("table.csv", 1, 4, lambda c: repr(float(c) + 1)),
            cell("table.csv", 1, 5, lambda c: repr(float(c) - 1)),
        ),
        "report.json: statistic is",
    ),
    "a score that is NaN": (cell("table.csv", 1, 4, lambda c: "nan"), "not a finite number"),
    "an outcome turned": (cell("draws.csv", 1, 2, flip), "report.json: statistic is"),
    "an outcome that is no option": (
        cell("draws.csv", 1, 2, lambda c: "7"),
        "not one of the options",
    ),
    "sites swapped": (swap_first_sites, "sites out of order"),
    "a site left out": (drop_last_site, "report.json: statistic is"),
    "another number of options": (cell("draws.csv", 1, 1, lambda c: "3"), "n_candidates"),
    "a sealed name edited": (cell("draws.csv", 1, 3, lambda c: "0" * 64), "another name than"),
    "names of draws swapped": (swap_names, "another name than sealed"),
    "another key": (other_key, "not the key that was committed to"),
    "a plan with another level": (
        replace("plan.json", b'"alpha": 0.001', b'"alpha": 0.05'),
        "is not the plan that was committed to",
    ),
    "a plan with another key": (
        replace("plan.json", b'"key_commitment": "', b'"key_commitment": "0'),
        "plan.json",
    ),
    "another commitment": (
        lambda files: files.update(
            {"commitment.txt": b"leximark-commitment-1 sha256-merkle " + b"0" * 64 + b"\n"}
        ),
        "is not the plan that was committed to",
    ),
    "paths of plan and key swapped": (swap_paths, "proofs.json"),
    "a disclosed text edited": (other_text, "was not committed to"),
    "a disclosed document renamed": (other_id, "was not committed to"),
    "a stamp dated back in the report": (
        lambda files: beforehand(
            stamps=[
                {**json.loads(files["report.json"])["beforehand"]["stamps"][0]}
                | {"time": "2020-01-01T00:00:00+00:00"}
            ]
        )(files),
        "stamps/001.tsr: is of",
    ),
    "a stamp left out": (lambda files: files.pop("stamps/001.tsr"), "lists other stamps"),
    "a model dated later": (beforehand(model_date="2020-01-01"), "fixed_beforehand must be False"),
    "a review kept quiet": (beforehand(reviewed=True), "reviewed must be"),
    "audits before it kept quiet": (beforehand(audits_before=5), "audits_before is"),
    "a log without its first line": (cut_log, "the chain breaks at line 1"),
    "a page with another verdict": (
        replace("report.md", b"# Trained on it", b"# No evidence"),
        "another verdict than report.json",
    ),
    "a page with another p": (replace("report.md", b"p = 1e-05", b"p = 1e-09"), "another p than"),
    "a page with another level": (
        replace("report.md", b"level 0.001", b"level 0.05"),
        "report.md",
    ),
    "a read-me that hides the key": (
        replace("README.txt", b"IS IN IT (key.json)", b"is not in it"),
        "README.txt: does not say",
    ),
    "an audit of another plan": (
        replace("report.json", b'"plan.json": "', b'"plan.json": "0'),
        "is about another plan.json",
    ),
    "JSON with a name twice": (
        replace("report.json", b"{", b'{"alpha": 0.5,'),
        "a name comes twice",
    ),
    "JSON that is nested without end": (
        lambda files: files.update({"report.json": b"[" * 200_000}),
        "report.json: malformed",
    ),
    "JSON without a field": (
        lambda files: files.update({"report.json": b"{}"}),
        "malformed (KeyError",
    ),
}


def remade(files, path, form=2):
    """Write a bundle whose manifest fits, as a forger would."""
    hashes = {n: hashlib.sha256(c).hexdigest() for n, c in files.items() if n != "manifest.json"}
    files["manifest.json"] = json.dumps({"format": form, "files": hashes}).encode()
    path.write_bytes(pack(files))
    return path


@pytest.mark.parametrize("kind", TAMPERING)
def test_tampering_is_refused_by_name(opened, authority, tmp_path, kind):
    tamper, named = TAMPERING[kind]
    files = unpack(opened)
    seal = hashlib.sha256(files["manifest.json"]).hexdigest()
    tamper(files)
    path = remade(files, tmp_path / "case.zip")
    with pytest.raises(BundleError, match="refused: ") as caught:
        check_command(path, root_files=(authority.root,))
    assert named in str(caught.value)
    with pytest.raises(RefusedError, match="the seal is"):
        check(path, seal)


def test_a_bundle_of_an_earlier_version_holds_but_for_its_detectable_effect(opened, tmp_path):
    files = unpack(opened)
    primary(detectable_effect=0.5)(files)
    text = "\n".join(check(remade(files, tmp_path / "case.zip", form=1)))
    assert "NOT CHECKED: the detectable effect" in text
    primary(statistic=1e6)(files)
    with pytest.raises(RefusedError, match="statistic is"):
        check(remade(files, tmp_path / "case.zip", form=1))
    with pytest.raises(RefusedError, match="wanted format 1 or 2"):
        check(remade(files, tmp_path / "case.zip", form=3))


def test_edits_without_a_new_manifest_name_the_file(opened, tmp_path):
    for name in set(unpack(opened)) - {"manifest.json"}:
        files = unpack(opened)
        files[name] += b" "
        (tmp_path / "case.zip").write_bytes(pack(files))
        with pytest.raises(RefusedError, match="has another SHA-256 than the manifest says") as e:
            check(tmp_path / "case.zip")
        assert name in str(e.value)


def test_one_bit_anywhere_is_refused(opened, tmp_path):
    content = opened.read_bytes()
    seal = hashlib.sha256(unpack(opened)["manifest.json"]).hexdigest()
    rng = np.random.default_rng(0)
    path = tmp_path / "case.zip"
    for _ in range(150):
        spoiled = bytearray(content)
        spoiled[rng.integers(len(content))] ^= 1 << rng.integers(8)
        path.write_bytes(spoiled)
        with pytest.raises(RefusedError):
            check(path, seal)


def test_a_forged_stamp_is_refused_by_its_signature(opened, authority, tmp_path):
    files = unpack(opened)
    own = found_authority(tmp_path / "own", name="Clock House")
    files["stamps/001.tsr"] = own.stamp(stamp_request(files["commitment.txt"])[0])
    time_of = check_stamp_time(files)
    beforehand(stamps=[{**STAMP, "time": time_of}])(files)
    path = remade(files, tmp_path / "case.zip")
    with pytest.raises(BundleError, match="not one of the public ones"):
        check_command(path, root_files=(authority.root,))


@pytest.fixture(scope="module")
def proven(job, tmp_path_factory):
    """A bundle whose commitment a block of Bitcoin holds, and the calendar that put it there."""
    folder, calendar = tmp_path_factory.mktemp("proven"), Calendar()
    shutil.copytree(job.vault, folder / "vault")
    (folder / "vault/custody.jsonl").unlink(missing_ok=True)
    with serve_calendar(calendar) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        stamp_command(folder / "vault", [], opentimestamps=True, calendars=[url])
        calendar.height = 850_000
        stamp_command(folder / "vault", [], opentimestamps=True, calendars=[url])
        with serve_node(calendar, MINED, folder):
            path = make(job, folder / "vault", folder)
        return path, calendar


MINED = datetime(2026, 1, 5, tzinfo=UTC)


def test_a_block_of_bitcoin_is_checked_with_a_node_and_said_to_be_unchecked_without(
    proven, monkeypatch, tmp_path
):
    path, calendar = proven
    monkeypatch.setenv("HOME", str(tmp_path))
    text = "\n".join(check_command(path))
    assert "NOT CHECKED, its time is the report's (stamps/002.ots): the commitment is" in text
    assert "NOT CHECKED: stamps/002.ots: Bitcoin block 850000 must have the Merkle root" in text
    with serve_node(calendar, MINED, tmp_path):
        assert "as the Bitcoin node here confirms" in "\n".join(check_command(path))


def test_a_proof_that_is_forged_or_dated_back_is_refused(proven, monkeypatch, tmp_path):
    path, calendar = proven
    files = unpack(path)
    known = json.loads(files["report.json"])["beforehand"]["stamps"][0]
    beforehand(stamps=[known | {"time": "2020-01-01T02:00:00+00:00"}])(files)
    dated_back = remade(files, tmp_path / "dated_back.zip")
    files = unpack(path)
    at = files["stamps/002.ots"].index(hashlib.sha256(files["commitment.txt"]).digest())
    foreign = bytearray(files["stamps/002.ots"])
    foreign[at] ^= 1
    files["stamps/002.ots"] = bytes(foreign)
    other = remade(files, tmp_path / "other.zip")
    with pytest.raises(RefusedError, match=r"002\.ots: is a proof of another commitment"):
        check(other)
    monkeypatch.setenv("HOME", str(tmp_path))
    with serve_node(calendar, MINED, tmp_path):
        with pytest.raises(BundleError, match=r"stamps/002\.ots: fixed before 2026-01-06.*not as"):
            check_command(dated_back)
        calendar.merkle_root, root = bytes(32), calendar.merkle_root
        with pytest.raises(BundleError, match="it does not hold: Bitcoin block 850000"):
            check_command(path)
        calendar.merkle_root = root


STAMP = {"file": "stamps/001.tsr", "authority": "CN=Clock House", "problem": ""}


def check_stamp_time(files):
    from pipelines.bundle.check_bundle import read_stamp

    return read_stamp(files["stamps/001.tsr"], "it")[1].isoformat()


# Containers


def raw_zip(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return path


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("bomb", "is compressed"),
        ("outside", "is not a file of a bundle"),
        ("absolute", "is not a file of a bundle"),
        ("link", "is a link"),
        ("second plan", "plan.json: comes twice"),
        ("no zip", "zip: malformed"),
        ("empty", "zip: malformed"),
        ("hidden bytes", "bytes that are not those of its files"),
        ("comment", "bytes that are not those of its files"),
        ("no plan", "refused: plan.json: is missing"),
        ("unknown file", "is not a file of a bundle"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_containers_that_are_no_bundle_are_refused(sealed, tmp_path, command, kind, named):
    path, files = tmp_path / "it.zip", unpack(sealed)

    def entry(name, mode=0o100644):
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.create_system, info.external_attr = 3, mode << 16
        return info

    usual = [(entry(name), content) for name, content in sorted(files.items())]
    bomb = entry("plan.json")
    bomb.compress_type = zipfile.ZIP_DEFLATED
    entries = {
        "bomb": [(bomb, bytes(50_000_000))],
        "outside": [*usual, (entry("../../evil"), b"x")],
        "absolute": [*usual, (entry("/etc/evil"), b"x")],
        "link": [*usual[1:], (entry(usual[0][0].filename, 0o120777), b"/etc/passwd")],
        "second plan": [*usual, (entry("plan.json"), b"{}")],
        "no plan": [(e, c) for e, c in usual if e.filename != "plan.json"],
        "unknown file": [*usual, (entry("more.txt"), b"x")],
    }
    if kind in entries:
        raw_zip(path, entries[kind])
    elif kind == "comment":
        raw_zip(path, usual)
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = b"hello"
    else:
        content = {"no zip": b"PK", "empty": b"", "hidden bytes": b"x" + sealed.read_bytes()}[kind]
        path.write_bytes(content)
    done = command("leximark", "check", path)
    assert done.status == 2, done.out
    assert named in done.err
    assert len(done.err.strip().splitlines()) == 1


# Other tests of evidence


@pytest.fixture(scope="module")
def others(job, tmp_path_factory):
    """Bundles, with the key, of the other tests: hold-out, both combined, and answers in words."""
    folder, found = tmp_path_factory.mktemp("others"), {}
    options = ModelOptions(dtype="float32")
    for name, intent in (
        ("holdout", make_intent(LexiMark(), test="holdout")),
        ("combined", make_intent(LexiMark(), test="combined")),
    ):
        here = folder / name
        here.mkdir()
        mark_command(
            job.corpus, here / "published", here / "vault", intent,
            id_column="id", key_file=job.key_file,
        )  # fmt: skip
        found[name] = here / "case.zip"
        verify_command(
            here / "vault", str(job.trained), (), here / "report", options, key_file=job.key_file,
            evidence=Evidence(bundle=found[name], disclosure=Disclosure(key=True)),
        )  # fmt: skip
    shutil.copytree(job.vault, folder / "vault")
    with serve_choices(FakeChoices("grammar", memorised(published_words(job)))) as fake:
        for name, asking in (("words", Asking()), ("betting", Asking(budget=100_000))):
            found[name] = folder / f"{name}.zip"
            verify_any(
                folder / "vault", f"chat+{fake.url}#tiny", (), folder / name, options,
                key_file=job.key_file, asking=asking,
                evidence=Evidence(bundle=found[name], disclosure=Disclosure(key=True)),
            )  # fmt: skip
    return found


KINDS = ("holdout", "combined", "words", "betting")


@pytest.mark.parametrize("kind", KINDS)
def test_the_other_tests_have_bundles_that_hold(others, kind):
    text = "\n".join(check(others[kind]))
    said = json.loads(unpack(others[kind])["report.json"])
    assert said["primary"]["test"] == {"words": "redraw"}.get(kind, kind)
    assert said["verdict"] == "trained on it"
    assert f"p = {said['pvalue']:.3g} follows from" in text
    assert "outcomes follow from the key" in text or kind == "holdout"
    assert ("withheld documents are those that the key" in text) == (
        kind in ("holdout", "combined")
    )


OTHER_TAMPERING = {
    "a score of a document raised": (
        "holdout", cell("scores.csv", 1, 2, lambda c: "1e9"), "report.json: "
    ),
    "a document moved to the published ones": (
        "holdout", cell("scores.csv", -1, 1, lambda c: "1"), "report.json: "
    ),
    "a withheld document exchanged": (
        "holdout",
        both(
            cell("scores.csv", 1, 1, flip), cell("scores.csv", -1, 1, flip),
            lambda files: refit(files),
        ),
        "the key withholds other documents",
    ),
    "a part of the combination": (
        "combined", lambda files: detail(files, holdout_pvalue=1e-9), "holdout_pvalue is"
    ),
    "the combined p": ("combined", primary(pvalue=1e-12), "pvalue is"),
    "an infinite score": ("combined", cell("scores.csv", 1, 2, lambda c: "inf"), "infinite"),
    "answers called numbers": ("words", lambda files: detail(files, way=None), "report.json"),
    "a gain of a bet": (
        "betting", cell("bets.csv", 1, 4, lambda c: repr(float(c) + 1)), "is not fair"
    ),
    "an outcome of a bet": ("betting", cell("bets.csv", 1, 2, flip), "report.json: statistic"),
    "a bet left out": (
        "betting",
        lambda files: files.update(
            {"bets.csv": b"".join(files["bets.csv"].splitlines(keepends=True)[:-1])}
        ),
        "report.json: ",
    ),
    "bets with re-draws": ("betting", primary(n_resamples=99), "need no re-draws"),
}  # fmt: skip


def detail(files, **changes):
    report = json.loads(files["report.json"])
    details = report["primary"]["details"] | changes
    report["primary"]["details"] = {k: v for k, v in details.items() if v is not None}
    files["report.json"] = json.dumps(report).encode()


def refit(files):
    """Make the numbers of a hold-out report follow from its scores, as a forger would."""
    report = json.loads(files["report.json"])
    said = report["primary"]
    found = holdout_numbers(files, said, report["alpha"])
    said |= {name: found[name] for name in ("statistic", "pvalue", "zscore", "effect")}
    report["pvalue"] = found["pvalue"]
    files["report.json"] = json.dumps(report).encode()
    for name in ("report.md", "report.html"):
        files[name] = files[name].replace(b"1e-05", f"{found['pvalue']:.2g}".encode())


@pytest.mark.parametrize("what", OTHER_TAMPERING)
def test_tampering_with_other_tests_is_refused_by_name(others, tmp_path, what):
    kind, tamper, named = OTHER_TAMPERING[what]
    files = unpack(others[kind])
    tamper(files)
    with pytest.raises(RefusedError, match=named):
        check(remade(files, tmp_path / "case.zip"))


@pytest.fixture(scope="module")
def versions(job, schemes_job, tmp_path_factory):
    """Bundles, with the key, of the tests that compare whole versions of texts."""
    folder, found = tmp_path_factory.mktemp("versions"), {}
    options = ModelOptions(dtype="float32")
    mark_command(
        job.corpus, folder / "published", folder / "vault", make_intent(DENSE, test="twin"),
        id_column="id", key_file=job.key_file,
    )  # fmt: skip
    audits = {"twin": (folder / "vault", job.key_file, job.trained)}
    for name in ("sequence", "sequences"):
        shutil.copytree(schemes_job.vaults[name], folder / name)
        audits[name] = (folder / name, schemes_job.keys[name], schemes_job.trained)
    for name, (vault, key_file, model) in audits.items():
        found[name] = folder / f"{name}.zip"
        verify_command(
            vault, str(model), (), folder / f"report-{name}", options, key_file=key_file,
            evidence=Evidence(bundle=found[name], disclosure=Disclosure(key=True)),
        )  # fmt: skip
    return found


@pytest.mark.parametrize("kind", ["twin", "sequence", "sequences"])
def test_tests_of_whole_versions_have_bundles_that_hold(versions, kind):
    text = "\n".join(check(versions[kind]))
    said = json.loads(unpack(versions[kind])["report.json"])
    assert said["primary"]["test"] == ("twin" if kind == "twin" else "remark")
    assert said["primary"]["details"].get("n_blocks") == {"sequence": 1, "sequences": 18}.get(kind)
    assert said["verdict"] == "trained on it"
    assert f"p = {said['pvalue']:.3g} follows from" in text
    assert "NOT CHECKED: that the published versions follow from the key" in text


VERSIONS_TAMPERING = {
    "another version published": (
        "twin",
        both(*(cell("draws.csv", i, 2, lambda c: str(int(c == "0"))) for i in range(1, 9))),
        "report.json: statistic",
    ),
    "a published version that is not the first": (
        "sequences", cell("draws.csv", 1, 2, lambda c: "1"), "published version is not the first"
    ),
    "fewer versions": ("sequence", primary(n_resamples=999), "n_resamples is"),
    "a strong effect of versions": ("twin", primary(strong_effect=99.0), "strong_effect is"),
    "a detectable effect of versions": (
        "sequences", primary(detectable_effect=1e-9), "detectable_effect is"
    ),
    "p of versions": ("sequences", primary(pvalue=1e-9), "pvalue is"),
    "a score of a version": (
        "sequence",
        both(
            cell("table.csv", 1, 4, lambda c: repr(float(c) + 9)),
            cell("table.csv", 1, 5, lambda c: repr(float(c) - 9)),
        ),
        "report.json: ",
    ),
    "another name of a version's draw": (
        "twin",
        lambda files: edit(
            "key.json",
            names=["another", *json.loads(files["key.json"])["names"][1:]],
        )(files),
        "has another name than sealed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", VERSIONS_TAMPERING)
def test_tampering_with_whole_versions_is_refused_by_name(versions, tmp_path, what):
    kind, tamper, named = VERSIONS_TAMPERING[what]
    files = unpack(versions[kind])
    tamper(files)
    with pytest.raises(RefusedError, match=named):
        check(remade(files, tmp_path / "case.zip"))


def test_texts_cannot_be_chosen_where_no_site_was_read(schemes_job, tmp_path):
    shutil.copytree(schemes_job.vaults["sequence"], tmp_path / "vault")
    with pytest.raises(PrerequisiteError, match="this vault has no usable site: leave it out"):
        verify_command(
            tmp_path / "vault", str(schemes_job.trained), (), tmp_path / "report",
            ModelOptions(dtype="float32"), key_file=schemes_job.keys["sequence"],
            evidence=Evidence(bundle=tmp_path / "case.zip", disclosure=Disclosure(n_texts=1)),
        )  # fmt: skip
    assert (tmp_path / "report/report.html").exists()
    assert not (tmp_path / "case.zip").exists()
