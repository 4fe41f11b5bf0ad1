/** Debian's Chromium, headless, driven over its DevTools pipe: keys, questions, screenshots, every request seen. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { inflateSync } from "node:zlib";

export const hasChromium = (): boolean => existsSync("/usr/bin/chromium");

type Json = Readonly<Record<string, unknown>>;

export interface Browser {
  open(url: string): Promise<void>;
  /** Value of an expression in the page, as JSON. */
  ask(expression: string): Promise<unknown>;
  /** One press of a key by its DOM name: `Tab`, `Enter`, `Escape`, `a`. */
  press(key: string, shift?: boolean): Promise<void>;
  scheme(value: "light" | "dark"): Promise<void>;
  /** PNG. */
  screenshot(): Promise<Buffer>;
  /** URLs of all requests so far. */
  readonly requests: readonly string[];
  /** Errors of scripts and of the content security policy. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

const CODES: Readonly<Record<string, number>> = { Tab: 9, Enter: 13, Escape: 27, " ": 32 };

/** In a network namespace, or where we are. */
export async function startChromium(netns: string | null): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "ferrolb-chromium-"));
  const words = [
    ...(netns === null ? [] : ["ip", "netns", "exec", netns]),
    ...["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    ...["--no-first-run", "--disable-background-networking", "--disable-component-update"],
    ...["--disable-sync", "--remote-debugging-pipe", `--user-data-dir=${profile}`],
    ...["--window-size=1360,900", "about:blank"],
  ];
  const child = spawn(words[0]!, words.slice(1), {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    env: { ...process.env, HOME: profile, NO_PROXY: "*", http_proxy: "", https_proxy: "" },
  });
  const [to, from] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const waiting = new Map<number, (answer: Json) => void>();
  const requests: string[] = [];
  const complaints: string[] = [];
  let heard = "";
  let serial = 0;

  const onEvent = (method: string, params: Json): void => {
    if (method === "Network.requestWillBeSent")
      requests.push((params["request"] as { url: string }).url);
    if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded")
      complaints.push(JSON.stringify(params));
  };
  from.setEncoding("utf8");
  from.on("data", (chunk: string) => {
    heard += chunk;
    const parts = heard.split("\0");
    heard = parts.pop() ?? "";
    for (const part of parts) {
      const message = JSON.parse(part) as Json;
      const { id, method, params } = message;
      if (typeof id === "number") waiting.get(id)?.(message);
      else onEvent(String(method), params as Json);
    }
  });
  const send = (method: string, params: Json = {}, sessionId?: string): Promise<Json> =>
    new Promise((resolve, reject) => {
      const id = ++serial;
      const late = setTimeout(() => reject(new Error(`no answer to ${method}`)), 60_000);
      waiting.set(id, (answer) => {
        clearTimeout(late);
        waiting.delete(id);
        if (answer["error"] === undefined) resolve(answer["result"] as Json);
        else reject(new Error(`${method}: ${JSON.stringify(answer["error"])}`));
      });
      to.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`);
    });

  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const attached = await send("Target.attachToTarget", { targetId, flatten: true });
  const session = String(attached["sessionId"]);
  const page = (method: string, params: Json = {}): Promise<Json> => send(method, params, session);
  for (const domain of ["Page", "Runtime", "Network", "Log"]) await page(`${domain}.enable`);

  return {
    requests,
    complaints,
    async open(url) {
      await page("Page.navigate", { url });
    },
    async ask(expression) {
      const answer = await page("Runtime.evaluate", {
        ...{ expression, returnByValue: true, awaitPromise: true },
      });
      if (answer["exceptionDetails"] !== undefined)
        throw new Error(JSON.stringify(answer["exceptionDetails"]));
      return (answer["result"] as Json)["value"];
    },
    async press(key, shift = false) {
      const common = {
        ...{ key, code: key === " " ? "Space" : key, modifiers: shift ? 8 : 0 },
        windowsVirtualKeyCode: CODES[key] ?? key.toUpperCase().charCodeAt(0),
      };
      const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
      await page("Input.dispatchKeyEvent", { type: "keyDown", ...common, ...(text && { text }) });
      await page("Input.dispatchKeyEvent", { type: "keyUp", ...common });
    },
    async scheme(value) {
      const features = [{ name: "prefers-color-scheme", value }];
      await page("Emulation.setEmulatedMedia", { features });
    },
    async screenshot() {
      const { data } = await page("Page.captureScreenshot", { format: "png" });
      return Buffer.from(String(data), "base64");
    },
    async close() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await send("Browser.close").catch(() => child.kill("SIGKILL"));
      const impatient = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(impatient);
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** How many different octets and runs a picture has: a blank one has next to none. */
export function varietyOf(png: Buffer): number {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === "IDAT")
      parts.push(png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const raw = inflateSync(Buffer.concat(parts));
  const seen = new Set<number>();
  for (let at = 0; at + 4 <= raw.length; at += 4) seen.add(raw.readUInt32BE(at));
  return seen.size;
}
