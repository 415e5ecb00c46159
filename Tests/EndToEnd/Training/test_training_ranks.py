"""One model trained by the processes of an Open MPI job: byte for byte what one process with as many workers trains."""

import json
import shutil
import signal
import subprocess

import psutil
import pytest

from switchyard_server import binary, clean_environment
from test_training import SIZES, pairs

BUILT = "libmpi" in subprocess.run(["ldd", binary()], capture_output=True, text=True).stdout
pytestmark = pytest.mark.skipif(
    not (BUILT and shutil.which("mpirun")), reason="needs 'swift build --traits MPI' and openmpi-bin")

LOOP = ["--batch-tokens", "300", "--steps", "30", "--save-every", "10", "--validate-every", "15", "--log-every", "1",
        "--held-out", "20", "--bleu-sentences", "4", "--warmup", "10", "--learning-rate", "0.003",
        "--vocabulary-size", "120", "--average", "0.9", "--workers", "4"]


def mpirun(ranks):
    return ["mpirun", "-n", str(ranks), "--allow-run-as-root", "--oversubscribe", "--bind-to", "none",
            "--mca", "mpi_yield_when_idle", "1"]


def command(ranks, run, data, *more):
    return [*(mpirun(ranks) if ranks > 1 else []), binary(), "train", str(run), "--pairs", str(data), *SIZES, *LOOP, *more]


def train(ranks, run, data, *more, status=0):
    done = subprocess.run(command(ranks, run, data, *more), capture_output=True, text=True, timeout=300,
                          env=clean_environment())
    assert done.returncode == status, done.stderr
    return done.stderr


def start(ranks, run, data, *more):
    return subprocess.Popen(command(ranks, run, data, *more), stderr=subprocess.PIPE, text=True, env=clean_environment())


def await_step(process, step):
    """Reads what the job says up to a step; returns what it said."""
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith(f"step {step}:"):
            break
    return "".join(said)


def processes(job):
    """Those of a job, the first rank first."""
    found = [p for p in psutil.Process(job.pid).children(recursive=True) if "switchyard" in p.name()]
    return sorted(found, key=lambda p: int(p.environ()["OMPI_COMM_WORLD_RANK"]))


def log(run):
    """The lines of the log, without how fast steps were."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "tokens_per_second"} for line in lines]


def weights(run):
    """Of the last checkpoint, with the optimizer's memory, and of the best model."""
    last = sorted((run / "checkpoints").glob("step-????????"))[-1]
    return (last / "model.safetensors").read_bytes(), (run / "best" / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    data = pairs(folder / "pairs.tsv")
    train(1, folder / "run", data)
    return folder / "run", data


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_train_the_model_of_one_process(alone, tmp_path, ranks):
    one, data = alone
    said = train(ranks, tmp_path / "run", data)
    assert said.count("done; the best model") == 1, said
    assert weights(tmp_path / "run") == weights(one)
    assert log(tmp_path / "run") == log(one)


def test_balance_over_the_batch_is_the_same_too(alone, tmp_path):
    one, data = alone
    flags = ["--balance-over", "batch", "--balance-kind", "squared", "--choices", "2", "--capacity-factor", "1",
             "--accumulation", "2", "--optimizer", "adafactor", "--learning-rate", "0.03"]
    train(1, tmp_path / "one", data, *flags)
    train(2, tmp_path / "two", data, *flags)
    assert weights(tmp_path / "one") == weights(tmp_path / "two") != weights(one)


def test_a_killed_rank_ends_the_job_and_the_same_command_goes_on(alone, tmp_path):
    one, data = alone
    job = start(2, tmp_path / "run", data)
    await_step(job, 12)
    processes(job)[1].kill()
    job.stderr.read()
    assert job.wait(10) != 0
    # At another number of processes too: the workers are as many.
    job = start(4, tmp_path / "run", data)
    assert "going on after step 10 of 30" in await_step(job, 22)
    processes(job)[0].kill()
    job.stderr.read()
    assert job.wait(10) != 0
    assert "going on after step 20 of 30" in train(2, tmp_path / "run", data)
    assert weights(tmp_path / "run") == weights(one)
    assert log(tmp_path / "run") == log(one)


def test_a_silent_rank_ends_the_job_in_one_sentence(alone, tmp_path):
    _, data = alone
    job = start(2, tmp_path / "run", data, "--rank-timeout", "4")
    await_step(job, 3)
    silent = processes(job)[1]
    silent.send_signal(signal.SIGSTOP)
    said = job.stderr.read()
    assert "the ranks cannot go on together: rank 1 did not answer within 4.0 seconds" in said
    assert job.wait(10) == 70
    assert not silent.is_running() or silent.status() == psutil.STATUS_ZOMBIE


def test_sigusr1_to_mpirun_stops_all_after_a_checkpoint(alone, tmp_path):
    one, data = alone
    job = start(2, tmp_path / "run", data)
    await_step(job, 4)
    job.send_signal(signal.SIGUSR1)
    assert "stopped; the same command goes on from here" in job.stderr.read()
    assert job.wait(10) == 0
    train(2, tmp_path / "run", data)
    assert weights(tmp_path / "run") == weights(one)


@pytest.mark.parametrize("ranks, flags, status, reason", [
    (2, ["--workers", "3"], 1, "3 workers cannot be shared out evenly over 2 processes"),
    (1, ["--ranks", "2"], 1, "the job has 1 rank, but --ranks asks for 2"),
    (2, ["--ranks", "1"], 1, "the job has 2 ranks, but --ranks asks for 1"),
    (1, ["--rank-timeout", "0"], 2, "--rank-timeout is 0.0, but must be from 0.1 to 86400"),
])
def test_jobs_that_cannot_be_are_refused(alone, tmp_path, ranks, flags, status, reason):
    _, data = alone
    assert reason in train(ranks, tmp_path / "run", data, *flags, status=status)


def test_ranks_with_other_settings_or_products_are_refused_by_name(alone, tmp_path):
    _, data = alone
    first = command(1, tmp_path / "run", data)
    for other, fact in [
        ([*command(1, tmp_path / "run", data, "--dropout", "0.2")], "the hash of all settings is "),
        (["env", "OPENBLAS_CORETYPE=Prescott", *first], "the library of products is "),
    ]:
        done = subprocess.run([*mpirun(1), *first, ":", "-n", "1", *other], capture_output=True, text=True, timeout=60,
                              env=clean_environment())
        assert done.returncode == 1 and fact in done.stderr and "at rank 1 on" in done.stderr, done.stderr
    assert not (tmp_path / "run").exists()


def test_a_sweep_is_one_process(alone, tmp_path):
    _, data = alone
    sweep = [binary(), "sweep", str(tmp_path / "sweep"), "--vary", "dropout=0,0.1", "--", "--pairs", str(data)]
    done = subprocess.run([*mpirun(2), *sweep], capture_output=True, text=True, timeout=60, env=clean_environment())
    assert done.returncode == 2 and "a trial is trained by one process, without mpirun" in done.stderr, done.stderr
