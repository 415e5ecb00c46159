# Sourced by the findings. `install PACKAGE==VERSION …` makes a virtual environment of these in a temporary folder and sets
# $folder and $python; the folder goes when the script ends.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
python=$folder/environment/bin/python
export PYTHONWARNINGS=ignore TRANSFORMERS_VERBOSITY=error HF_HUB_OFFLINE=1 HF_HUB_DISABLE_PROGRESS_BARS=1

install() {
    python3 -m venv "$folder/environment"
    "$python" -m pip install -q --disable-pip-version-check "$@"
}
