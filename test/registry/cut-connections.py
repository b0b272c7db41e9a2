"""Relay before a registry that breaks connections: LISTEN TARGET BYTES TIMES.

It ends the first TIMES connections that send more than BYTES bytes to the client, and prints a line for each.
"""
import socket
import sys
import threading

listen, target, limit, times = (int(word) for word in sys.argv[1:])
lock = threading.Lock()
cuts = 0


def may_cut():
    global cuts
    with lock:
        if cuts < times:
            cuts += 1
            print(f"cut {cuts}", flush=True)
            return True
        return False


def relay(client):
    server = socket.create_connection(("127.0.0.1", target))
    threading.Thread(target=forward, args=(client, server), daemon=True).start()
    sent = 0
    try:
        while data := server.recv(16384):
            sent += len(data)
            client.sendall(data)
            if sent > limit and may_cut():
                break
        # close() alone is not enough: the other thread, which waits for the client, holds the connection.
        client.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    server.close()


def forward(client, server):
    try:
        while data := client.recv(16384):
            server.sendall(data)
    except OSError:
        pass
    client.close()


door = socket.create_server(("127.0.0.1", listen))
while True:
    threading.Thread(target=relay, args=(door.accept()[0],), daemon=True).start()
