"""Drives `alea` through a pseudo-terminal: editing, completion, history, interruption, resizing, long pastes.

usage: prompt.py ALEA STATE_FOLDER; prints one line a check, exits 1 when one failed.
"""

import fcntl, os, pty, re, select, signal, struct, sys, termios, time

ALEA, STATE = sys.argv[1], sys.argv[2]
FAILED = []


class Terminal:
    def __init__(self):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = dict(os.environ, TERM="xterm", XDG_STATE_HOME=STATE, NO_COLOR="1", INPUTRC="/dev/null")
            os.execve(ALEA, [ALEA], environment)
        self.resize(40, 100)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text):
        data = text.encode()
        while data:
            ready_read, ready_write, _ = select.select([self.fd], [self.fd], [], 30)
            if ready_read:
                self.pull()
            if ready_write:
                data = data[os.write(self.fd, data[:1024]):]
            if not ready_read and not ready_write:
                raise SystemExit("the terminal takes no input")

    def pull(self):
        try:
            self.text += os.read(self.fd, 65536).decode(errors="replace")
        except OSError:
            pass

    def wait(self, pattern, seconds=30):
        """Waits for a pattern in what was shown since the last wait, and returns whether it came."""
        end = time.time() + seconds
        while time.time() < end:
            shown = re.sub(r"\x1b\[[0-9;?]*[@A-Za-z]|\r", "", self.text)
            found = re.search(pattern, shown)
            if found:
                self.text = shown[found.end():]
                return True
            if select.select([self.fd], [], [], 0.1)[0]:
                self.pull()
        self.last = shown[-400:]
        return False

    def check(self, what, pattern, seconds=30):
        passed = self.wait(pattern, seconds)
        print("ok  " if passed else "FAIL", what)
        if not passed:
            FAILED.append(what)
            print("     shown: " + repr(self.last))

    def leave(self, what):
        self.send("\x04")
        for _ in range(100):
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                break
            time.sleep(0.05)
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            status = -1
        passed = status == 0
        print("ok  " if passed else "FAIL", what)
        if not passed:
            FAILED.append(what)


first = Terminal()
first.check("the prompt comes", r"alea> ")
first.send("1 + 2\r")
first.check("an expression shows its value", r"\n3\r?\n.*alea> ")
first.send("10 + 5\x1b[D\x1b[D\x1b[D\x7f\x7f20 \x05\r")
first.check("editing in the line", r"\n125\r?\n.*alea> ")
first.send("let answer = 6 * 7\r")
first.check("a declaration is confirmed", r"\nlet answer = 42\r?\n.*alea> ")
first.send("answe\t + 1\r")
first.check("Tab completes a name", r"\n43\r?\n.*alea> ")
first.send("sq\t(16)\r")
first.check("Tab completes a function", r"\n4(\.0)?\r?\n.*alea> ")
first.send("fn twice(x: Real): Real =\r")
first.check("an unfinished form asks for more", r"\.\.\. ")
first.send("2 * x\r")
first.check("and ends", r"\nfn twice\r?\n.*alea> ")
first.send("let answer = nonsense\r")
first.check("an error points at its place", r"nonsense[\s\S]*alea> ")
first.send("twice(answer)\r")
first.check("an error loses nothing", r"\n84(\.0)?\r?\n.*alea> ")
first.send("77777\x03")
time.sleep(0.3)
first.send("8 * 8\r")
first.check("Ctrl-C clears the line", r"\n64\r?\n.*alea> ")
# A model with a mistake in its second line, mended there.
first.send("mdp Wrong {\r  state s: 0..3 = q\r  s' = s\r  reward s\r  discount 0.5\r}\r")
first.check("a mistake in a model", r"`q`[\s\S]*alea> ")
first.send("\x1b[A")
time.sleep(0.3)
first.send("\x1b[A" * 4 + "\x05\x7f1\r")
first.check("a recalled entry is edited line by line", r"\nmodel Wrong\r?\n[\s\S]*alea> ")
first.send("solve(Wrong).start\r")
first.check("and means what it says", r"\n2(\.0*)?\r?\n[\s\S]*alea> ")
first.send("twice(\x1b\r3)\r")
first.check("Alt-Enter begins a new line", r"\n6(\.0)?\r?\n[\s\S]*alea> ")
first.send("100 +\x1b\r 23\x1b[A\x01\x0b7 +\r")
first.check("Ctrl-K ends with the line", r"\n30\r?\n[\s\S]*alea> ")
first.send("mdp Long {\r  state s: 0..200000 = 0\r  action a: {stay, go}\r  step ~ Uniform(0..100)\r"
           "  s' = (s + step * 37) mod 200001\r  reward if a == go then 1 else 0\r  discount 0.999999\r}\r")
first.check("a model line by line", r"\nmodel Long\r?\n[\s\S]*alea> ")
first.send("solve(Long)\r")
time.sleep(1.5)
first.send("\x03")
first.check("Ctrl-C stops long work", r"interrupted[\s\S]*alea> ", 60)
first.send("answer\r")
first.check("and keeps the session", r"\n42\r?\n.*alea> ")
first.resize(20, 60)
first.send("answer + 100\r")
first.check("resizing", r"\n142\r?\n.*alea> ")
paste = "\n".join(f"let pasted{i} = {i}" for i in range(500))
first.send("\x1b[200~" + paste + "\x1b[201~\r")
first.check("a bracketed paste of 500 lines", r"\nlet pasted499 = 499\r?\n.*alea> ", 60)
first.send("\r".join(f"let plain{i} = {i}" for i in range(500)) + "\r")
first.check("a plain paste of 500 lines", r"\nlet plain499 = 499\r?\n[\s\S]*alea> ", 60)
first.send("\x1b[200~size([" + "1, " * 340_000 + "1])\x1b[201~\r")
first.check("a line of a megabyte", r"\n340001\r?\n[\s\S]*alea> ", 120)
first.send(":hlep\r")
first.check("an unknown command names the nearest", r"did you mean `:help`")
first.send(":help solve\r")
first.check("help for a name", r"solve\([\s\S]*Parameters[\s\S]*alea> ")
first.leave("Ctrl-D leaves")

second = Terminal()
second.check("a second session", r"alea> ")
second.send("\x12twice(ans\r")
second.check("the history is searched", r"there is no function `twice`[\s\S]*alea> ")
second.leave("Ctrl-D leaves again")
with open(os.path.join(STATE, "alea", "history")) as file:
    lines = file.read().splitlines()
print("ok  " if len(lines) == len(set(lines)) else "FAIL", "the history has no duplicates")
if len(lines) != len(set(lines)):
    FAILED.append("duplicates")
sys.exit(1 if FAILED else 0)
