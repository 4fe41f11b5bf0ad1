// Passes connections on: `relay.mjs FROM TO`, each a path of a socket or HOST:PORT. Joins a namespace to the host.
import { connect, createServer } from "node:net";

const at = (text) => {
  if (text.startsWith("/")) return { path: text };
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
};
const [from = "", to = ""] = process.argv.slice(2);
createServer((near) => {
  const far = connect(at(to));
  near.pipe(far).pipe(near);
  near.on("error", () => far.destroy());
  far.on("error", () => near.destroy());
}).listen(at(from));
