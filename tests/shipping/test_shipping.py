"""What can be known of the ways to put the site online without the machines that they need."""

import io
import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

from detection import evaluations_of, read_panel
from scans.web import files

from .recipes import HOUSE, commands, compose, dockerfile, example, run

SOURCES = [
    path for folder in ("deepfake_site", "accounts", "scans", "detection") for path in HOUSE.glob(f"{folder}/**/*.py")
]
# Read by what we start, not by us; empty, it would still switch something on, so .env.example leaves it out.
OF_OTHERS = {
    "PROMETHEUS_MULTIPROC_DIR",
    "PYTHON_VERSION",
    "POSTGRES_USER",
    "POSTGRES_DB",
    "POSTGRES_PASSWORD",
    "HOSTNAME",
}


# -- Settings ------------------------------------------------------------------------------------------


def test_every_setting_stands_in_the_example_and_nothing_else_does() -> None:
    asked = re.compile(r'\b(?:env\.)?(?:text|flag|whole|listing|numbers)\("([A-Z0-9_]+)"')
    read = {name for path in SOURCES for name in asked.findall(path.read_text())}
    assert set(example()) == read


def test_the_examples_values_are_harmless() -> None:
    """No secret, nothing that opens a door, and nothing that keeps the commands from working unconfigured."""
    said = example()
    assert not any(
        said[name] for name in ("SECRET_KEY", "EMAIL_PASSWORD", "METRICS_TOKEN", "DEBUG", "DEMO", "EMBEDDED")
    )
    assert not any(said[name] for name in ("ALLOWED_HOSTS", "REDIS_URL", "DATABASE_URL"))


def test_the_site_comes_up_with_the_example_as_it_stands(tmp_path: Path) -> None:
    done = run(sys.executable, "manage.py", "check", **{**example(), "EMBEDDED": "1", "VAR_DIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr


COMPLETE = {"SECRET_KEY": "x" * 50, "ALLOWED_HOSTS": "example.org", "REDIS_URL": "redis://localhost"}
START = "import {}; from django.conf import settings; settings.DEBUG"


@pytest.mark.parametrize(
    ("server", "missing"),
    [*(("deepfake_site.wsgi", name) for name in COMPLETE), ("deepfake_site.celery", "REDIS_URL")],
)
def test_no_server_starts_without_what_production_needs(server: str, missing: str, tmp_path: Path) -> None:
    given = {**COMPLETE, missing: "", "VAR_DIR": str(tmp_path)}
    done = run(sys.executable, "-c", START.format(server), **given)
    assert done.returncode != 0
    assert f"ImproperlyConfigured: {missing} is not set. " in done.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("CLAMD", "clamav"), ("BREACHED_PASSWORDS", "http://mirror"), ("BREACHED_PASSWORDS", "folder")]
)
def test_an_address_that_nobody_could_use_is_refused_at_the_start(tmp_path: Path, name: str, value: str) -> None:
    done = run(
        sys.executable, "-c", START.format("deepfake_site.wsgi"), **COMPLETE, VAR_DIR=str(tmp_path), **{name: value}
    )
    assert f"ImproperlyConfigured: {name} is '{value}': name a" in done.stderr
    assert not list(tmp_path.iterdir())  # nothing was made up


def test_a_server_starts_with_what_production_needs(tmp_path: Path) -> None:
    done = run(sys.executable, "-c", START.format("deepfake_site.wsgi"), **COMPLETE, VAR_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("y" * 60 + "\n")
    asked = "from django.conf import settings; print(settings.SECRET_KEY)"
    given = {"ALLOWED_HOSTS": "example.org", "REDIS_URL": "redis://localhost", "VAR_DIR": str(tmp_path)}
    assert run(sys.executable, "-c", asked, SECRET_KEY_FILE=str(tmp_path / "secret"), **given).stdout == "y" * 60 + "\n"


@pytest.mark.parametrize(
    ("given", "cache", "broker"),
    [
        ("redis://h:6379", "redis://h:6379/1", "redis://h:6379/0"),
        ("redis://:p@h:6379/3", "redis://:p@h:6379/1", "redis://:p@h:6379/0"),
        ("rediss://h/?ssl_cert_reqs=none", "rediss://h/1?ssl_cert_reqs=none", "rediss://h/0?ssl_cert_reqs=none"),
    ],
)
def test_the_redis_that_platforms_name_is_split_into_its_uses(
    given: str, cache: str, broker: str, tmp_path: Path
) -> None:
    asked = "from django.conf import settings as s; print(s.CACHES['default']['LOCATION'], s.CELERY_BROKER_URL)"
    done = run(
        *(sys.executable, "-c", asked),
        SECRET_KEY="x" * 50,
        ALLOWED_HOSTS="h",
        REDIS_URL=given,
        VAR_DIR=str(tmp_path),
    )
    assert done.stdout.split() == [cache, broker]


# -- Platforms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "argv"), commands().items(), ids=commands())
def test_every_command_names_programs_and_queues_that_exist(where: str, argv: list[str]) -> None:
    if argv[:2] == ["python", "manage.py"]:
        assert (
            run(sys.executable, "manage.py", argv[2], "--help", EMBEDDED="1", VAR_DIR=str(settings.VAR_DIR)).returncode
            == 0
        )
        return
    program = Path(sys.executable).with_name(argv[0])
    assert program.is_file(), where
    if argv[0] == "gunicorn":
        assert argv[1] == "deepfake_site.wsgi"
    elif "worker" in argv:
        kind = argv[argv.index("-n") + 1].removesuffix("@%h")
        assert tuple(argv[argv.index("-Q") + 1].split(",")) == settings.QUEUES[kind], where


def test_every_queue_has_a_worker_everywhere() -> None:
    for place in ("Procfile", "compose"):
        taken = [
            argv[argv.index("-Q") + 1] for where, argv in commands().items() if where.startswith(place) and "-Q" in argv
        ]
        assert {q for queues in taken for q in queues.split(",")} == {q for qs in settings.QUEUES.values() for q in qs}


def test_gunicorn_understands_its_options(tmp_path: Path) -> None:
    for where in ("Procfile web", "Dockerfile"):
        command = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", shlex.join(commands()[where]).replace("'", ""))
        program, *options = shlex.split(command)
        done = run(
            *(str(Path(sys.executable).with_name(program)), *options, "--check-config"),
            SECRET_KEY="x" * 50,
            ALLOWED_HOSTS="h",
            REDIS_URL="redis://h",
            VAR_DIR=str(tmp_path),
        )
        assert done.returncode == 0, done.stderr


def test_every_variable_that_a_platform_sets_is_one_that_the_site_reads() -> None:
    known = set(example()) | OF_OTHERS
    render = yaml.safe_load((HOUSE / "render.yaml").read_text())
    used = {entry["key"] for service in render["services"] for entry in service.get("envVars", ())}
    for service in compose()["services"].values():
        used |= set(service.get("environment", ()))
    for name in ("compose.yaml", "Procfile", "Dockerfile"):
        used |= set(re.findall(r"\$\{([A-Z_]+)", (HOUSE / name).read_text()))
    assert {name.removesuffix("_FILE") for name in used} <= known


def test_compose_listens_where_the_site_sends_people_and_trusts_the_proxies_that_there_are() -> None:
    """The site leads http to https: somebody has to end TLS there."""
    services = compose()["services"]
    open_to_all = {name: set(service["ports"]) for name, service in services.items() if "ports" in service}
    assert {"80:80", "443:443"} <= open_to_all.pop("tls")
    assert not open_to_all
    proxies = ("tls", "nginx")
    assert "./deploy/Caddyfile:/etc/caddy/Caddyfile:ro" in services["tls"]["volumes"]
    assert set(re.findall(r"reverse_proxy (.+)", (HOUSE / "deploy" / "Caddyfile").read_text())) == {"nginx:80"}
    assert services["web"]["environment"]["TRUSTED_PROXIES"] == f"${{TRUSTED_PROXIES:-{len(proxies)}}}"


def test_in_containers_everybody_reads_the_models_where_commands_may_write_them() -> None:
    services, image = compose()["services"], "\n".join(dockerfile())
    ours = [service for service in services.values() if "build" in service]
    assert {service["environment"]["BUNDLES_DIR"] for service in ours} == {"/models"}
    assert all("models:/models" in service["volumes"] for service in ours)
    assert re.search(r"install -d -o site .*/models\b", image), "a new volume takes the owner from the image"
    assert "manage.py ship_bundles" in services["migrate"]["command"][2]


def test_the_models_of_a_release_arrive_and_those_of_the_site_stay(tmp_path: Path, settings: Any) -> None:
    def ship() -> str:
        output = io.StringIO()
        call_command("ship_bundles", stdout=output)
        return output.getvalue()

    settings.BASE_DIR, settings.BUNDLES_DIR = tmp_path, tmp_path / "models"
    release = tmp_path / "ml_models"
    (release / "blend").mkdir(parents=True)
    (release / "panel.json").write_text("{}")
    (release / "blend" / "bundle.json").write_text("1")
    assert "Copied" in ship()
    assert ship() == ""
    (release / "blend" / "bundle.json").write_text("2")
    assert "Replaced" in ship()
    assert (tmp_path / "models" / "blend" / "bundle.json").read_text() == "2"
    (tmp_path / "models" / "panel.json").write_text('{"own": "cuts"}')
    (release / "blend" / "bundle.json").write_text("3")
    assert "stays as it is" in ship()
    assert (tmp_path / "models" / "blend" / "bundle.json").read_text() == "2"
    assert (tmp_path / "models" / "panel.json").read_text() == '{"own": "cuts"}'


def test_compose_starts_in_order() -> None:
    services = compose()["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        if "build" in service and name != "migrate":
            assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert {s for service in services.values() for s in service.get("secrets", ())} == set(compose()["secrets"])
    named = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert {volume for volume in named if "/" not in volume} == set(compose()["volumes"])


def test_the_images_last_stage_has_no_root_and_no_compiler() -> None:
    stages = "\n".join(dockerfile()).split("FROM ")[1:]
    assert len(stages) == 2
    assert re.search(r"^USER site$", stages[-1], re.MULTILINE)
    assert not re.search(r"apt-get|build-essential|gcc|pip install", stages[-1])
    assert "STOPSIGNAL SIGTERM" in stages[-1]


def test_the_images_own_check_finds_a_dead_site_unhealthy() -> None:
    line = next(line for line in dockerfile() if line.startswith("HEALTHCHECK"))
    argv = json.loads(line[line.index("[") :])
    compile(argv[2], "HEALTHCHECK", "exec")
    assert run(sys.executable, *argv[1:], PORT="1").returncode != 0


def test_what_is_private_stays_out_of_image_and_repository() -> None:
    for name in (".dockerignore", ".gitignore"):
        lines = {line.rstrip("/") for line in (HOUSE / name).read_text().splitlines()}
        assert {".env", ".secrets", "var", ".venv"} <= lines


def test_nginx_takes_what_the_site_takes() -> None:
    conf = (HOUSE / "deploy/nginx.conf").read_text()
    assert f"client_max_body_size {example()['MAX_REQUEST_MB']}m;" in conf
    hidden = conf[conf.index("location /internal-media/") :]
    assert "internal;" in hidden[: hidden.index("}")]
    assert conf.count("/media/;") == 1  # no other way to the files
    assert f'add_header Content-Security-Policy "{files.POLICY}" always;' in hidden


def test_the_server_behind_the_service_takes_what_the_site_takes() -> None:
    conf = (HOUSE / "deploy" / "nginx-site.conf").read_text()
    assert f"client_max_body_size {example()['MAX_REQUEST_MB']}m;" in conf
    assert f"proxy_pass http://127.0.0.1:{example()['PORT']};" in conf
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in conf
    assert "location /api/ { return 403; }" in conf
    assert "access_log off;" in conf


def test_the_service_starts_the_whole_site_from_the_folder_of_the_guide() -> None:
    unit = (HOUSE / "deploy" / "deepfake-moderation.service").read_text()
    guide = (HOUSE / "docs" / "deployment" / "one-server.md").read_text()
    folder = re.search(r"^WorkingDirectory=(.+)$", unit, re.MULTILINE)
    assert folder
    assert folder[1] in guide
    # Not by Environment=, over which the .env file of EnvironmentFile= has precedence.
    assert f"ExecStart=/usr/bin/env LOG_FILES=0 {folder[1]}/.venv/bin/python manage.py up\n" in unit
    assert f"InaccessiblePaths=-{folder[1]}/.git\n" in unit
    state = re.search(r"^StateDirectory=(.+)$", unit, re.MULTILINE)
    assert state
    assert f"VAR_DIR=/var/lib/{state[1]}\n" in guide


def test_the_pipeline_runs_what_everybody_can_run() -> None:
    pipeline = yaml.safe_load((HOUSE / ".github" / "workflows" / "ci.yml").read_text())
    steps = [step.get("run") for job in pipeline["jobs"].values() for step in job["steps"]]
    assert ".ci/run" in steps
    assert os.access(HOUSE / ".ci" / "run", os.X_OK)


def test_nginx_can_read_its_file(tmp_path: Path) -> None:
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        pytest.skip("nginx isn't installed (sudo apt install nginx)")
    conf = tmp_path / "nginx.conf"
    conf.write_text((HOUSE / "deploy/nginx.conf").read_text().replace("/tmp/nginx.pid", str(tmp_path / "pid")))
    done = run(program, "-t", "-q", "-c", str(conf), "-e", "stderr")
    assert done.returncode == 0, done.stderr


def test_what_the_readme_says_of_the_models_was_measured_on_these_very_models() -> None:
    panel = read_panel(HOUSE / "ml_models")
    readme = (HOUSE / "README.md").read_text()
    stored = sorted((HOUSE / "ml_models" / "evaluations").glob("*.json"))
    assert stored
    assert len(evaluations_of(panel, HOUSE / "ml_models")) == len(stored), "one is of other bundles or another policy"
    for path in stored:
        figures = json.loads(path.read_text())
        assert figures["judged_by"] == {bundle.label: bundle.judging_sha256 for bundle, _ in panel.active}
        if figures["auc"] is not None:
            low, high = figures["auc_ci"]
            assert f"{figures['auc']:.3f} ({low:.3f} to {high:.3f})" in readme, path.name
        share, low, high = (round(100 * value, 1) for value in (figures["false_alarms"], *figures["false_alarms_ci"]))
        assert f"{share} % ({low} to {high})" in readme, path.name
