/** The backend in each pod: one line of HTTP that says who answered, and who asked as the pod sees it. */
import { BACKEND_PORT } from "./plan.ts";

const SOURCE = `
const [, name, port] = process.argv;
require("node:http")
  .createServer((request, response) => {
    const client = request.socket.remoteAddress.replace(/^::ffff:/, "");
    response.end(name + " " + client + "\\n");
  })
  .listen(Number(port), "::");`;

export const backendCommand = (node: string, port = BACKEND_PORT): readonly string[] => [
  process.execPath,
  ...["-e", SOURCE, node, `${port}`],
];

/** What a backend says. */
export interface Answer {
  /** The node whose pod answered. */
  readonly backend: string;
  /** The address the pod saw: of a node when masqueraded, else the client's. */
  readonly client: string;
}

export function parseAnswer(text: string): Answer | null {
  const [, backend, client] = /^(n\d) ([0-9a-f.:]+)\n?$/.exec(text) ?? [];
  return backend === undefined || client === undefined ? null : { backend, client };
}
