/**
 * A way for namespaces that are connected to nothing to reach a port of the host: a socket in the file
 * system, and in each namespace a process that listens at 127.0.0.1 and passes everything on.
 */
import { connect, createServer } from "node:net";
import type { Server } from "node:net";

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

/** The host's end: each connection to the socket at `path` goes to a port of 127.0.0.1. */
export function relayTo(port: number, path: string): Server {
  return createServer((near) => {
    const far = connect(port, "127.0.0.1");
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  }).listen(path);
}
