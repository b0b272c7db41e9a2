import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';

/** Node's channel for every socket that this process begins to connect (nodejs.org/api/diagnostics_channel.html). */
const socketChannel = 'net.client.socket';

/**
 * Remembers the connections that are made from now on to a port. grpc-js ends those that are made when it is closed; one
 * whose other side is silent, or not there, would keep the process for minutes.
 *
 * @returns ends them all, and remembers no more
 */
export function trackSockets(port: number): () => void {
  const sockets = new Set<Socket>();
  const remember = (message: unknown) => {
    const { socket } = message as { socket: unknown };
    if (socket instanceof Socket) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
  };
  subscribe(socketChannel, remember);
  return () => {
    unsubscribe(socketChannel, remember);
    for (const socket of sockets) {
      if (socket.connecting || socket.remotePort === port) {
        socket.destroy();
      }
    }
  };
}
