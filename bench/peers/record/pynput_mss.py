"""The usual two libraries, as most small recorders put them together: every key, click and scroll as a line of JSON, and a JPEG of the screen
(quality 80) after each click, each scroll and each pause of the typing, at most five a second. Use: pynput_mss.py FOLDER"""
import json
import pathlib
import sys
import threading
import time

import mss
from PIL import Image
from pynput import keyboard, mouse

folder = pathlib.Path(sys.argv[1])
log = open(folder / "events.jsonl", "w", buffering=1)
wake = threading.Event()


def note(**event):
    log.write(json.dumps({"time": time.time(), **event}) + "\n")
    wake.set()


keyboard.Listener(on_press=lambda k: note(press=str(k)), on_release=lambda k: note(release=str(k))).start()
mouse.Listener(on_click=lambda x, y, b, down: note(click=[x, y, str(b), down]), on_scroll=lambda x, y, dx, dy: note(scroll=[x, y, dx, dy])).start()

with mss.mss() as screen:
    while True:
        wake.wait()
        while wake.is_set():  # one picture once it is quiet, or at the latest after a second
            wake.clear()
            end = time.monotonic() + 1
            while time.monotonic() < end and wake.wait(0.2):
                wake.clear()
        shot = screen.grab(screen.monitors[0])
        Image.frombytes("RGB", shot.size, shot.bgra, "raw", "BGRX").save(folder / f"{time.time():.3f}.jpg", quality=80)
