/**
 * A way for namespaces that are connected to nothing to reach a port of the host: a socket in the file
 * system, and in each namespace a process that listens at 127.0.0.1 and passes everything on.
 */
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";

const SOURCE = `
const net = require("node:net");
const [, port, path] = process.argv;
net.createServer((near) => {
  const far = net.connect(path);
  near.pipe(far).pipe(near);
  near.on("error", () => far.destroy());
  far.on("error", () => near.destroy());
}).listen(Number(port), "127.0.0.1");`;

/** The words that run the namespace's end. */
export const relayCommand = (port: number, path: string): readonly string[] => [
  process.execPath,
  ...["-e", SOURCE, `${port}`, path],
];

export interface Relay {
  /** Connections taken so far. */
  taken(): number;
  /** Ends every connection that is open; new ones are taken as before. */
  cut(): void;
  close(): void;
}

/** The host's end: each connection to the socket at `path` goes to a port of 127.0.0.1. */
export function relayTo(port: number, path: string): Relay {
  const open = new Set<Socket>();
  let taken = 0;
  const server = createServer((near) => {
    taken++;
    open.add(near);
    const far = connect(port, "127.0.0.1");
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.on("close", () => {
      open.delete(near);
      far.destroy();
    });
  }).listen(path);
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    taken: () => taken,
    cut,
    close() {
      server.close();
      cut();
    },
  };
}
