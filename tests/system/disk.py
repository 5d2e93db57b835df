# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""What a disk holds after the power failed, from the journal of a shim.

tests/shim/disk.c writes down what a program does to the files of a folder.
Here that is done again up to some point, on a disk that owes nobody more than
what was synced: of the rest it keeps what chance will have, in pieces of a
sector and in any order.  A new name is kept once its folder was synced.
"""

import os

SECTOR = 512


class File:
    """Its bytes on the disk, and what may get there."""

    def __init__(self):
        self.kept = bytearray()
        self.waiting = []       # (offset, bytes), or (length, None): cut

    def sync(self):
        for at, text in self.waiting:
            change(self.kept, at, text)
        self.waiting.clear()

    def after_crash(self, dice, share):
        content = bytearray(self.kept)
        for at, text in self.waiting:
            for piece_at, piece in pieces(at, text):
                if dice.random() < share:
                    change(content, piece_at, piece)
        return bytes(content)


def pieces(at, text):
    """A write in parts that a disk does as a whole."""
    if text is None:
        yield at, None
        return
    begin = 0
    while begin < len(text):
        end = begin + SECTOR - (at + begin) % SECTOR
        yield at + begin, text[begin:end]
        begin = end


def change(content, at, text):
    if text is None:
        del content[at:]
    else:
        at_end = at + len(text)
        content.extend(bytes(max(0, at_end - len(content))))
        content[at:at_end] = text


class Disk:
    def __init__(self, shim, folder, journal):
        self.journal = journal
        self.environment = {
            "LD_PRELOAD": str(shim), "SDR_SHIM_DISK": str(folder),
            "SDR_SHIM_JOURNAL": str(journal),
            # A sanitizer wants to come first; the shim does not mind.
            "ASAN_OPTIONS": "verify_asan_link_order=0:" +
                            os.environ.get("ASAN_OPTIONS", "")}

    def now(self):
        """The present as a point of the journal."""
        return self.journal.stat().st_size

    def records(self):
        """(point behind it, words, bytes) of everything that was done."""
        found = []
        with open(self.journal, "rb") as journal:
            for line in journal:
                words = line.decode().split()
                text = None
                if words[0] == "w":
                    text = journal.read(int(words[3]))
                    assert len(text) == int(words[3])
                found.append((journal.tell(), words, text))
        return found

    def crashes(self, points):
        """(point, crash) for each of them; crash(dice, share): the files."""
        state = State()
        waiting = sorted(points)
        for point, words, text in self.records():
            while waiting and waiting[0] < point:
                yield waiting.pop(0), state.after_crash
            state.do(words, text)
        for point in waiting:
            yield point, state.after_crash


class State:
    def __init__(self):
        self.names = {}         # as the program sees them
        self.folders = [{}]     # that the disk may have: the last synced first

    def do(self, words, text):
        getattr(self, "do_" + words[0])(words[1:], text)

    def renamed(self):
        self.folders.append(dict(self.names))

    def do_o(self, words, _):
        if words[0] not in self.names:
            self.names[words[0]] = File()
            self.renamed()

    def do_w(self, words, text):
        self.names[words[0]].waiting.append((int(words[1]), text))

    def do_t(self, words, _):
        self.names[words[0]].waiting.append((int(words[1]), None))

    def do_s(self, words, _):
        if words[0] == ".":
            self.folders = [dict(self.names)]
        else:
            self.names[words[0]].sync()

    def do_r(self, words, _):
        self.names[words[1]] = self.names.pop(words[0])
        self.renamed()

    def do_u(self, words, _):
        del self.names[words[0]]
        self.renamed()

    def after_crash(self, dice, share):
        """{name: bytes}; share: of what was not synced, in sectors."""
        folder = self.folders[0] if share == 0 else dice.choice(self.folders)
        return {name: file.after_crash(dice, share)
                for name, file in folder.items()}
