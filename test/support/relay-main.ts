/** Runs in a namespace: what connects to 127.0.0.1:PORT goes through a socket in the file system to the host. */
import { connect, createServer } from "node:net";

const [port = "", path = ""] = process.argv.slice(2);
createServer((near) => {
  const far = connect(path);
  near.pipe(far).pipe(near);
  near.on("error", () => far.destroy());
  far.on("error", () => near.destroy());
}).listen(Number(port), "127.0.0.1");
