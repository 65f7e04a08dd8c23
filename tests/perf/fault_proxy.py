"""A proxy between a load and its server that spoils chosen frames on their way to the load.

Not a program. It reads wkproto frames from the server, counts those of one packet type over all
connections, and does to one of them what the test asked for: the load must find out.
"""
import socket
import threading

PONG, SENDACK, RECV = 8, 4, 5
_ALONE = (7, PONG)  # PING and PONG are one byte, without a length


def cut_frame(data):
    """The first frame of `data` and the rest; (None, data) if it is not whole."""
    if not data:
        return None, data
    if data[0] >> 4 in _ALONE:
        return data[:1], data[1:]
    length = 0
    for at in range(1, 5):
        if at >= len(data):
            return None, data
        length |= (data[at] & 0x7F) << 7 * (at - 1)
        if not data[at] & 0x80:
            end = at + 1 + length
            return (data[:end], data[end:]) if len(data) >= end else (None, data)
    raise ValueError("a frame length of more than four bytes")


def drop(_frame):
    return b""


def double(frame):
    return frame + frame


def spoil_last_byte(frame):
    return frame[:-1] + bytes([frame[-1] ^ 1])


class FaultProxy:
    """Listens on `port`; the frame of `kind` with number `number` goes through `act`."""

    def __init__(self, server_port, kind, number, act):
        self._server_port = server_port
        self._kind = kind
        self._number = number
        self._act = act
        self._lock = threading.Lock()
        self._seen = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server_port))
            for pair in ((client, server, None), (server, client, self._spoil)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    @staticmethod
    def _carry(source, target, change):
        rest = b""
        try:
            while data := source.recv(65536):
                if change is None:
                    target.sendall(data)
                    continue
                frame, rest = cut_frame(rest + data)
                while frame:
                    target.sendall(change(frame))
                    frame, rest = cut_frame(rest)
        except OSError:
            pass  # One end is gone: so is the other, soon.
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        source.close()  # The other thread closes the other end.

    def _spoil(self, frame):
        if frame[0] >> 4 != self._kind:
            return frame
        with self._lock:
            self._seen += 1
            mine = self._seen == self._number
        return self._act(frame) if mine else frame
