"""Runs an image as it is and as deploy/compose.yaml would, asks it, and prints what it is: check.py IMAGE"""

import sys

import compose
from image import Image
from server import Server, as_built, locked, silent

PROMPT, ANSWER = "A man is riding a bicycle.", "Ein Mann fährt Fahrrad."


def require(holds, sentence):
    if not holds:
        sys.exit(f"image-check: {sentence}")


def describe(image):
    everything = image.size()
    print(f"size: {everything / 1e6:.1f} MB, of which {image.entrypoint[0]} "
          f"{image.size('/usr/local/bin') / 1e6:.1f}, models {image.size('/models') / 1e6:.1f}")
    for digest, size in image.layers():
        print(f"layer: {digest[7:19]}, {size / 1e6:.1f} MB packed")
    print(f"user: {image.user[0]}, group {image.user[1]}")
    print(f"runs: {' '.join(image.entrypoint + image.command)}")
    print(f"health check: {image.health_command[-1]}")


def run(image, title, arguments):
    """Starts, asks, checks and stops; gives the fields of the server's /proc/PID/status while it ran."""
    with Server(image, arguments) as server:
        ready = server.wait_until_healthy()
        answer = server.complete(PROMPT)
        require(answer == ANSWER, f"{PROMPT} became {answer!r}")
        status = server.status()
        require(status["Uid"].split() == [str(image.user[0])] * 4, f"the server runs as {status['Uid']}")
        code, seconds = server.stop()
        require(code == 0, f"status {code} after SIGTERM:\n{server.log.read_text()}")
    print(f"{title}: health check 0 after {ready:.1f} s, {PROMPT!r} is {answer!r}, resident {status['VmRSS'].strip()}, "
          f"status 0 {seconds:.1f} s after SIGTERM")
    return status


def main():
    image = Image(sys.argv[1])
    describe(image)
    require(silent(image) == 1, "the health check is not 1 where nothing answers")
    run(image, "as built", as_built(image))
    services = compose.services()
    service = services["switchyard"]
    status = run(image, "as composed", locked(image, service["command"], compose.files(service)))
    require(status["NSpid"].split()[-1] == "1", "the server is not process 1")
    require(int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"] == "1", "the server could gain capabilities")
    wrong = list(compose.problems(services, image))
    require(not wrong, "\n".join(wrong))
    print(f"compose.yaml: {len(services)} services, what they name is there")


main()
