import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';

/**
 * Name of Node's channel for every socket that this process begins to connect
 * (nodejs.org/api/diagnostics_channel.html).
 */
const socketChannel = 'net.client.socket';

/**
 * Tracks the connections to a port from now on. grpc-js ends established ones when it is closed; one whose
 * other side is silent or missing would keep the process alive for minutes.
 *
 * @returns a function that ends all of them, and the tracking
 */
export function trackSockets(port: number): () => void {
  const sockets = new Set<Socket>();
  const track = (message: unknown) => {
    const { socket } = message as { socket: unknown };
    if (socket instanceof Socket) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
  };
  subscribe(socketChannel, track);
  return () => {
    unsubscribe(socketChannel, track);
    for (const socket of sockets) {
      if (socket.connecting || socket.remotePort === port) {
        socket.destroy();
      }
    }
  };
}
